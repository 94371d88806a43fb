"""What the checks at servers of others share: a provider that notes which rows it is asked, a job as a process, and one scenario for
every queue.

A queue is an object with:
  name; counts                  for people; whether it counts deliveries
  stops                         how a job may end that is stopped in the middle of changes
  environment                   what its jobs need of it
  source(more), target()        as a pipeline file has them
  send(bodies)                  by a client of others
  settle(workers)               returns when so many have their part of the queue, where that takes time
  wear_out(body)                sends a message that was delivered as often as a job takes it, where deliveries are counted
  left()                        messages that are not acknowledged
  answers()                     the keys of the answers in the target, by a client of others
  redelivered()                 deliveries after the first; None: nothing says so
"""
import collections
import contextlib
import http.client
import http.server
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

ROWS = 300
PACK = 5
CONCURRENCY = 2
LONGEST = 120  # seconds, for each wait
NOT_ROWS = ["this is no JSON", '{"text":"without a key"}']
WORN_OUT = '{"id":"r-worn-out"}'

JOB = """
local s = require "sluice"
return s.pipeline { name = "job",
  s.read { %s, key = "id" },
  s.pack { rows = %d, user = "Row {{id}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = "%s", key = "k", price = 0, max_concurrency = %d } },
  s.sink { "job.jsonl" },
  s.sink { %s } }
"""


def body(key):
    return json.dumps({"id": key})


def wait(holds, *jobs):
    """Until holds(); fails when that takes too long, or one of the jobs ends."""
    until = time.monotonic() + LONGEST
    while not holds():
        for job in jobs:
            assert job.process.poll() is None, f"{job.name} has ended with {job.process.returncode}\n{job.said()}"
        assert time.monotonic() < until, "\n".join(["waited too long"] + [f"{job.name}: {job.said()}" for job in jobs])
        time.sleep(0.02)


class Provider:
    """sluice's mock, and before it what notes the rows that each job asks for and can keep an answer back."""

    def __init__(self, program, latency_ms=400):
        self.arguments = [program, "mock", "--port", "0", "--latency-ms", str(latency_ms), "--count-repeats"]
        self.lock = threading.Lock()
        self.asked = collections.defaultdict(list)  # rows by job, in their order
        self.kept_back = {}  # rows, and the events that let their answers go

    def url(self, job):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{job}/v1"

    def seen(self):
        with self.lock:
            return {row for asked in self.asked.values() for row in asked}

    def stats(self):
        with urllib.request.urlopen(f"http://{self.mock}/stats") as reply:
            return json.load(reply)

    def __enter__(self):
        self.child = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        self.mock = self.child.stdout.readline().split("http://")[1].split("/")[0]
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                _, job, path = self.path.split("/", 2)
                text = self.rfile.read(int(self.headers["Content-Length"]))
                rows = set(re.findall(r"Row (r\d+)", text.decode()))
                with provider.lock:
                    provider.asked[job] += sorted(rows)
                    events = [provider.kept_back[row] for row in rows if row in provider.kept_back]
                for event in events:
                    event.wait(LONGEST)
                mock = http.client.HTTPConnection(provider.mock)
                mock.request("POST", "/" + path, text, {"Content-Type": "application/json"})
                reply = mock.getresponse()
                answer = reply.read()
                mock.close()
                with contextlib.suppress(OSError):  # the job was killed
                    self.send_response(reply.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                if not isinstance(sys.exception(), OSError):
                    super().handle_error(*_)

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        for event in self.kept_back.values():
            event.set()
        self.server.shutdown()
        self.server.server_close()
        self.child.kill()
        self.child.wait()


class Job:
    """sluice in a folder of its own."""

    def __init__(self, program, folder, name, queue, provider):
        self.program, self.folder, self.name, self.queue, self.provider = program, folder / name, name, queue, provider
        self.folder.mkdir(parents=True)
        self.kills = []  # for each, how many rows it had asked for, and whose answers were there
        self.process = None

    def start(self, more=""):
        url = self.provider.url(self.name)
        text = JOB % (self.queue.source(more), PACK, url, CONCURRENCY, self.queue.target())
        (self.folder / "job.lua").write_text(text)
        self.said_before = len(self.said())
        with open(self.folder / "said", "a") as said:
            self.process = subprocess.Popen([self.program, "run", "job.lua"], cwd=self.folder, stdout=said, stderr=said,
                                            env={**os.environ, **self.queue.environment})
        return self

    def said(self):
        there = self.folder / "said"
        return there.read_text() if there.exists() else ""

    def keys(self):
        there = self.folder / "job.jsonl"
        whole = there.read_text().rpartition("\n")[0].splitlines() if there.exists() else []
        return [json.loads(line)["id"] for line in whole]

    def asked(self):
        with self.provider.lock:
            return list(self.provider.asked[self.name])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills.append((len(self.asked()), set(self.keys())))
        return self.kills[-1][1]

    def end(self, status, ask=None):
        """Stops it, or waits for its end; fails when it does not end with `status`."""
        if ask:
            wait(lambda: "running" in self.said()[self.said_before:], self)  # and hears signals
            self.process.send_signal(ask)
        try:
            self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} does not end\n{self.said()}") from None
        assert self.process.returncode in status, f"{self.name} ends with {self.process.returncode}\n{self.said()}"

    def stop(self):
        self.end((4,), signal.SIGINT)

    def rejects(self):
        said = subprocess.run([self.program, "rejects", "job.lua", "--json"], cwd=self.folder, check=True, text=True,
                              stdout=subprocess.PIPE, env={**os.environ, **self.queue.environment}).stdout
        return [json.loads(line) for line in said.splitlines()]

    def check_asked(self):
        """That it has asked for no row whose answer it had when it was killed."""
        for before, known in self.kills:
            again = known & set(self.asked()[before:])
            assert not again, f"{self.name} asked for {sorted(again)} though it had their answers"


