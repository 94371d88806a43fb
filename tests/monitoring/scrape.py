#!/usr/bin/env python3
"""A run of sluice, scraped by Prometheus itself: scrape.py SLUICE

promtool must find nothing to say of /metrics; each metric and label there must be in metrics.txt; and what Prometheus has at the end
must be what `sluice status --json` says. Without Prometheus (Debian: prometheus) this is skipped (exit 77), unless CI is set.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "sdk"))
from mock import Mock  # noqa: E402
from run import MONITORING, SKIPPED, metrics  # noqa: E402

ROWS = 2000
WAIT = 60  # seconds for what must come
JOB = """local s = require "sluice"
return s.pipeline {
  name = "scraped",
  s.read { "in.jsonl", key = "id" },
  s.validate { text = s.text { min = 3 } },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch {
    s.openai { name = "a \\"quoted\\" name", model = "m", base_url = "URL/v1", price = { input = 0.13, output = 2.7 }, max_output_tokens = 500,
               rpm = 60000, max_concurrency = 100 },
    budget = "$5", deadline = "1h",
  },
  s.sink { "out.jsonl" },
}
"""
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.read().decode()


def until(holds, what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            found = holds()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"waited in vain for {what}")


def wrong_samples(text):
    known, wrong, seen = metrics(), [], set()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        sample = SAMPLE.match(line)
        if not sample:
            wrong.append(f"no sample: {line}")
            continue
        name, labels = sample[1], dict(LABEL.findall(sample[2] or ""))
        if name not in known:
            wrong.append(f"{name} is not in metrics.txt")
            continue
        seen.add(name)
        if labels.pop("job_name", None) != "scraped":
            wrong.append(f"no job_name: {line}")
        if labels.keys() != known[name].keys():
            wrong.append(f"other labels than in metrics.txt: {line}")
        wrong += [f"{k}={v} is not in metrics.txt: {line}" for k, v in labels.items() if known[name].get(k) and v not in known[name][k]]
    return wrong, seen


class Prometheus:
    def __init__(self, program, folder, target):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        config = folder / "prometheus.json"  # JSON is YAML
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(MONITORING / "alerts.yml")],
            "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [target]}]}]}))
        self.log = open(folder / "prometheus.log", "w+")
        self.child = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={self.url[7:]}"],
            stdout=self.log, stderr=self.log)

    def ask(self, expression):
        reply = json.loads(get(self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in reply["data"]["result"]}

    def one(self, expression):
        found = list(self.ask(expression).values())
        return found[0] if len(found) == 1 else None

    def end(self):
        self.child.terminate()
        self.child.wait()


def scraped(sluice, promtool, prometheus, folder):
    rows = [{"id": i, "text": "no" if i % 100 == 7 else f"row {i}"} for i in range(ROWS)]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    wrong = []
    with Mock(sluice, "--latency-ms", "200", "--error-429", "0.02") as mock:
        (folder / "job.lua").write_text(JOB.replace("URL", mock.url))
        errors = folder / "errors"
        run = subprocess.Popen([sluice, "run", "job.lua", "--listen", "0", "--linger", "10m"], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=open(errors, "w"))
        server = None
        try:
            address = until(lambda: re.search(r"http://(127\.0\.0\.1:\d+)/", errors.read_text()), "the listener")[1]
            server = Prometheus(prometheus, folder, address)
            until(lambda: 'state="running"} 1' in get(f"http://{address}/metrics") and "_bucket" in get(f"http://{address}/metrics"), "a run")
            until(lambda: server.one("up") == 1, "a scrape")
            for _ in range(3):
                text = get(f"http://{address}/metrics")
                linted = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
                if linted.returncode != 0 or linted.stdout + linted.stderr:
                    wrong.append(f"promtool check metrics: {linted.stdout}{linted.stderr}")
                found, seen = wrong_samples(text)
                wrong += found
            until(lambda: server.one('sluice_job_state{state="finished"}') == 1, "the end, as Prometheus has it")
            if not (server.one("histogram_quantile(0.5, sum by (le) (sluice_attempt_duration_seconds_bucket))") or 0) > 0.15:
                wrong.append("the median of the attempts is not what the mock takes")
            status = json.loads(subprocess.run([sluice, "status", "job.lua", "--json"], cwd=folder, capture_output=True, text=True).stdout)
            ledger = status["ledger"]
            for expression, value in (
                    ('sluice_rows{state="answered"}', status["rows"]["answered"]), ('sluice_rows{state="rejected"}', status["rows"]["rejected"]),
                    ("sum(sluice_cost_dollars_total)", ledger["cost_picodollars"] / 1e12),
                    ('sum(sluice_requests_total{outcome="answered"})', ledger["answered"]),
                    ('sum(sluice_requests_total{outcome="failed"})', ledger["failed"]),
                    ('sum(sluice_tokens_total{type="input"})', ledger["input_tokens"]),
                    ('sum(sluice_tokens_total{type="output"})', ledger["output_tokens"]),
                    ('sum(sluice_attempt_failures_total{cause="rate_limit"})', ledger["failed"])):
                got = server.one(expression)
                if got is None or abs(got - value) > 1e-12:
                    wrong.append(f"{expression} is {got}, and the ledger has {value}")
            rules = json.loads(get(server.url + "/api/v1/rules"))["data"]["groups"]
            wrong += [f"{rule['name']}: {rule['lastError']}" for group in rules for rule in group["rules"] if rule["health"] == "err"]
        finally:
            if server:
                server.end()
            run.terminate()
            run.wait()
    return wrong, len(seen), ledger["cost_usd"]


def main():
    sluice = os.path.abspath(sys.argv[1])
    prometheus, promtool = shutil.which("prometheus"), shutil.which("promtool")
    if not prometheus or not promtool:
        print("Prometheus is not installed: apt-get install prometheus")
        return 1 if os.environ.get("CI") else SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        wrong, seen, cost = scraped(sluice, promtool, prometheus, pathlib.Path(folder))
    if wrong:
        print("\n".join(dict.fromkeys(wrong)))
        return 1
    print(f"{seen} metrics scraped, promtool silent; Prometheus and the ledger agree on ${cost}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
