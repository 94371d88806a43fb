#!/usr/bin/env python3
"""One job on several processes, in PostgreSQL: what that costs beside a job alone, and what is left when much goes wrong.

  bench/shared.py scale      1, 4 and 16 processes at a provider that takes 500 ms, 20 slots and ROWS (2000) rows each: rows/s, CPU, statements
  bench/shared.py alone      one process with a checkpoint in PostgreSQL beside one without, as fast as both can be. ROWS (200000), ROUNDS (3)
  bench/shared.py snapshot   the same, while another session holds a snapshot all the time. ROWS (200000), ROUNDS (3)
  bench/shared.py faults     4 processes; kill -9, SIGSTOP past a lease, pg_terminate_backend, a server that is killed and started again,
                             every EVERY (4) seconds. ROWS (200000), SEED (1)

The referee is outside: the mock counts requests and rows. Servers are of the machine's packages, in a scratch folder.
"""
import json, os, pathlib, random, resource, shutil, signal, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import SLUICE, Mock, write_rows  # noqa: E402
from servers import BenchServer  # noqa: E402

JOB = """local s = require "sluice"
return s.pipeline {
  name = "shared",
  FLEET
  s.read { "ROWS", key = "id" },
  s.pack { rows = PER, system = "Sort the ticket.", user = "{{subject}}\\n\\n{{body}}",
           answer = { queue = s.one_of { "billing", "bug", "access", "sales", "other" }, urgency = s.int { min = 1, max = 5 } } },
  s.dispatch { s.openai { model = "mock", base_url = "URL", rpm = 1e9, max_concurrency = SLOTS, price = { input = 0.2, output = 1.25 } } },
  s.sink { "out.jsonl" },
}
"""


class Postgres:
    """A server of its own, on a Unix socket."""

    def __init__(self, folder):
        self.folder, self.programs = folder, sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        folder.mkdir()
        folder.chmod(0o777)
        self.run_as([self.programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "sluice", "--locale=C.UTF-8"], check=True)
        self.start()

    def as_user(self, command):
        root = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        return [str(c) for c in [*root, *command]]

    def run_as(self, command, **more):
        return subprocess.run(self.as_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    def start(self):
        self.process = subprocess.Popen(self.as_user([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder,
                                                      "-c", "listen_addresses="]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while self.run_as([self.programs / "pg_isready", "-h", self.folder, "-U", "sluice"]).returncode != 0:
            time.sleep(0.05)

    def stop(self, how=signal.SIGQUIT):
        self.process.send_signal(how)
        self.process.wait()

    @property
    def url(self):
        return f"host={self.folder} user=sluice dbname=postgres"

    def ask(self, sql):
        done = subprocess.run([self.programs / "psql", "-h", self.folder, "-U", "sluice", "postgres", "-Atqc", sql], capture_output=True, text=True)
        return done.stdout.strip()

    def statements(self):
        return int(self.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"))

    def cpu_seconds(self):
        ticks = 0
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [str(self.process.pid), *children]:
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def forget(self):
        self.ask("DROP TABLE IF EXISTS sluice_job, sluice_worker, sluice_shard, sluice_log, sluice_file")


class Machine:
    """A folder with the job; a process there."""

    def __init__(self, scratch, number, job):
        self.folder = scratch / f"machine-{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "job.lua").write_text(job)

    def start(self):
        self.log = open(self.folder / "log", "a")
        self.process = subprocess.Popen([SLUICE, "run", "job.lua", "--log", "json"], cwd=self.folder, stdout=self.log, stderr=self.log)
        return self

    def sluice(self, *command):
        return subprocess.run([SLUICE, *command], cwd=self.folder, capture_output=True, text=True)


def job_of(rows, url, fleet, slots=200, per=20):
    text = JOB.replace("ROWS", str(rows)).replace("URL", url).replace("SLOTS", str(slots)).replace("PER", str(per))
    return text.replace("FLEET", f'fleet = {{ checkpoint = "{fleet}" }},' if fleet else "")


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


def rows_in(scratch, count):
    path = scratch / f"rows-{count}.jsonl"
    if not path.exists():
        write_rows(path, 0, count)
    return path


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


def faults(scratch, server):
    count, every = int(os.environ.get("ROWS", 200_000)), float(os.environ.get("EVERY", 4))
    draw = random.Random(int(os.environ.get("SEED", 1)))
    rows, slots = rows_in(scratch, count), 40
    with Mock("--latency-ms", 300) as mock:
        job = job_of(rows, mock.url, server.url, slots=slots, per=5)
        machines = [Machine(scratch, i, job).start() for i in range(4)]
        began, told, stopped, lost = time.monotonic(), {}, {}, 0
        last = began
        while not all(m.process.poll() in (0, 1) for m in machines):
            time.sleep(0.2)
            now = time.monotonic()
            for machine in [m for m, until in stopped.items() if now > until]:
                machine.process.send_signal(signal.SIGCONT)
                del stopped[machine]
            for machine in machines:
                if machine.process.poll() is not None and machine.process.returncode not in (0, 1):
                    if machine.process.returncode > 0:
                        sys.exit((machine.folder / "log").read_text()[-3000:])
                    machine.start()
            if now - last < every:
                continue
            last = now
            running = [m for m in machines if m.process.poll() is None and m not in stopped]
            what = draw.choice(["kill", "kill", "kill", "stop", "terminate", "server"])
            if what in ("kill", "stop") and not running:
                continue
            told[what] = told.get(what, 0) + 1
            if what == "kill":
                machine = draw.choice(running)
                machine.process.kill()
                machine.process.wait()
                lost += 1
            elif what == "stop":
                machine = draw.choice(running)
                machine.process.send_signal(signal.SIGSTOP)
                stopped[machine] = now + 25
            elif what == "terminate":
                server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice'")
            else:
                server.stop()
                server.start()
        seconds = time.monotonic() - began
        stats = mock.stats()
        finisher = next(m for m in machines if (m.folder / "out.jsonl").exists())
        status = json.loads(finisher.sluice("status", "job.lua", "--json").stdout)
        ledger = status["ledger"]
        lines = [json.loads(line)["id"] for line in open(finisher.folder / "out.jsonl")]
        audit = finisher.sluice("audit", "job.lua")
        print(f"{count:,} rows in {seconds:.0f} s, faults {told}")
        print(f"output: {len(lines):,} lines, {len(set(lines)):,} different; audit {'proven' if audit.returncode == 0 else audit.stdout}")
        print(f"mock: {stats['requests']:,} requests, {stats['rows']:,} rows; ledger: {ledger['answered']:,} answered, {ledger['failed']:,} not sent or failed, "
              f"{ledger['maybe_billed']['requests']:,} maybe billed (slots of those killed: {lost * slots})")
        print(f"rows asked beyond one each: {stats['rows'] - count:,}")


def main():
    what = {"scale": scale, "alone": alone, "snapshot": lambda s, p: alone(s, p, True), "faults": faults}
    if len(sys.argv) != 2 or sys.argv[1] not in what:
        sys.exit(__doc__)
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
