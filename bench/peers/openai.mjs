// The official openai package for Node, with no more in flight than it is told.
import { createRequire } from 'node:module';
import { run } from './work.mjs';

const { OpenAI } = createRequire(process.env.BENCH_NODE + '/')('openai');

await run((baseURL) => {
  const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
  return async (request) => (await client.chat.completions.create(request)).choices[0].message.content;
});
