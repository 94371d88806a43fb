// The work that every Node peer does, apart from asking: rows in, checked; the request; the answer, checked.
// Whatever is not as expected throws, and the run ends.
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const queues = ['billing', 'bug', 'access', 'sales', 'other'];
const schema = {
  type: 'object',
  properties: { queue: { type: 'string', enum: queues }, urgency: { type: 'integer', minimum: 1, maximum: 5 } },
  required: ['queue', 'urgency'],
  additionalProperties: false,
};

async function* rows(path) {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const row = JSON.parse(line);
    if (typeof row.subject !== 'string' || typeof row.body !== 'string' || row.body.length < 1 || row.body.length > 20000) {
      throw new Error(`a row is not as it should be: ${line}`);
    }
    yield row;
  }
}

const request = (row) => ({
  model: 'mock',
  messages: [
    { role: 'system', content: 'Sort the ticket.' },
    { role: 'user', content: `${row.subject}\n\n${row.body}` },
  ],
  response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
});

function answerLine(row, content) {
  const { queue, urgency } = JSON.parse(content);
  if (!queues.includes(queue) || !Number.isInteger(urgency) || urgency < 1 || urgency > 5) {
    throw new Error(`the answer does not fit the schema: ${content}`);
  }
  return JSON.stringify({ id: row.id, queue, urgency }) + '\n';
}

// URL INPUT OUTPUT IN_FLIGHT. `connect(url, inFlight)` gives `ask(request)`, which resolves to the model's text.
export async function run(connect) {
  const started = performance.now();
  const [url, input, output, inFlight] = process.argv.slice(2);
  const ask = connect(url, Number(inFlight));
  const out = createWriteStream(output);
  const pending = rows(input);
  let count = 0;
  const worker = async () => {
    for (let next = await pending.next(); !next.done; next = await pending.next()) {
      out.write(answerLine(next.value, await ask(request(next.value))));
      ++count;
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, worker));
  await new Promise((resolve, reject) => out.on('error', reject).end(resolve));
  console.log(JSON.stringify({ rows: count, elapsed_s: (performance.now() - started) / 1000 }));
  process.exit(0);
}
