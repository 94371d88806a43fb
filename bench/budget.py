#!/usr/bin/env python3
"""One budget for many processes of one job, while much goes wrong: how much of it is spent, by the provider's own bill.

  bench/budget.py        PROCESSES (20), BUDGET (10, dollars), EVERY (4, seconds between faults), RPM (6000, of all), SEED (1)

The job is shared in PostgreSQL, its budget in a Redis server that keeps nothing. Processes are killed, stopped for longer than a lease
and made to leave, all to be started again; Redis is killed once, and once falls back by a second. The referee is the mock, whose bill is of
all that it has answered, also to whom it could not be told any more.
"""
import os, pathlib, random, shutil, signal, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import Mock  # noqa: E402
from fleet import Redis  # noqa: E402
from machines import Machine, job_of, rows_in  # noqa: E402
from postgres import Postgres  # noqa: E402

INPUT, OUTPUT = 5, 20  # dollars a million tokens


def spent(stats):
    return (stats["input_tokens"] * INPUT + stats["output_tokens"] * OUTPUT) / 1e6


def main(scratch, postgres):
    count, budget = int(os.environ.get("PROCESSES", 20)), float(os.environ.get("BUDGET", 10))
    every, rpm = float(os.environ.get("EVERY", 4)), int(os.environ.get("RPM", 6000))
    draw, redis = random.Random(int(os.environ.get("SEED", 1))), Redis(scratch)
    with Mock("--latency-ms", 300) as mock:
        job = job_of(rows_in(scratch, 200_000), mock.url, postgres.url, per=5).replace("rpm = 1e9, max_concurrency = 200", f"rpm = {rpm}")
        job = job.replace("price = { input = 0.2, output = 1.25 }", f"max_output_tokens = 100, price = {{ input = {INPUT}, output = {OUTPUT} }}")
        job = job.replace("} },\n  s.sink", f"}}, budget = {budget} }},\n  s.sink").replace("fleet = {", f'fleet = {{ quota = "unix:{redis.socket}",')
        machines = [Machine(scratch, i, job).start() for i in range(count)]
        began = last = time.monotonic()
        stopped, told, plan = {}, [], {0.3: "redis", 0.6: "fall back"}
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            for machine in [m for m, until in stopped.items() if now > until]:
                machine.process.send_signal(signal.SIGCONT)
                del stopped[machine]
            running = [m for m in machines if m.process.poll() is None]
            if not running:
                break
            part = spent(mock.stats()) / budget
            if part > 1:
                break
            for at in [at for at in plan if part > at]:
                told.append(plan[at])
                if plan.pop(at) == "redis":
                    redis.kill()
                    redis.start()
                else:
                    redis.fall_back()
            if now - last < every or part > 0.9:  # the last of it is spent in peace
                continue
            last = now
            what = draw.choice(["kill", "kill", "stop", "leave"])
            machine = draw.choice([m for m in running if m not in stopped])
            told.append(what)
            if what == "stop":
                machine.process.send_signal(signal.SIGSTOP)
                stopped[machine] = now + 20
                continue
            machine.process.send_signal(signal.SIGKILL if what == "kill" else signal.SIGTERM)
            machine.process.wait()
            machine.start()
        seconds, bill = time.monotonic() - began, spent(mock.stats())
        ends = [m.process.poll() for m in machines]
        for machine in machines:
            if machine.process.poll() is None:
                machine.process.kill()
                machine.process.wait()
        redis.kill()
        print(f"{count} processes, ${budget:g}, {seconds:.0f} s: the bill is ${bill:.4f}, {bill / budget:.4f} of it; {mock.stats()['requests']:,} requests; exits "
              + ", ".join(f"{ends.count(e)} x {e}" for e in dict.fromkeys(ends)))
        print("   " + ", ".join(f"{told.count(what)} {what}" for what in dict.fromkeys(told)))
        said = [line for line in (machines[0].folder / "log").read_text().splitlines() if "used up" in line]
        print("   " + (said[-1] if said else (machines[0].folder / "log").read_text()[-600:]))


if __name__ == "__main__":
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-budget-"))
    scratch.chmod(0o755)
    server = Postgres(scratch / "postgres")
    try:
        main(scratch, server)
    finally:
        server.stop()
        shutil.rmtree(scratch, ignore_errors=True)
