#!/usr/bin/env python3
"""One job by four processes, while what they run on fails: which rows are there afterwards, and what was paid for.

  bench/faults.py            ROWS (200000) rows, a fault every EVERY (4) seconds, drawn from SEED (1)

kill        kill -9 of a process, which is started again             stop       SIGSTOP of one for 25 s: past its lease
terminate   pg_terminate_backend of all connections                  server     the server is killed and started again
cut         all connections are reset; or refused for some seconds   silence    nothing is passed on either way, for 2 to 25 s
half        each connection is reset within the server's answer      failover   a standby that lags by 0.5 to 2 s is promoted
both        kill and failover at once, of a standby that is synchronous; lossy: of one that is not, where what the killed one had
            answered in the lost moments is in no ledger and asked again. These two are not among the others

FAULTS="kill cut …" is what is drawn from; ALL=1: each of these once in this order, then no more. The processes reach the server through
a proxy (proxy.py). A fail-over comes alone: not within SETTLED (12) seconds of a kill, nor while somebody is stopped.

The referee is outside: the mock counts requests and rows. Ends with 1 where a row is lost or twice, the audit is not proven, a
request is in no ledger, or more are maybe billed than the killed had slots.
"""
import json, os, pathlib, random, shutil, signal, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import Mock  # noqa: E402
from machines import Machine, job_of, rows_in  # noqa: E402
from postgres import Pair  # noqa: E402

OFTEN = "kill kill kill kill kill kill stop stop terminate server cut silence half half failover"
SLOTS, PER, LATENCY_MS = int(os.environ.get("SLOTS", 40)), 5, int(os.environ.get("LATENCY_MS", 300))
SHARD_ROWS = int(os.environ.get("SHARD_ROWS", 2000))
STOPPED = 25.0
SETTLED = float(os.environ.get("SETTLED", 12))
DONE = (0, 1)  # exit statuses with which a process is not started again
FAIL_OVERS = ("failover", "both", "lossy")


class Siege:
    """The machines, the servers, and one fault at a time."""

    def __init__(self, scratch, job, pair, draw):
        self.pair, self.draw = pair, draw
        self.machines = [Machine(scratch, i, job).start() for i in range(4)]
        self.told, self.stopped, self.lost = {}, {}, [0, 0, 0, 0]
        self.kills, self.again, self.due = 0, 0, None
        self.killed_at = self.failed_over_at = self.busy_until = 0.0

    def running(self):
        return [m for m in self.machines if m.runs() and m not in self.stopped]

    def tend(self, now):
        """Wakes who was stopped for long enough, and starts who has ended early."""
        for machine in [m for m, until in self.stopped.items() if now > until]:
            machine.process.send_signal(signal.SIGCONT)
            del self.stopped[machine]
        for machine in self.machines:
            if machine.runs() or machine.process.returncode in DONE:
                continue
            if machine.process.returncode not in (5, -signal.SIGKILL):  # 5: it was started while the server was away
                raise SystemExit(f"a process has ended with {machine.process.returncode}: {machine.last_words()}")
            self.again += machine.process.returncode == 5
            if self.again > 60:
                raise SystemExit(f"a process ends with 5 again and again: {machine.last_words()}")
            machine.start()

    def may(self, what, now):
        """One at a time, where two at once lose what only synchronous replication keeps."""
        if now < self.busy_until:
            return False
        if what in FAIL_OVERS:
            return not self.stopped and now - self.killed_at > SETTLED and now - self.failed_over_at > SETTLED
        if what in ("kill", "stop", "silence"):
            return bool(self.running()) and now - self.failed_over_at > SETTLED
        return True

    def draw_one(self, kinds):
        """A fail-over that was drawn comes as soon as it may; until then, nothing that would put it off."""
        what = self.draw.choice(kinds)
        if self.due and what in ("kill", "stop", "silence", *FAIL_OVERS):
            return self.due
        if what in FAIL_OVERS:
            self.due = what
        return what

    def do(self, what, now):
        if what == self.due:
            self.due = None
        self.told[what] = self.told.get(what, 0) + 1
        getattr(self, what)(now)

    def kill(self, now):
        machine = self.draw.choice(self.running())
        machine.process.kill()
        machine.process.wait()
        self.kills, self.killed_at = self.kills + 1, now

    def stop(self, now):
        machine = self.draw.choice(self.running())
        machine.process.send_signal(signal.SIGSTOP)
        self.stopped[machine] = now + STOPPED

    def terminate(self, _):
        self.pair.primary.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice'")

    def server(self, _):
        self.pair.primary.stop()
        self.pair.primary.start()

    def cut(self, now):
        seconds = self.draw.choice([0, 0, 1, 3])
        self.pair.clients.tell("refuse", seconds) if seconds else self.pair.clients.tell("cut")
        self.busy_until = now + seconds

    def silence(self, now):
        seconds = self.draw.choice([2, 6, 18, 25])
        self.pair.clients.tell("hold", seconds)
        self.busy_until = now + seconds + 1

    def half(self, _):
        self.pair.clients.tell("half", self.draw.choice([0, 0, 1, 20, 200]))

    def failover(self, _, lag=None):
        lost = self.pair.fail_over(self.draw.choice([0.5, 1.0, 2.0]) if lag is None else lag)
        self.lost = [a + b for a, b in zip(self.lost, lost)]
        self.pair.follow()
        self.failed_over_at = time.monotonic()

    def both(self, now):
        self.kill(now)
        self.failover(now)

    def lossy(self, now):
        self.pair.stream.tell("drop")
        time.sleep(1)
        self.kill(now)
        self.failover(now, lag=0)


