"""In the manner of the openai-cookbook's parallel script: one loop that takes a request at a time while the
quota's capacity allows, sleeps 1 ms at each turn, starts a task a request and appends each result by itself.
"""
import asyncio, time

import aiohttp

import work

REQUESTS_PER_MINUTE = TOKENS_PER_MINUTE = 1e9  # not what binds
PAUSE_S = 0.001


async def ask(session, url, row, target, running):
    async with session.post(f"{url}/chat/completions", json=work.request(row)) as reply:
        reply.raise_for_status()
        data = await reply.json()
    line = work.answer_line(row, data["choices"][0]["message"]["content"])
    with open(target, "a") as out:
        out.write(line)
    running.discard(asyncio.current_task())


async def main():
    started = time.monotonic()
    url, source, target, in_flight = work.arguments()
    open(target, "w").close()
    pending, running, count = work.rows(source), set(), 0
    requests, tokens, updated = REQUESTS_PER_MINUTE, TOKENS_PER_MINUTE, time.time()
    waiting = next(pending, None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:
        while waiting is not None or running:
            now = time.time()
            requests = min(requests + REQUESTS_PER_MINUTE * (now - updated) / 60, REQUESTS_PER_MINUTE)
            tokens = min(tokens + TOKENS_PER_MINUTE * (now - updated) / 60, TOKENS_PER_MINUTE)
            updated = now
            if waiting is not None and len(running) < in_flight:
                needs = sum(len(m["content"]) for m in work.messages(waiting)) // 4
                if requests >= 1 and tokens >= needs:
                    requests, tokens = requests - 1, tokens - needs
                    task = asyncio.create_task(ask(session, url, waiting, target, running))
                    running.add(task)
                    task.add_done_callback(stop_on_error)
                    count += 1
                    waiting = next(pending, None)
            if failed:
                raise failed[0]
            await asyncio.sleep(PAUSE_S)
    work.report(count, started)


failed = []


def stop_on_error(task):
    if task.exception():
        failed.append(task.exception())


asyncio.run(main())
