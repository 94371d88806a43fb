#!/usr/bin/env python3
"""One job on several processes, in PostgreSQL: what that costs beside a job alone, and what is left when much goes wrong.

  bench/shared.py scale      1, 4 and 16 processes at a provider that takes 500 ms, 20 slots and ROWS (2000) rows each: rows/s, CPU, statements
  bench/shared.py alone      one process with a checkpoint in PostgreSQL beside one without, as fast as both can be. ROWS (200000), ROUNDS (3)
  bench/shared.py snapshot   the same, while another session holds a snapshot all the time. ROWS (200000), ROUNDS (3)
  bench/shared.py faults     4 processes, and what goes wrong every EVERY (4) seconds (bench/faults.py). ROWS (200000), SEED (1)

The referee is outside: the mock counts requests and rows. Servers are of the machine's packages, in a scratch folder.
"""
import os, pathlib, resource, shutil, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import Mock  # noqa: E402
from faults import faults  # noqa: E402
from machines import Machine, job_of, rows_in  # noqa: E402
from postgres import Postgres  # noqa: E402
from servers import BenchServer  # noqa: E402


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_all(scratch, count, job):
    """Starts `count` machines and waits for all. Seconds, and their CPU seconds."""
    before, began = cpu_of_children(), time.monotonic()
    machines = [Machine(scratch, i, job).start() for i in range(count)]
    for machine in machines:
        if machine.process.wait() not in (0, 1):
            sys.exit((machine.folder / "log").read_text()[-2000:])
    return time.monotonic() - began, cpu_of_children() - before


def scale(scratch, server):
    each = int(os.environ.get("ROWS", 2_000))
    for workers in (0, 1, 4, 16):  # 0: one process, and no server
        count = each * max(1, workers)
        rows = rows_in(scratch, count)
        server.forget()
        with Mock("--latency-ms", 500) as mock:
            time.sleep(1.5)  # what the server counts is seen a second later
            before, cpu = server.statements(), server.cpu_seconds()
            seconds, used = run_all(scratch, max(1, workers), job_of(rows, mock.url, server.url if workers else "", slots=20, per=5))
            theirs = server.cpu_seconds() - cpu
            time.sleep(1.5)
            stats = mock.stats()
            print(f"{workers or 'alone':>5} processes: {count / seconds:8,.0f} rows/s, {seconds:5.1f} s; CPU a 1,000 rows: processes {used / count * 1e6:6.1f} ms, "
                  f"PostgreSQL {theirs / count * 1e6:6.1f} ms; {(server.statements() - before) / count * 1000:6.1f} statements a 1,000 rows; "
                  f"{stats['requests']} requests, {stats['rows']} rows asked", flush=True)


def alone(scratch, server, snapshot=False):
    count, rounds = int(os.environ.get("ROWS", 200_000)), int(os.environ.get("ROUNDS", 3))
    rows, rates = rows_in(scratch, count), {}
    holder = None
    for _ in range(rounds):
        for name in ("shared", "shared, snapshot held") if snapshot else ("alone", "shared"):
            server.forget()
            with BenchServer() as bench:
                job = job_of(rows, bench.url, server.url if name != "alone" else "")
                cpu = server.cpu_seconds()
                if name.endswith("held"):
                    holder = subprocess.Popen([server.programs / "psql", "-h", server.folder, "-U", "sluice", "postgres", "-q"], stdin=subprocess.PIPE,
                                              stdout=subprocess.DEVNULL, text=True)
                    holder.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;\n")
                    holder.stdin.flush()
                seconds, used = run_all(scratch, 1, job)
                rates.setdefault(name, []).append((count / seconds, used / count * 1e6, (server.cpu_seconds() - cpu) / count * 1e6))
                if holder:
                    holder.stdin.close()
                    holder.wait()
                    holder = None
    for name, values in rates.items():
        rate, own, theirs = (statistics.median(v[i] for v in values) for i in range(3))
        print(f"{name:24} {rate:10,.0f} rows/s   CPU a 1,000 rows: sluice {own:6.2f} ms, PostgreSQL {theirs:6.2f} ms")


def main():
    what = {"scale": scale, "alone": alone, "snapshot": lambda s, p: alone(s, p, True)}
    if len(sys.argv) != 2 or sys.argv[1] not in [*what, "faults"]:
        sys.exit(__doc__)
    if sys.argv[1] == "faults":
        sys.exit(0 if faults() else 1)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-shared-"))
    scratch.chmod(0o755)
    server = Postgres(scratch / "postgres")
    try:
        what[sys.argv[1]](scratch, server)
    finally:
        server.stop()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