def report(siege, count, seconds, stats):
    """What is there in the end; True: all that was promised."""
    written = [m for m in siege.machines if (m.folder / "out.jsonl").exists()]
    finisher = written[0]
    status = json.loads(finisher.sluice("status", "job.lua", "--json").stdout)
    ledger, maybe = status["ledger"], status["ledger"]["maybe_billed"]["requests"]
    lines = [json.loads(line)["id"] for line in open(finisher.folder / "out.jsonl")]
    audit = finisher.sluice("audit", "job.lua")
    slots = siege.kills * SLOTS
    in_ledger = ledger["answered"] + ledger["failed"] + maybe
    proven = audit.returncode == 0
    print(f"{count:,} rows in {seconds:.0f} s, faults {siege.told}; {siege.again} starts while the server was away")
    if set(FAIL_OVERS) & set(siege.told):
        rows, shards, done, workers = siege.lost
        print(f"the standbys lacked {rows} rows of the log, {shards} shards, {done} of those done, {workers} workers")
    print(f"output: {len(lines):,} lines, {len(set(lines)):,} different; written by {len(written)}; audit {'proven' if proven else audit.stdout + audit.stderr}")
    print(f"mock: {stats['requests']:,} requests, {stats['rows']:,} rows; ledger: {ledger['answered']:,} answered, {ledger['failed']:,} not sent or failed, "
          f"{maybe:,} maybe billed (slots of those killed: {slots}; of others: {max(0, maybe - slots)}); in no ledger: {max(0, stats['requests'] - in_ledger):,}")
    print(f"rows asked beyond one each: {stats['rows'] - count:,}", flush=True)
    return len(lines) == len(set(lines)) == count and proven and maybe <= slots and (stats["requests"] <= in_ledger or "lossy" in siege.told)


def faults(count=None, every=None, kinds=None, in_order=None):
    count = count or int(os.environ.get("ROWS", 200_000))
    every = every or float(os.environ.get("EVERY", 4))
    kinds = (kinds or os.environ.get("FAULTS", OFTEN)).split()
    in_order = bool(os.environ.get("ALL")) if in_order is None else in_order
    draw = random.Random(int(os.environ.get("SEED", 1)))
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-faults-"))
    scratch.chmod(0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pair, siege = None, None
    try:
        pair = Pair(scratch / "postgres", synchronous="both" in kinds)
        with Mock("--latency-ms", LATENCY_MS) as mock:
            siege = Siege(scratch, job_of(rows_in(scratch, count), mock.url, pair.clients.url, SLOTS, PER, SHARD_ROWS), pair, draw)
            began = last = time.monotonic()
            left = list(kinds)
            while not all(m.process.poll() in DONE for m in siege.machines):
                time.sleep(0.2)
                now = time.monotonic()
                siege.tend(now)
                if now - last < every or now - began > 1800:
                    continue
                if now - began > 1700:
                    raise SystemExit("the job does not end\n" + "\n".join(m.last_words() for m in siege.machines))
                what = (left[0] if left else None) if in_order else siege.draw_one(kinds)
                if what is None or not siege.may(what, now):
                    continue
                if in_order:
                    left.pop(0)
                siege.do(what, now)
                last = time.monotonic()
            if in_order and left:
                print(f"the job has ended before {left}")
                return False
            return report(siege, count, time.monotonic() - began, mock.stats())
    finally:
        for machine in siege.machines if siege else []:
            if machine.runs():
                machine.process.kill()
                machine.process.wait()
        if pair:
            pair.stop()
        if os.environ.get("KEEP"):
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    sys.exit(0 if faults() else 1)
