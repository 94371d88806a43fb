"""litellm: acompletion, a semaphore, one task a row, gather."""
import asyncio, os, time

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices

import litellm

import work

litellm.suppress_debug_info = True
litellm.telemetry = False


async def main():
    started = time.monotonic()
    url, source, target, in_flight = work.arguments()
    gate = asyncio.Semaphore(in_flight)
    out = open(target, "w")

    async def ask(row):
        async with gate:
            question = work.request(row) | {"model": f"openai/{work.MODEL}"}
            reply = await litellm.acompletion(base_url=url, api_key="none", num_retries=0, **question)
            out.write(work.answer_line(row, reply.choices[0].message.content))

    done = await asyncio.gather(*(ask(row) for row in work.rows(source)))
    out.close()
    work.report(len(done), started)


asyncio.run(main())
