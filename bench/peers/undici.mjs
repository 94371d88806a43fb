// undici's Pool, one request at a time on each of its connections.
import { createRequire } from 'node:module';
import { run } from './work.mjs';

const { Pool } = createRequire(process.env.BENCH_NODE + '/')('undici');

await run((url, inFlight) => {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: inFlight });
  return async (request) => {
    const { statusCode, body } = await pool.request({
      path: `${pathname}/chat/completions`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return (await body.json()).choices[0].message.content;
  };
});
