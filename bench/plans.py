#!/usr/bin/env python3
"""Holds `sluice plan` and `sluice simulate` against what really happens: ten jobs on the mock, each planned after a
sample of 200 rows, then run to its end.

    ./dev bench plans [--only NAME] [--folder WORK] [--json OUT]

Prints a line a job: planned and actual cost and time, and whether the plan's interval holds. Exit status 1 where fewer
than nine of ten hold within 10 % (plan) or 5 % (simulate).
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

WORDS = "the order parcel arrived late and broken please refund replace call again invoice account login".split()


class Mock:
    def __init__(self, program, *options, port="0"):
        self.process = subprocess.Popen([program, "mock", "--port", port, *options], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip().split()[-1]
        self.began = time.monotonic()

    def stop(self):
        self.process.kill()
        self.process.wait()


def endpoint(url, **options):
    fields = {"model": "mock", "price": "{ input = 1, output = 4 }", **options}
    text = ", ".join(f"{name} = {value if name != 'model' else json.dumps(value)}" for name, value in fields.items())
    return f's.openai {{ base_url = "{url}", {text} }}'


def pipeline(endpoints, rows=1, dispatch="", answer='answer = { tone = s.one_of { "good", "bad" }, why = s.text { max = 60 } },'):
    return f"""local s = require "sluice"
return s.pipeline {{ name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ rows = {rows}, system = "Say how this sounds.", user = "{{{{text}}}}", {answer} }},
  s.dispatch {{ {", ".join(endpoints)}{", " + dispatch if dispatch else ""} }},
  s.sink {{ "out.jsonl" }} }}
