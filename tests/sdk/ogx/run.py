#!/usr/bin/env python3
"""Batches at a server that nobody here wrote, OGX, with `sluice mock` behind it: run.py PROGRAM FOLDER

Installs OGX from PyPI in FOLDER once, as tests/sdk/run.py does. For the long suite: without SLUICE_OGX_ROWS, the number of
rows, it is skipped, and so where there is no Python of 3.12 or later. Three jobs must end with every row once and a ledger
that is the mock's count: one left alone, one whose program is killed with SIGKILL again and again, and one whose server is
killed so that its batches never end.
"""
import collections
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import run as clients  # noqa: E402
from mock import Mock  # noqa: E402

CONFIG = """version: 2
distro_name: batches
apis: [inference, files, batches]
providers:
  inference:
  - {provider_id: upstream, provider_type: "remote::openai", config: {base_url: "UPSTREAM/v1", api_key: none}}
  files:
  - provider_id: localfs
    provider_type: inline::localfs
    config: {storage_dir: FOLDER/files, metadata_store: {table_name: files_metadata, backend: sql_default}}
  batches:
  - provider_id: reference
    provider_type: inline::reference
    config:
      sqlstore: {table_name: batches, backend: sql_default}
      max_concurrent_batches: 2
      max_concurrent_requests_per_batch: 50
storage:
  backends:
    kv_default: {type: kv_sqlite, db_path: FOLDER/kv.db}
    sql_default: {type: sql_sqlite, db_path: FOLDER/sql.db}
  stores:
    metadata: {namespace: registry, backend: kv_default}
    inference: {table_name: inference_store, backend: sql_default, enabled: false}
    conversations: {table_name: openai_conversations, backend: sql_default}
    prompts: {table_name: prompts, backend: sql_default}
    connectors: {table_name: connectors, backend: sql_default}
registered_resources:
  models:
  - {model_id: m, provider_id: all, provider_model_id: m, model_type: llm}
server: {host: 127.0.0.1, port: PORT}
"""
JOB = """local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" }, big = s.bool } },
  s.dispatch { s.openai { model = "m", base_url = "URL/v1", key = "k", price = { input = 1, output = 2 },
                          max_output_tokens = 500, tiers = { { "batch", requests = LINES, search = "2s", window = "WINDOW" } } } },
  s.sink { "out.jsonl" },
}
"""


def get(url):
    with urllib.request.urlopen(url, timeout=20) as reply:
        return json.load(reply)


