#!/usr/bin/env python3
"""What the checkpoint costs and gives: whole jobs of the release program against the mock on loopback.

  bench/checkpoint.py cost | resume

cost    throughput at durability power and process beside a run that keeps nothing, interleaved rounds:
        one row a request and 20, the server as fast as it can be; then 20 rows a request with a server
        that takes 100 ms. ROWS (200000), ROUNDS (5)
resume  a finished job of MANY (1000000) rows run again, then with 1,000 rows more; the file's size
"""
import json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLUICE = pathlib.Path(os.environ.get("SLUICE_PROGRAM", ROOT / "build/release/sluice"))
UNCHECKED = ROOT / "build/release/sluice_unchecked"
JOB = ROOT / "bench/tickets.lua"


def job_in(folder):
    """A copy of the job in `folder`, to be run there: a job's paths are relative to its file."""
    shutil.copy(JOB, folder)
    return JOB.name


WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november".split()


def write_rows(path, first, count):
    """JSON lines of about 400 bytes, no two alike."""
    body = (" ".join(WORDS) + " ") * 4
    with open(path, "a") as out:
        for i in range(first, first + count):
            text = f"{i} " + body[i % 97 : i % 97 + 320]
            out.write(f'{{"id":"T-{i:08}","subject":"ticket {i}","body":"{text}"}}\n')


class Server:
    """A program that tells its address in its first line, and its figures at /stats."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def stats(self):
        with urllib.request.urlopen(self.url.replace("/v1", "/stats")) as reply:
            return json.load(reply)


class Mock(Server):
    def __init__(self, *options):
        super().__init__([SLUICE, "mock", *map(str, options)])


def run(folder, mock, rows, per, durability):
    """The seconds of one run in `folder`, which is kept."""
    job = job_in(folder)
    settings = {"base_url": mock.url, "input": rows, "rows": per}
    if durability == "none":
        command = [UNCHECKED, job] + [f"{k}={v}" for k, v in settings.items()]
    else:
        settings["durability"] = durability
        command = [SLUICE, "run", job, "--log", "json"] + [a for k, v in settings.items() for a in ("--set", f"{k}={v}")]
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    took = time.monotonic() - started
    if done.returncode != 0:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    summary = json.loads(done.stdout.strip().splitlines()[-1])
    return took, summary.get("elapsed_s", took)


def cost(scratch):
    count, rounds = int(os.environ.get("ROWS", 200000)), int(os.environ.get("ROUNDS", 5))
    write_rows(scratch / "rows.jsonl", 0, count)
    for per, latency in ((20, "100"), (1, "0"), (20, "0")):
        rates = {"none": [], "process": [], "power": []}
        with Mock("--latency-ms", latency) as mock:
            for _ in range(rounds):
                for durability in rates:
                    folder = scratch / "job"
                    folder.mkdir()
                    rates[durability].append(count / run(folder, mock, scratch / "rows.jsonl", per, durability)[1])
                    shutil.rmtree(folder)
        base = statistics.median(rates["none"])
        for durability, values in rates.items():
            rate = statistics.median(values)
            print(f"{per:2} row(s) a request, {latency:>3} ms, {durability:8} {rate:9,.0f} rows/s  {rate / base:.3f}", flush=True)


def resume(scratch):
    count = int(os.environ.get("MANY", 1000000))
    rows = scratch / "rows.jsonl"
    write_rows(rows, 0, count)
    for per in (20, 1):
        folder = scratch / f"job-{per}"
        folder.mkdir()
        with Mock() as mock:
            first, _ = run(folder, mock, rows, per, "power")
            asked = mock.stats()["rows"]
            again, _ = run(folder, mock, rows, per, "power")
            asked_again = mock.stats()["rows"] - asked
        size = sum(f.stat().st_size for f in (folder / ".sluice/tickets").iterdir())
        answers = (folder / "out.jsonl").stat().st_size
        print(f"{per:2} row(s) a request: {count:,} rows in {first:.1f} s; again: {again:.2f} s, {asked_again} rows asked", flush=True)
        print(f"   checkpoint {size / 1e6:.1f} MB = {size / count:.1f} bytes a row; answers {answers / count:.1f} bytes a row; "
              f"allowed 1.5 x answers + 100 = {1.5 * answers / count + 100:.1f}", flush=True)
        if per == 20:
            write_rows(rows, count, 1000)
            with Mock() as mock:
                took, _ = run(folder, mock, rows, per, "power")
                print(f"   with 1,000 rows more: {took:.2f} s, {mock.stats()['rows']} rows asked", flush=True)
            with open(rows) as old:
                lines = old.readlines()[:count]
            rows.write_text("".join(lines))
        shutil.rmtree(folder)


if __name__ == "__main__":
    case = {"cost": cost, "resume": resume}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if not case:
        sys.exit(__doc__)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-checkpoint-"))
    try:
        case(scratch)
    finally:
        shutil.rmtree(scratch)