def end_all(jobs):
    for job in jobs:
        if job.process and job.process.poll() is None:
            job.process.kill()
            job.process.wait()


def finish(queue, jobs, rows):
    """Waits for the answers to all rows, stops the jobs that run, and runs each once more, which must ask for nothing."""
    running = [job for job in jobs if job.process.poll() is None]
    wait(lambda: {key for job in jobs for key in job.keys()} >= set(rows), *running)
    wait(lambda: queue.left() == 0, *running)
    for job in running:
        job.stop()
    for job in jobs:
        before = len(job.asked())
        job.start(', idle_exit = "2s"').end((0, 1))
        assert len(job.asked()) == before, f"{job.name} asks for what was answered"


def account(queue, jobs, rows):
    """What came of the rows, as one line of the table; fails where one is lost, or was asked for though its answer was there."""
    lines = [key for job in jobs for key in job.keys()]
    for job in jobs:
        assert len(job.keys()) == len(set(job.keys())), f"{job.name} has lines twice"
    assert set(lines) == set(rows), f"lost: {sorted(set(rows) - set(lines))}, unknown: {sorted(set(lines) - set(rows))}"
    sent = queue.answers()
    assert set(sent) == set(rows), f"not sent: {sorted(set(rows) - set(sent))}, unknown: {sorted(set(sent) - set(rows))}"
    assert queue.left() == 0
    asked = [row for job in jobs for row in job.asked()]
    same = sum(len(job.asked()) - len(set(job.asked())) for job in jobs)
    for job in jobs:
        job.check_asked()
    reasons = collections.Counter(reject["reason"] for job in jobs for reject in job.rejects())
    return {"queue": queue.name, "rows": len(rows), "lines": len(lines), "distinct": len(set(lines)), "asked": len(asked),
            "again, same folder": same, "again, another": len(asked) - len(set(rows)) - same,
            "redelivered": queue.redelivered(), "sent": len(sent),
            "rejected": ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))}


def trickle(queue, waiting, provider, holds, *jobs):
    """Sends a few rows at a time, so that no job takes them all ahead, until holds()."""
    while not holds():
        assert waiting, "\n".join(["no rows are left"] + [f"{job.name}: {len(job.keys())} answers\n{job.said()}" for job in jobs])
        some = [waiting.pop(0) for _ in range(PACK)]
        queue.send([body(row) for row in some])
        wait(lambda: provider.seen() >= set(some), *jobs)


def scenario(program, folder, queue):
    """Of two workers one is killed with rows in flight; it begins again and a third joins; one is stopped; in the end each runs once
    more. Some messages are no rows, and one has killed too many workers."""
    rows = [f"r{number}" for number in range(ROWS)]
    waiting = list(rows)
    with Provider(program) as provider:
        a, b, c = jobs = [Job(program, folder, f"{queue.name}-{name}", queue, provider) for name in "abc"]
        try:
            if queue.counts:
                queue.wear_out(WORN_OUT)
            a.start()
            b.start()
            queue.settle(2)
            queue.send(NOT_ROWS)
            # Who gets how many is chance at most servers.
            trickle(queue, waiting, provider,
                    lambda: len(a.keys()) >= 2 * PACK and len(b.keys()) >= PACK and len(a.asked()) > len(a.keys()), a, b)
            a.kill()
            before = len(a.asked())
            a.start()
            c.start()
            queue.settle(3)
            trickle(queue, waiting, provider, lambda: len(c.keys()) >= PACK and len(a.asked()) >= before + PACK, a, b, c)
            b.stop()
            queue.send([body(row) for row in waiting])
            finish(queue, jobs, rows)
            result = account(queue, jobs, rows)
            # In flight when it was killed, and what has ended behind them.
            assert result["again, same folder"] <= 2 * PACK * CONCURRENCY, result
            expected = ["no_key", "not_json"] + (["too_many_deliveries"] if queue.counts else [])
            assert re.findall(r"[a-z_]+", result["rejected"]) == expected, result
            return result
        finally:
            end_all(jobs)


def storm(program, folder, queue):
    """Three workers, of which by chance one after the other is killed or stopped, and begins again."""
    seed = int(os.environ.get("SLUICE_SEED") or random.randrange(1_000_000))
    chance = random.Random(seed)
    rows = [f"r{number}" for number in range(ROWS)]
    waiting = list(rows)
    with Provider(program, 200) as provider:
        jobs = [Job(program, folder, f"{queue.name}-{name}", queue, provider) for name in "abc"]
        try:
            for job in jobs:
                job.start()
            while waiting:
                some = [waiting.pop(0) for _ in range(6 * PACK)]
                queue.send([body(row) for row in some])
                wanted = chance.randint(0, len(some))
                wait(lambda: len(provider.seen() & set(some)) >= wanted, *jobs)
                job = chance.choice(jobs)
                job.kill() if chance.random() < 0.6 else job.end(queue.stops, signal.SIGINT)
                job.start()
            finish(queue, jobs, rows)
            return account(queue, jobs, rows)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            end_all(jobs)


def table(results):
    names = list(results[0])
    cells = [names] + [["" if one[name] is None else str(one[name]) for name in names] for one in results]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells)
