#!/usr/bin/env python3
"""One job on several processes, in PostgreSQL: what that costs beside a job alone, and what is left when much goes wrong.

  bench/shared.py scale      1, 4 and 16 processes at a provider that takes 500 ms, 20 slots and ROWS (2000) rows each: rows/s, CPU, statements
  bench/shared.py alone      one process with a checkpoint in PostgreSQL beside one without, as fast as both can be. ROWS (200000), ROUNDS (3)
  bench/shared.py snapshot   jobs one after the other, while another session holds a snapshot for MINUTES (10), and some without. ROWS (1000000)
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


def one_alone(scratch, server, name):
    """Rows/s, and CPU ms a 1,000 rows of sluice and of PostgreSQL."""
    count = int(os.environ.get("ROWS", 200_000))
    rows = rows_in(scratch, count)
    with BenchServer() as bench:
        job = job_of(rows, bench.url, server.url if name != "alone" else "").replace('name = "shared"', f'name = "{name}"')
        cpu = server.cpu_seconds()
        seconds, used = run_all(scratch, 1, job)
        return count / seconds, used / count * 1e6, (server.cpu_seconds() - cpu) / count * 1e6


def tell(name, values):
    rate, own, theirs = (statistics.median(v[i] for v in values) for i in range(3))
    print(f"{name:40} {rate:10,.0f} rows/s   CPU a 1,000 rows: sluice {own:6.2f} ms, PostgreSQL {theirs:6.2f} ms; {len(values)} jobs", flush=True)


def alone(scratch, server):
    rates = {}
    for _ in range(int(os.environ.get("ROUNDS", 3))):
        for name in ("alone", "shared"):
            server.forget()
            rates.setdefault(name, []).append(one_alone(scratch, server, name))
    for name, values in rates.items():
        tell(name, values)


def snapshot(scratch, server):
    os.environ.setdefault("ROWS", "1000000")
    minutes, jobs = float(os.environ.get("MINUTES", 10)), 0

    def some(holds):
        nonlocal jobs
        values = []
        while holds(values):
            jobs += 1
            values.append(one_alone(scratch, server, f"job-{jobs}"))
        return values

    tell("before", some(lambda values: len(values) < 5))
    holder = subprocess.Popen([server.programs / "psql", "-h", server.folder, "-U", "sluice", "postgres", "-q"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True)
    holder.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM sluice_log;\n")
    holder.stdin.flush()
    began = time.monotonic()
    held = some(lambda values: time.monotonic() - began < minutes * 60)
    oldest = server.ask("SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::int FROM pg_stat_activity WHERE backend_xmin IS NOT NULL "
                        "AND pid <> pg_backend_pid()")
    tell("held, the first five", held[:5])
    tell("held, the last five", held[-5:])
    tell(f"held, all; the snapshot is {oldest} s old", held)
    holder.stdin.close()
    holder.wait()
    tell("after", some(lambda values: len(values) < 5))
    print("   tables: " + server.ask("SELECT string_agg(relname || ' ' || pg_size_pretty(pg_total_relation_size(oid)), ', ') FROM pg_class "
                                      "WHERE relkind = 'r' AND relname LIKE 'sluice%'"))


def main():
    what = {"scale": scale, "alone": alone, "snapshot": snapshot}
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
