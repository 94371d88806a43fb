"""The official openai package for Python: AsyncOpenAI, a semaphore, one task a row, gather."""
import asyncio, time

import httpx, openai

import work


async def main():
    started = time.monotonic()
    url, source, target, in_flight = work.arguments()
    gate = asyncio.Semaphore(in_flight)
    out = open(target, "w")
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0,
                                  http_client=openai.DefaultAsyncHttpxClient(limits=limits)) as client:

        async def ask(row):
            async with gate:
                reply = await client.chat.completions.create(**work.request(row))
                out.write(work.answer_line(row, reply.choices[0].message.content))

        done = await asyncio.gather(*(ask(row) for row in work.rows(source)))
    out.close()
    work.report(len(done), started)


asyncio.run(main())
