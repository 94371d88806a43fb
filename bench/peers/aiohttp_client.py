"""The usual script: aiohttp, a semaphore, one task a row, gather."""
import asyncio, time

import aiohttp

import work


async def main():
    started = time.monotonic()
    url, source, target, in_flight = work.arguments()
    gate = asyncio.Semaphore(in_flight)
    out = open(target, "w")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def ask(row):
            async with gate:
                async with session.post(f"{url}/chat/completions", json=work.request(row)) as reply:
                    reply.raise_for_status()
                    data = await reply.json()
                out.write(work.answer_line(row, data["choices"][0]["message"]["content"]))

        done = await asyncio.gather(*(ask(row) for row in work.rows(source)))
    out.close()
    work.report(len(done), started)


asyncio.run(main())