def until(holds, seconds):
    """Whether `holds` within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


class Ogx:
    """A server with an empty folder; start() and kill() may be called in turn."""

    def __init__(self, python, upstream, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.python, self.folder, self.url = python, folder, f"http://127.0.0.1:{self.port}"
        text = CONFIG.replace("UPSTREAM", upstream).replace("FOLDER", str(folder)).replace("PORT", str(self.port))
        (folder / "config.yaml").write_text(text)

    def start(self):
        environment = dict(os.environ, OGX_CONFIG_DIR=str(self.folder / "home"), HF_HUB_OFFLINE="1", OTEL_SDK_DISABLED="true")
        self.child = subprocess.Popen(
            [self.python.parent / "ogx", "run", self.folder / "config.yaml", "--port", str(self.port), "--insecure"],
            cwd=self.folder, env=environment, stdout=open(self.folder / "ogx.log", "a"), stderr=subprocess.STDOUT)
        assert until(lambda: get(self.url + "/v1/health"), 120), "OGX does not come up: " + str(self.folder / "ogx.log")

    def kill(self):
        self.child.kill()  # this one, by its process
        self.child.wait()

    def batches(self):
        """All of them, whatever became of them."""
        found, after = [], ""
        while True:
            page = get(f"{self.url}/v1/batches?limit=100{after}")
            found += page["data"]
            if not page["has_more"]:
                return found
            after = "&after=" + page["data"][-1]["id"]


class Job:
    def __init__(self, program, ogx, mock, folder, rows, lines, window):
        self.program, self.ogx, self.mock, self.folder, self.rows = program, ogx, mock, folder, rows
        (folder / "in.jsonl").write_text("".join(
            json.dumps({"id": f"T-{i}", "text": f"row number {i}"}) + "\n" for i in range(rows)))
        text = JOB.replace("URL", ogx.url).replace("LINES", str(lines)).replace("WINDOW", window)
        (folder / "job.lua").write_text(text)

    def start(self):
        return subprocess.Popen([self.program, "run", "job.lua"], cwd=self.folder,
                                stdout=open(self.folder / "run.log", "a"), stderr=subprocess.STDOUT)

    def stats(self):
        return get(self.mock.url + "/stats")

    def finish(self, exact):
        """To its end, with all that must hold then."""
        began = time.monotonic()
        status = self.start().wait()
        assert status == 0, (status, (self.folder / "run.log").read_text()[-3000:])
        rows = collections.Counter(json.loads(line)["id"] for line in (self.folder / "out.jsonl").open())
        assert len(rows) == self.rows and set(rows.values()) == {1}, (len(rows), rows.most_common(3))
        subprocess.run([self.program, "audit", "job.lua"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        nonces = collections.Counter(batch["metadata"]["sluice"] for batch in self.ogx.batches())
        assert set(nonces.values()) == {1}, nonces.most_common(3)
        said = subprocess.run([self.program, "status", "--json", "job.lua"], cwd=self.folder, check=True, capture_output=True)
        ledger, mock = json.loads(said.stdout)["ledger"], self.stats()
        maybe = ledger["maybe_billed"]
        for kind in ("input_tokens", "output_tokens"):
            assert ledger[kind] <= mock[kind] <= ledger[kind] + maybe[kind], (kind, ledger, mock)
        if exact:  # the mock is asked online, and a batch costs half
            assert maybe["requests"] == 0 and 2 * ledger["cost_picodollars"] == mock["cost_picodollars"], (ledger, mock)
            assert ledger["answered"] == mock["answered"] == self.rows
        print(f"{self.rows} rows in {len(nonces)} batches, {mock['answered']} answered by the mock, {maybe['requests']} maybe "
              f"billed; the last run took {time.monotonic() - began:.1f} s", flush=True)


def left_alone(job):
    job.finish(True)


def killed(job):
    """At moments spread over its whole way: before, while and after its batches are handed over, run and collected."""
    dice = random.Random(int(os.environ.get("SLUICE_KILL_SEED", "1")))
    kills = 0
    for _ in range(int(os.environ.get("SLUICE_OGX_KILLS", "20"))):
        run = job.start()
        time.sleep(dice.random() * dice.choice((0.3, 1.5, 5)))
        run.kill()  # this one, by its process
        kills += run.wait() != 0
    print(f"{kills} kills", end=": ")
    job.finish(True)


def server_killed(job):
    run = job.start()
    assert until(lambda: job.stats()["answered"] > job.rows // 4, 60), "the server asks nothing"
    job.ogx.kill()
    job.ogx.start()
    stuck = sum(batch["status"] in ("in_progress", "validating") for batch in job.ogx.batches())
    run.kill()  # this one, by its process; and so that another one goes on with what is stuck
    run.wait()
    print(f"{stuck} stuck", end=": ")
    assert stuck > 0
    job.finish(False)


def python_of_3_12():
    roots = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"
    for python in [sys.executable, *map(shutil.which, ("python3.14", "python3.13", "python3.12")), *roots.glob("3.1[2-9]*/bin/python3")]:
        if python and subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"],
                                    stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    rows, interpreter = int(os.environ.get("SLUICE_OGX_ROWS", "0")), python_of_3_12()
    if rows == 0 or interpreter is None:
        print("skipped: " + ("SLUICE_OGX_ROWS is not set" if rows == 0 else "there is no Python of 3.12 or later"))
        return clients.SKIPPED
    sys.executable = interpreter
    try:
        python = clients.python_clients(folder / "venv", HERE / "requirements.txt")
    except subprocess.CalledProcessError as error:
        print(f"skipped: OGX could not be installed from PyPI: {error}")
        return 1 if os.environ.get("CI") else clients.SKIPPED
    few = max(200, rows // 10)
    for check, count, lines, window in ((left_alone, rows, 1000, "1h"), (killed, few, few // 10, "1h"),
                                        (server_killed, few, few // 8, "30s")):
        with tempfile.TemporaryDirectory(prefix="sluice-ogx-") as scratch, \
                Mock(program, "--price-in", "1", "--price-out", "2", "--latency-ms", "2") as mock:
            scratch = pathlib.Path(scratch)
            (scratch / "server").mkdir()
            ogx = Ogx(python, mock.url, scratch / "server")
            try:
                ogx.start()
                print(check.__name__, end=": ", flush=True)
                check(Job(program, ogx, mock, scratch, count, lines, window))
            finally:
                ogx.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
