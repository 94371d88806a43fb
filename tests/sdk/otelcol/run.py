#!/usr/bin/env python3
"""What sluice exports by OTLP, as a collector writes it down: run.py FOLDER [--sample PROGRAM] [--job SLUICE]

--sample: the program telemetry_sample, which exports made-up requests and says what these come to. --job: sluice itself runs a
job of 300 rows against its mock, whose ledger (`sluice status --json`) is what the spans must come to.

With SLUICE_OTELCOL set (the long suite) the collector is OpenTelemetry's own, whose file exporter shows what it was sent. It is
built in FOLDER once, which takes Go 1.26 or later and modules from the Go proxy; where these cannot be had, that is skipped (exit
77), unless CI is set. Else a stand-in of a few lines of Python takes its place.
"""
import argparse
import collections
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import collectors  # noqa: E402
from mock import Mock  # noqa: E402

SKIPPED = 77
ROWS = 300
JOB = """local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { s.openai { model = "m", base_url = "URL/v1", key = "a-secret-key", price = { input = 1, output = 2 },
                          max_output_tokens = 500 } },
  s.sink { "out.jsonl" },
}
"""


def plain(attributes):
    """By name, of values as OTLP's JSON has them."""
    out = {}
    for attribute in attributes:
        (kind, value), = attribute["value"].items()
        out[attribute["key"]] = int(value) if kind == "intValue" else value
    assert len(out) == len(attributes), attributes
    return out


class Collected:
    """What came to a collector, with all that must hold of it whoever sent it."""

    def __init__(self, bodies):
        self.spans, self.metrics, self.resources = [], {}, []
        for body in bodies:
            for group in body.get("resourceSpans", []):
                self.resources.append(plain(group["resource"]["attributes"]))
                for scope in group["scopeSpans"]:
                    assert scope["scope"]["name"] == "sluice", scope["scope"]
                    self.spans += scope["spans"]
            for group in body.get("resourceMetrics", []):
                self.resources.append(plain(group["resource"]["attributes"]))
                for scope in group["scopeMetrics"]:
                    for metric in scope["metrics"]:
                        self.metrics[metric["name"]] = metric  # sums since the start: the last counts
        ids = [span["spanId"] for span in self.spans]
        assert len(set(ids)) == len(ids), "two spans share an id"
        for span in self.spans:
            assert re.fullmatch("[0-9a-f]{32}", span["traceId"]) and re.fullmatch("[0-9a-f]{16}", span["spanId"]), span
            assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]), span
            span["attributes"] = plain(span["attributes"])
        self.roots = [span for span in self.spans if not span.get("parentSpanId")]
        self.attempts = [span for span in self.spans if span.get("parentSpanId")]
        roots = {span["spanId"]: span for span in self.roots}
        children = collections.Counter()
        for span in self.attempts:
            root = roots[span["parentSpanId"]]
            assert span["traceId"] == root["traceId"] and span["kind"] == 3 and root["kind"] == 1, span
            children[root["spanId"]] += 1
        for span in self.roots:
            assert span["name"] == "request" and span["attributes"]["sluice.attempts"] == children[span["spanId"]], span
        for resource in self.resources:
            assert resource == self.resources[0], resource

    def sum(self, name):
        return sum(span["attributes"].get(name, 0) for span in self.attempts)

    def points(self, name):
        metric = self.metrics[name]
        (kind,) = {"sum", "gauge", "histogram"} & metric.keys()
        return [(plain(point.get("attributes", [])), point) for point in metric[kind]["dataPoints"]]

    def holds(self, expected, requests):
        """That they are the spans of so many requests, and of attempts that come to what is expected."""
        assert len(self.roots) == requests, (len(self.roots), requests)
        assert len(self.attempts) == expected["attempts"], (len(self.attempts), expected)
        failed = [span for span in self.attempts if "error.type" in span["attributes"]]
        assert len(failed) == expected["failed"], (len(failed), expected)
        for span in failed:
            assert span["status"] == {"code": 2, "message": span["attributes"]["error.type"]}, span
        assert self.sum("gen_ai.usage.input_tokens") == expected["input_tokens"], expected
        assert self.sum("gen_ai.usage.output_tokens") == expected["output_tokens"], expected
        assert math.isclose(self.sum("sluice.cost_dollars"), expected["cost_usd"], rel_tol=1e-9), expected
        counted = sum(int(point["count"]) for _, point in self.points("gen_ai.client.operation.duration"))
        cancelled = sum(span["attributes"].get("sluice.cancelled", False) for span in self.attempts)
        assert counted == expected["attempts"] - cancelled, (counted, cancelled, expected)
        tokens = {labels["gen_ai.token.type"]: 0 for labels, _ in self.points("gen_ai.client.token.usage")}
        for labels, point in self.points("gen_ai.client.token.usage"):
            tokens[labels["gen_ai.token.type"]] += point["sum"]
        assert tokens == {"input": expected["input_tokens"], "output": expected["output_tokens"]}, (tokens, expected)
        dropped = [int(point["asInt"]) for _, point in self.points("sluice_telemetry_dropped_total")]
        assert dropped == [0, 0], dropped


