#!/usr/bin/env python3
"""Many processes with one key, their quota shared through Redis: how much of it they use together, and how often they pass it.

  bench/fleet.py [--faults | --fall-back]      PROCESSES (50), RPM (6000), TPM (2000000), SECONDS (90), SHARED (1; 0: each for itself)

The referee is outside: the mock's own limits, and its count of what it answered and refused. With --faults processes are killed, stopped
for longer than a lease and started all the time, and the Redis server, which keeps nothing, is killed once. With --fall-back it
is killed every ten seconds and comes back with what it had a second before, as after a fail-over. Counted is what comes
between 15 s after the first answer and SECONDS later.
"""
import json, os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import SLUICE, Mock  # noqa: E402

JOB = """local s = require "sluice"
return s.pipeline {
  name = "worker",
  s.read { "rows.jsonl", key = "id" },
  s.pack { system = "Say the colour.", user = "{{text}}", answer = { colour = s.one_of { "red", "green" } } },
  s.dispatch { s.openai { name = "shared", model = "m", base_url = "URL", key = "one-key", rpm = RPM, tpm = TPM, max_output_tokens = 50,
                          price = { input = 1, output = 2 } } },
  s.sink { "out.jsonl" },
  FLEET
}
"""


class Redis:
    def __init__(self, folder):
        self.folder, self.socket = folder, folder / "redis.sock"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--dir", self.folder],
            stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def fall_back(self):
        """To a second ago."""
        subprocess.run(["redis-cli", "-s", self.socket, "save"], stdout=subprocess.DEVNULL, check=True)
        time.sleep(1)
        self.kill()
        self.start()

    def bytes(self):
        """Of the pool's state."""
        key = subprocess.run(["redis-cli", "-s", self.socket, "keys", "sluice:pool:*"], capture_output=True, text=True).stdout.split()
        return int(subprocess.run(["redis-cli", "-s", self.socket, "hstrlen", key[0], "text"], capture_output=True, text=True).stdout) if key else 0

    def calls(self):
        out = subprocess.run(["redis-cli", "-s", self.socket, "info", "stats"], capture_output=True, text=True).stdout
        return int(next(line for line in out.splitlines() if line.startswith("total_commands_processed")).split(":")[1])


class Worker:
    def __init__(self, scratch, number, job, rows):
        self.folder = scratch / f"worker-{number}"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "job.lua").write_text(job)
        text = "".join(f'{{"id":"{number}-{i}","text":"row {i} of {number}"}}\n' for i in range(rows))
        (self.folder / "rows.jsonl").write_text(text)
        self.log = open(self.folder / "log", "a")
        self.start()

    def start(self):
        self.process = subprocess.Popen([SLUICE, "run", "job.lua", "--log", "json"], cwd=self.folder, stdout=self.log, stderr=self.log)

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main(scratch, faults, fall_back):
    count, rpm = int(os.environ.get("PROCESSES", 50)), int(os.environ.get("RPM", 6000))
    tpm, seconds = int(os.environ.get("TPM", 2000000)), int(os.environ.get("SECONDS", 90))
    shared = os.environ.get("SHARED", "1") == "1"
    draw = random.Random(int(os.environ.get("SEED", 1)))
    redis = Redis(scratch)
    with Mock("--latency-ms", 150, "--rpm", rpm, "--tpm", tpm) as mock:
        job = JOB.replace("URL", mock.url).replace("RPM", str(rpm)).replace("TPM", str(tpm))
        job = job.replace("FLEET", f'fleet = {{ quota = "unix:{redis.socket}" }},' if shared else "")
        rows = int(rpm / 60 * (seconds + 60) / count * 4) + 100
        workers = [Worker(scratch, i, job, rows) for i in range(count)]
        began = time.monotonic()
        while mock.stats()["answered"] == 0:
            time.sleep(0.2)
            if time.monotonic() - began > 60:
                sys.exit("nobody sends anything: " + (workers[0].folder / "log").read_text()[-2000:])
        waited = time.monotonic() - began
        time.sleep(15)
        before, started, calls = mock.stats(), time.monotonic(), redis.calls()
        stopped, told = {}, []
        killed, fell_back = not faults, 0
        while (passed := time.monotonic() - started) < seconds:
            time.sleep(0.5)
            if fall_back and passed > 10 * (fell_back + 1):
                redis.fall_back()
                fell_back, calls = fell_back + 1, 0
                told.append("fall back")
            if not faults:
                continue
            worker = draw.choice(workers)
            what = draw.random()
            if worker in stopped:
                if time.monotonic() > stopped[worker]:
                    worker.process.send_signal(signal.SIGCONT)
                    del stopped[worker]
            elif what < 0.1:
                worker.process.kill()
                worker.process.wait()
                worker.start()
                told.append("kill")
            elif what < 0.15:
                worker.process.send_signal(signal.SIGSTOP)
                stopped[worker] = time.monotonic() + 15
                told.append("stop")
            elif what < 0.2:
                worker.end()
                worker.start()
                told.append("leave")
            for one in [w for w, until in stopped.items() if time.monotonic() > until]:
                one.process.send_signal(signal.SIGCONT)
                del stopped[one]
            if not killed and passed > seconds / 2:
                redis.kill()
                redis.start()
                calls, killed = 0, True
                told.append("redis")
        after, passed = mock.stats(), time.monotonic() - started
        made, size = redis.calls() - calls, redis.bytes()
        for worker in workers:
            worker.end()
    redis.kill()
    answered = after["answered"] - before["answered"]
    refused = after["requests"] - before["requests"] - answered
    print(f"{count} processes, {rpm:,} requests a minute, {'shared' if shared else 'each for itself'}{', with faults' if faults else ''}: "
          f"first answer after {waited:.1f} s; in {passed:.0f} s {answered:,} answered, {answered / (rpm / 60 * passed):.3f} of the quota; "
          f"{refused:,} refused, {refused / max(1, answered + refused):.5f}; {made / passed:.0f} calls a second to the store, whose state has {size:,} bytes")
    if told:
        print("   " + ", ".join(f"{told.count(what)} {what}" for what in dict.fromkeys(told)))


if __name__ == "__main__":
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-fleet-"))
    try:
        main(scratch, sys.argv[1:] == ["--faults"], sys.argv[1:] == ["--fall-back"])
    finally:
        shutil.rmtree(scratch)
