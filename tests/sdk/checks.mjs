// What the providers' clients from npm make of the mock: checks.mjs PROGRAM. As checks.py, in short: replies, streams, usage
// and typed errors.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import OpenAI from "openai";

const program = process.argv[2];
const SCHEMA = {
  type: "object",
  properties: { queue: { type: "string", enum: ["billing", "refund"] } },
  required: ["queue"],
  additionalProperties: false,
};
const TEXT = "refund my last bill";
const ANSWER = '{"queue":"refund"}';
// Half of each prompt cached, more output than the text takes.
const BOOKS = ["--cached-share", "0.5", "--output-tokens", "40"];

// Calls `use` with the address of a mock that runs as long as that takes.
async function withMock(options, use) {
  const child = spawn(program, ["mock", "--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const { value: line = "" } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    assert.match(line, /http:/, "no mock");
    await use(line.split(" ").pop().replace(/\/v1$/, ""));
  } finally {
    child.kill();
  }
}

// Input, cached and output tokens since the last call.
async function billed(url) {
  const stats = await (await fetch(`${url}/stats`)).json();
  await fetch(`${url}/stats/reset`, { method: "POST" });
  return [stats.input_tokens, stats.cached_tokens, stats.output_tokens];
}

async function checkOpenAi() {
  const model = "gpt-5.4-mini";
  const messages = [{ role: "user", content: TEXT }];
  const client = (url, apiKey = "right") => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

  await withMock([...BOOKS, "--key", "right"], async (url) => {
    const api = client(url);
    const chat = {
      model, messages,
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: SCHEMA } },
    };
    const reply = await api.chat.completions.create({ ...chat, service_tier: "flex", max_completion_tokens: 100 });
    assert.equal(reply.choices[0].message.content, ANSWER);
    assert.equal(reply.service_tier, "flex");
    const { usage } = reply;
    assert.deepEqual([usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens],
                     await billed(url));

    let text = "";
    let last;
    for await (const chunk of await api.chat.completions.create({
      ...chat, stream: true, stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.delta.content ?? "";
      last = chunk;
    }
    assert.equal(text, ANSWER);
    assert.equal(last.usage.completion_tokens, (await billed(url))[2]);

    const ask = {
      model, input: TEXT, instructions: "Be brief.",
      text: { format: { type: "json_schema", name: "answer", strict: true, schema: SCHEMA } },
    };
    const books = ({ usage }) => [usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens];
    const response = await api.responses.create(ask);
    assert.equal(response.output_text, ANSWER);
    assert.deepEqual(books(response), await billed(url));

    text = "";
    for await (const event of await api.responses.create({ ...ask, stream: true })) {
      if (event.type === "response.output_text.delta") text += event.delta;
      last = event;
    }
    assert.equal(text, ANSWER);
    assert.equal(last.type, "response.completed");
    assert.deepEqual(books(last.response), await billed(url));
    const built = await api.responses.stream(ask).finalResponse();  // puts the events together
    assert.equal(built.output_text, ANSWER);
    await billed(url);

    const embed = { model: "text-embedding-3-small", input: [TEXT, "reset"], dimensions: 64 };
    const encoded = await api.embeddings.create(embed);  // asks for base64 and decodes it
    const plain = await api.embeddings.create({ ...embed, encoding_format: "float" });
    encoded.data.forEach(({ embedding }, i) => {
      assert.equal(embedding.length, 64);
      embedding.forEach((x, j) => assert.ok(Math.abs(x - plain.data[i].embedding[j]) < 1e-6));
    });
    assert.deepEqual([encoded.usage.prompt_tokens + plain.usage.prompt_tokens, 0, 0], await billed(url));

    assert.ok((await api.models.list()).data.length > 0);
    await assert.rejects(client(url, "wrong").chat.completions.create({ model, messages }),
                         (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key");
    await assert.rejects(api.chat.completions.create({ model, messages, surprise: 1 }),
                         (error) => error instanceof OpenAI.BadRequestError && error.param === "surprise");
  });
  await withMock(["--error-429", "1"], async (url) => {
    await assert.rejects(client(url).chat.completions.create({ model, messages }),
                         (error) => error instanceof OpenAI.RateLimitError && error.code === "rate_limit_exceeded" &&
                                    error.headers.get("retry-after") === "1");
  });
}

for (const [name, check] of [["openai from npm", checkOpenAi]]) {
  const begun = performance.now();
  try {
    await check();
    console.log(`${name}: fine, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`${name}: FAILED\n${error.stack}`);
  }
}