"""


# By name: rows, each mock's options, the pipeline of their addresses; `more` and `what_if`: of plan and simulate alone.
# A time "@12" counts from the run's start.
def jobs():
    usual = ["--latency-ms", "400", "--latency-sigma", "0.3"]
    return {
        "rpm": dict(rows=2000, mocks=[usual + ["--rpm", "3000"]],
                    file=lambda u: pipeline([endpoint(u[0], rpm=3000)])),
        "tpm": dict(rows=1800, mocks=[usual + ["--tpm", "240000"]],
                    file=lambda u: pipeline([endpoint(u[0], tpm=240000)])),
        "slots": dict(rows=1800, mocks=[["--latency-ms", "500", "--latency-sigma", "0.2", "--slots", "20"]],
                      file=lambda u: pipeline([endpoint(u[0])])),
        "latency": dict(rows=1600, mocks=[["--latency-ms", "400", "--latency-sigma", "0.4"]],
                        file=lambda u: pipeline([endpoint(u[0], max_concurrency=16)])),
        "packs": dict(rows=3000, mocks=[usual + ["--rpm", "900", "--drop-row", "0.1", "--garble", "0.02"]],
                      file=lambda u: pipeline([endpoint(u[0], rpm=900)], rows=5)),
        "regions": dict(rows=2400, mocks=[usual + ["--rpm", "2400"], usual + ["--rpm", "2400", "--outage", "@12:@22:refuse"]],
                        file=lambda u: pipeline([endpoint(u[0], rpm=2400, name='"west"'), endpoint(u[1], rpm=2400, name='"east"')]),
                        what_if="east.down=12s..22s"),
        "tiers": dict(rows=1800, mocks=[usual + ["--tier-latency", "flex=1s", "--tier-latency", "priority=200ms"]],
                      file=lambda u: pipeline(
                          [endpoint(u[0], price="nil", tiers='{ { "flex", rpm = 1500, price = { input = 0.5, output = 2 } }, '
                                    '{ "standard", rpm = 1200, price = { input = 1, output = 4 } }, '
                                    '{ "priority", rpm = 1200, price = { input = 2, output = 8 } } }')],
                          dispatch='deadline = "45s"')),
        "batch": dict(rows=4000, mocks=[["--batch-speed", "360", "--batch-turnaround", "4h"]],
                      file=lambda u: pipeline([endpoint(u[0], tiers='{ { "batch", requests = 500, search = "1s" } }')])),
        "engine": dict(rows=2500, mocks=[["--engine", "a=12,b=0.5,d=2e-4,e=0.02,t=60,kv=20000", "--output-tokens", "30:0.2"]],
                       file=lambda u: pipeline([endpoint(u[0], max_concurrency=32, price="{ input = 0, output = 0 }")]),
                       more=["--engine", "a=12,b=0.5,d=2e-4,e=0.02,t=60,kv=20000", "--per-hour", "7"], per_hour=7),
        "mixed": dict(rows=3000, mocks=[usual + ["--rpm", "1800", "--error-500", "0.03"], ["--latency-ms", "600", "--latency-sigma", "0.3", "--slots", "24"]],
                      file=lambda u: pipeline([endpoint(u[0], rpm=1800, name='"quota"'),
                                               endpoint(u[1], name='"slots"', max_concurrency=64, price="{ input = 2, output = 6 }")],
                                              rows=1)),
    }


def write_rows(path, count, seed):
    draw = random.Random(seed)
    with open(path, "w") as out:
        for i in range(count):
            text = " ".join(draw.choice(WORDS) for _ in range(draw.randint(20, 60)))
            out.write(json.dumps({"id": i, "text": text}) + "\n")


def last_spent(folder):
    lines = (folder / ".sluice/job/timeline.jsonl").read_text().split("\n")
    return [json.loads(line)["spent"] for line in lines if line][-1]


def run_one(program, name, job, folder):
    folder.mkdir(parents=True)
    write_rows(folder / "in.jsonl", job["rows"], name)
    mocks = [Mock(program, *options) for options in job["mocks"] if not any("@" in o for o in options)]
    timed = [options for options in job["mocks"] if any("@" in o for o in options)]
    later = None
    if timed:  # an outage counts from the run's start: its mock begins again then
        later = Mock(program, *[o for o in timed[0] if o != "--outage" and "@" not in o])
        mocks.append(later)
    sluice = lambda *arguments: subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    try:
        (folder / "job.lua").write_text(job["file"]([mock.url for mock in mocks]))
        sample = sluice("run", "job.lua", "--limit", "200")
        if sample.returncode not in (0, 1, 4):
            sys.exit(f"{name}: the sample failed: {sample.stderr[-600:]}")
        before = last_spent(folder)
        more = job.get("more", []) + ["--rows", "200", "--json"]
        asked = ["--what-if", job["what_if"]] if "what_if" in job else []
        planned = sluice("plan", "job.lua", *more, *asked)
        simulated = sluice("simulate", "job.lua", *more, *asked)
        if planned.returncode or simulated.returncode:
            sys.exit(f"{name}: {planned.stderr}{simulated.stderr}")
        plan = next(way for way in json.loads(planned.stdout)["ways"] if way["as_written"])
        simulation = json.loads(simulated.stdout)["scenarios"][-1]
        if timed:
            later.stop()
            port = later.url.rsplit(":", 1)[1].split("/")[0]
            options = [o.replace("@", "") for o in timed[0]]
            mocks[-1] = Mock(program, *options, port=port)
        begun = time.monotonic()
        run = sluice("run", "job.lua")
        seconds = time.monotonic() - begun
        if run.returncode not in (0, 1):
            sys.exit(f"{name}: the run failed ({run.returncode}): {run.stderr[-800:]}")
        cost = last_spent(folder) - before
        if "per_hour" in job:
            cost += seconds * job["per_hour"] / 3600
        return dict(name=name, seconds=seconds, cost=cost, plan=plan, simulation=simulation)
    finally:
        for mock in mocks:
            mock.stop()


def off(expected, actual):
    return expected / actual - 1 if actual else 0.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/sluice")
    parser.add_argument("--only", action="append")
    parser.add_argument("--folder")
    parser.add_argument("--json")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    folder = pathlib.Path(options.folder or tempfile.mkdtemp())
    results = []
    print(f"{'job':9} {'seconds':>8} {'planned':>8} {'':>7} {'simulated':>9} {'':>7}   {'cost':>9} {'planned':>9} {'':>7} {'':>7}  holds")
    for name, job in jobs().items():
        if options.only and name not in options.only:
            continue
        one = run_one(program, name, job, folder / name)
        plan, simulation = one["plan"], one["simulation"]
        time_off, cost_off = off(plan["seconds"], one["seconds"]), off(plan["cost_usd"], one["cost"])
        sim_time, sim_cost = off(simulation["seconds"], one["seconds"]), off(simulation["cost_usd"], one["cost"])
        holds = (plan["seconds_low"] <= one["seconds"] <= plan["seconds_high"],
                 plan["cost_usd_low"] <= one["cost"] <= plan["cost_usd_high"])
        results.append(dict(name=name, time_off=time_off, cost_off=cost_off, sim_time_off=sim_time, sim_cost_off=sim_cost, holds=holds))
        print(f"{name:9} {one['seconds']:8.1f} {plan['seconds']:8.1f} {time_off:+7.1%} {simulation['seconds']:9.1f} {sim_time:+7.1%}   "
              f"{one['cost']:9.5f} {plan['cost_usd']:9.5f} {cost_off:+7.1%} {sim_cost:+7.1%}  "
              f"{'yes' if all(holds) else 'time' if holds[1] else 'cost' if holds[0] else 'neither'}"
              f"  [{plan['seconds_low']:.0f}..{plan['seconds_high']:.0f} s] {plan['binding']}", flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results))
    within = lambda key, most: sum(abs(r[key]) <= most for r in results)
    print(f"plan: time within 10 % {within('time_off', 0.10)}, cost {within('cost_off', 0.10)} of {len(results)}; "
          f"interval {sum(all(r['holds']) for r in results)}; "
          f"simulate: time within 5 % {within('sim_time_off', 0.05)}, cost {within('sim_cost_off', 0.05)}")
    most = 0.9 * len(results)
    good = all(n >= most for n in (within("time_off", 0.10), within("cost_off", 0.10), within("sim_time_off", 0.05), within("sim_cost_off", 0.05)))
    sys.exit(0 if good else 1)


main()