def environment(collector):
    return dict({name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
                OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
                OTEL_RESOURCE_ATTRIBUTES="team=data", OTEL_BSP_SCHEDULE_DELAY="100", OTEL_METRIC_EXPORT_INTERVAL="200")


def check_sample(program, collector, scratch):
    with collector:
        said = subprocess.run([program], env=environment(collector), capture_output=True, text=True)
    assert said.returncode == 0 and not said.stderr, said.stderr
    expected = json.loads(said.stdout)
    assert expected["dropped"] == 0, expected
    collected = Collected(collector.bodies())
    collected.holds(expected, expected["requests"])
    (labels, point), = collected.points("sluice_rows_total")
    assert labels == {"result": "answered"} and int(point["asInt"]) == expected["rows"], point
    resource = {"service.name": "sluice", "team": "data", "service.instance.id": "sample:1", "sluice.job": "sample"}
    assert resource.items() <= collected.resources[0].items(), collected.resources[0]
    assert "secret" not in json.dumps(collector.bodies()), "a text of a server or a row was sent"
    return f"sample: {len(collected.roots)} requests, {len(collected.attempts)} attempts, {len(collected.metrics)} metrics"


def check_job(program, collector, scratch):
    (scratch / "in.jsonl").write_text("".join(
        json.dumps({"id": f"T-{i}", "text": f"confidential row {i}"}) + "\n" for i in range(ROWS)))
    with Mock(program, "--error-429", "0.1", "--error-wait-ms", "10", "--error-500", "0.05", "--latency-ms", "5") as mock, collector:
        (scratch / "job.lua").write_text(JOB.replace("URL", mock.url))
        run = subprocess.run([program, "run", "job.lua"], cwd=scratch, env=environment(collector), capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    status = json.loads(subprocess.run([program, "status", "job.lua", "--json"], cwd=scratch, check=True, capture_output=True,
                                       text=True).stdout)
    ledger = status["ledger"]
    assert status["rows"]["answered"] == ROWS, status
    collected = Collected(collector.bodies())
    collected.holds({"attempts": ledger["requests"], "failed": ledger["failed"], "input_tokens": ledger["input_tokens"],
                     "output_tokens": ledger["output_tokens"], "cost_usd": ledger["cost_usd"]}, ledger["answered"])
    assert sum(span["attributes"]["sluice.rows"] for span in collected.roots) == ROWS
    for span in collected.attempts:
        assert span["name"] == "chat m" and span["attributes"]["server.port"] == int(mock.url.rsplit(":", 1)[1]), span
    assert collected.resources[0]["service.name"] == "sluice" and collected.resources[0]["sluice.job"] == "job", collected.resources[0]
    sent = json.dumps(collector.bodies())
    for secret in ("confidential", "a-secret-key"):
        assert secret not in sent, secret
    return f"job: {len(collected.roots)} requests, {len(collected.attempts)} attempts, {ledger['cost_usd']} dollars, " \
           f"{len(collected.metrics)} metrics"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--sample", type=pathlib.Path)
    arguments.add_argument("--job", type=pathlib.Path)
    given = arguments.parse_args()
    folder = given.folder.resolve()
    checks = [(check, program.resolve()) for check, program in ((check_sample, given.sample), (check_job, given.job)) if program]
    make = lambda scratch: collectors.StandIn()  # noqa: E731
    if os.environ.get("SLUICE_OTELCOL"):
        try:
            built = collectors.build(HERE, folder)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"skipped: the collector could not be built, which takes Go 1.26 (https://go.dev/dl/) and the Go proxy: {error}")
            return 1 if os.environ.get("CI") else SKIPPED
        make = lambda scratch: collectors.Collector(built, scratch)  # noqa: E731
    for check, program in checks:
        with tempfile.TemporaryDirectory(prefix="sluice-otelcol-") as scratch:
            print(check(program, make(pathlib.Path(scratch)), pathlib.Path(scratch)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
