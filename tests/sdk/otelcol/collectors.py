"""Where telemetry goes in tests, for as long as a `with` lasts: the OpenTelemetry collector with its file exporter, or a stand-in
that keeps what it is sent. bodies() has all that came, as OTLP's JSON, once the `with` has ended."""
import gzip
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time

SOURCES = ("go.mod", "go.sum", "main.go")
CONFIG = """receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:PORT"}}}
exporters:
  file: {path: "FILE", flush_interval: 100ms}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [file]}
    metrics: {receivers: [otlp], exporters: [file]}
"""


class StandIn:
    """Takes OTLP as JSON, plain or compressed, and nothing else."""

    def __enter__(self):
        kept = self.kept = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                wanted = {"/v1/traces": "resourceSpans", "/v1/metrics": "resourceMetrics"}.get(self.path)
                good = wanted and self.headers["Content-Type"] == "application/json" and wanted in json.loads(body)
                if good:
                    kept.append(json.loads(body))
                reply = b'{"partialSuccess":{}}' if good else b"{}"
                self.send_response(200 if good else 400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def bodies(self):
        return self.kept


class Collector:
    """The program that build() has made."""

    def __init__(self, program, folder):
        self.program, self.folder, self.file = program, folder, folder / "collected.jsonl"

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        config = self.folder / "collector.yaml"
        config.write_text(CONFIG.replace("PORT", str(port)).replace("FILE", str(self.file)))
        self.child = subprocess.Popen([self.program, "--config", config], stderr=open(self.folder / "collector.log", "w"))
        end = time.monotonic() + 60
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.child.kill()
        raise AssertionError(f"the collector does not come up: {self.folder / 'collector.log'}")

    def __exit__(self, *_):
        self.child.terminate()  # this one, by its process; it writes what it still has
        self.child.wait(60)

    def bodies(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]


def build(here, folder):
    """The collector's program, made in `folder` when the last one was not of the same sources. CalledProcessError or
    FileNotFoundError where there is no Go, or its modules cannot be had."""
    program = folder / "otelcol"
    text = {name: (here / name).read_text() for name in SOURCES}
    stamp = folder / "built.json"
    if program.exists() and stamp.exists() and json.loads(stamp.read_text()) == text:
        return program
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in text.items():
        (folder / name).write_text(content)
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod")
    print("building the collector, which takes some minutes once", flush=True)
    subprocess.run(["go", "build", "-p", "1", "-o", program, "."], cwd=folder, env=environment, check=True)
    stamp.write_text(json.dumps(text))
    return program
