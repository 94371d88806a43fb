#!/usr/bin/env python3
"""A listener like that of `sluice run --listen`, with a job that does not exist: what the dashboard shows of states that a
short run does not reach (batches, an open breaker, hours of a course, another's text in each place that shows text).

  dashboard_stub.py [PORT [TOKEN]]   serves it until it is ended
"""
import http.server
import json
import math
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
BIDI = "invoice \u202egnp.exe\u202c and\u2066 more\u2069"
ARABIC = "الفاتورة رقم 1204 خاطئة"
TOTAL = 400_000
BODIES = ["The invoice of May is wrong: we were charged twice for the same seats, and support has not answered since Monday.",
          "Cannot log in since the update, the page stays white.", "Please add our new colleague to the project.",
          "The export stops at 10,000 lines. " + "It would help to see how far it came. " * 12]


def joined(name):
    """A file of the program, put together as web/CMakeLists.txt says."""
    with open(os.path.join(ROOT, "web", "CMakeLists.txt")) as file:
        found = re.search(rf"^sluice_joined\({re.escape(name)} (.*)\)$", file.read(), re.M)
    text = ""
    for part in found.group(1).split():
        with open(os.path.join(ROOT, "web", part)) as file:
            text += file.read()
    return text


class Job:
    """Two runs, the second of them now; a row each few milliseconds."""

    def __init__(self, seconds=4000, night=True):
        self.run, self.live, self.why, self.state = "r1", True, "", "running"
        self.control, self.token = True, None
        self.budget, self.rejects_on = 20.0, True
        self.points, self.rows, self.spent, self.worked = [], 0.0, 0.0, 0.0
        now = time.time()
        gap = 8 * 3600 if night else 0
        begin = now - seconds - gap
        self.runs = [{"began": begin, "end": "stopped" if night else "", "why": "you stopped it" if night else ""}]
        if night:
            self.runs.append({"began": now - 0.6 * seconds, "end": "", "why": ""})
        self.started = self.runs[-1]["began"]
        for second in range(seconds):
            self.at = begin + second + (gap if second >= 0.4 * seconds else 0)
            self.step()
        self.at = now

    def step(self):
        self.worked += 1
        w = self.worked
        self.flight = 64 + 40 * (w % 1500 > 700) + int(5 * math.sin(w / 7))
        rate = (70 + 25 * (w % 1500 > 700) + 6 * math.sin(w / 40) + 3 * math.sin(w / 3)) * min(1, w / 30)
        self.rows = min(TOTAL, self.rows + rate)
        self.spent += rate * 0.00004 * (1 + 0.12 * (w % 1500 > 700) + 0.05 * math.sin(w / 90))
        self.points.append((self.at, w, int(self.rows), self.rejected(), self.spent, int(self.rows * 40), self.flight,
                            200 + int(w) % 23, int(w / 30), int(w / 90), "eu: requests per minute"))

    def rejected(self):
        return int(self.rows / 900) if self.rejects_on else 0

    def move(self):
        while self.state in ("running", "stopping") and self.at + 1 <= time.time():
            self.at += 1
            self.step()
            if self.rows >= TOTAL:
                self.state = "finished"

    def restart(self):
        self.run += "x"
        self.state, self.why, self.started = "running", "", time.time()
        self.at = time.time()
        self.runs.append({"began": self.at, "end": "", "why": ""})

    def state_json(self):
        self.move()
        running = self.state in ("running", "paused", "stopping")
        answered = int(self.rows) - self.rejected()
        rate = self.points[-1][2] - self.points[-20][2] if len(self.points) > 20 else 0
        rate = rate / 19 if self.state == "running" else 0
        return {
            "job": "tickets", "file": "tickets.lua", "version": "0.9.0", "pid": 1234, "run": self.run, "live": self.live,
            "state": self.state, "phase": "waiting for the rate limit of eu" if running else "", "why": self.why,
            "control": self.control, "token_needed": False, "time": time.time(), "started": self.started,
            "elapsed_s": time.time() - self.started, "question": 1, "questions": 2, "title": "level 1 of 2",
            "rows": {"read": int(self.rows) + 84 + 300, "answered": answered, "rejected": self.rejected(), "pending": 384,
                     "total": TOTAL, "total_is_estimate": True},
            "rows_per_second": rate, "tokens_per_second": rate * 40, "limit": "eu: requests per minute",
            "requests": {"answered": int(self.rows / 5), "failed": int(self.worked / 90), "in_flight": self.flight if running else 0,
                         "waiting": 20 if running else 0},
            "tokens": {"input": int(self.rows * 31), "cached": 0, "output": int(self.rows * 9), "reasoning": 0},
            "money": {"spent_usd": self.spent, "spent_text": f"{self.spent:.12f}", "budget_usd": self.budget,
                      "projected_usd": self.spent / max(1, self.rows) * TOTAL if running else None,
                      "maybe_billed_usd": 0.0, "maybe_billed_text": "0", "reserved_usd": 0.2},
            "left_s": (TOTAL - self.rows) / rate if rate else None, "until_deadline_s": self.started + 6000 - time.time(),
            "endpoints": self.endpoints(), "batches": self.batches(), "rejects": self.reasons()}

    def endpoints(self):
        one = {"model": "gpt-5.4-mini", "tier": "standard", "max": 256, "quota": "requests per minute", "learned_rpm": None,
               "rate_limited": 0, "problem": "", "errors": []}
        return [
            one | {"name": "eu", "health": "fine", "in_flight": self.flight, "cap": 128, "quota_used": 0.93,
                   "answered": int(self.rows / 6), "failed": 3, "median_s": 0.81, "tail_s": 2.1,
                   "errors": [{"cause": "rate_limit", "count": int(self.worked / 30)}, {"cause": "timeout", "count": 1}],
                   "input_tokens": int(self.rows * 26), "output_tokens": int(self.rows * 8), "cost_usd": self.spent * 0.8},
            one | {"name": "us-east", "health": "broken", "in_flight": 0, "cap": 32, "quota_used": 0.18, "answered": 1204,
                   "failed": 44, "median_s": 0.98, "tail_s": 2.61, "errors": [{"cause": "server_error", "count": 44}],
                   "problem": "HTTP 500 (server_error): The server is out of order. " + SCRIPT,
                   "input_tokens": 8100, "output_tokens": 2650, "cost_usd": self.spent * 0.2},
            one | {"name": "batch", "tier": "batch", "health": "fine", "in_flight": None, "cap": 8, "quota_used": None,
                   "quota": "", "answered": 3000, "failed": 0, "median_s": None, "tail_s": None, "input_tokens": 93000,
                   "output_tokens": 27000, "cost_usd": 0.11}]

    def batches(self):
        return [{"name": "s1a2b3", "endpoint": "batch", "phase": "created", "word": "in_progress", "requests": 3000, "rows": 3000,
                 "done": 1200 + int(self.worked) % 1000, "failed": 0, "age_s": 720.0, "note": ""},
                {"name": "s1a2b4", "endpoint": "batch", "phase": "created", "word": "validating", "requests": 3000, "rows": 3000,
                 "done": 0, "failed": 0, "age_s": 65.0, "note": BIDI}]

    def reasons(self):
        most = self.rejected()
        return [] if most < 4 else [
            {"stage": "parse", "reason": "bad_answer", "rows": most - 3, "example": IMAGE + " T-17: urgency must be at most 5, got 9"},
            {"stage": "validate", "reason": "invalid_field", "rows": 3, "example": "7: body must be at least 1 characters, got 0"}]

    def answer(self, n):
        row = {"id": f"T-{n}", "body": BODIES[n % 4], "queue": ["billing", "bug", "access"][n % 3], "urgency": n % 5 + 1}
        if n % 7 in (1, 2, 3, 4):
            row["body"] = [SCRIPT + " please", IMAGE, BIDI, ARABIC][n % 7 - 1]
        return row

    def reject(self, n):
        few = n % 50 == 0
        return {"key": f"R-{n}" + SCRIPT * (n % 4 == 1), "stage": "validate" if few else "parse",
                "reason": "invalid_field" if few else "bad_answer", "detail": f"urgency must be at most 5, got {n % 90 + 6}",
                "history": ["eu: HTTP 200: urgency must be at most 5", BIDI], "row": {"id": f"R-{n}", "body": BIDI if n % 3 else IMAGE}}

    def timeline(self):
        self.move()
        step = -(-len(self.points) // 1024)
        kept = self.points[::-1][::step][::-1]
        names = ("at", "worked", "rows", "rejected", "spent", "tokens", "in_flight", "waiting", "refused", "failed", "limit")
        columns = zip(*kept) if kept else [[] for _ in names]
        return {name: list(column) for name, column in zip(names, columns)} | {"runs": self.runs}

    def lines(self, make, count, query):
        self.move()
        most, sought = int(query.get("limit", 50)), query.get("q", "").lower()
        at, found, looked = int(query.get("before", count)), [], 0
        while at > 0 and len(found) < most and looked < 3000:
            at -= 1
            looked += 1
            row = make(at)
            if sought in json.dumps(row, ensure_ascii=False, separators=(",", ":")).lower():
                found.append(row)
        return {"rows": found, "next": at or None, "complete": len(found) == most or at == 0, "scanned_bytes": looked * 200}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections.append(self.connection)

    def log_message(self, *_):
        pass

    def send(self, status, kind, body, **headers):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store",
                            "X-Content-Type-Options": "nosniff", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value, status=200):
        self.send(status, "application/json", json.dumps(value))

    def allowed(self):
        return self.headers.get("Authorization") == f"Bearer {self.server.token}"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query, job = dict(urllib.parse.parse_qsl(query)), self.server.job
        self.server.asked.append(self.path)
        charts = os.path.join(ROOT, "build", "uplot")
        if path == "/":
            with open(os.path.join(ROOT, "web", "dashboard.html")) as file:
                self.send(200, "text/html; charset=utf-8", file.read(), Content_Security_Policy=POLICY)
        elif path in ("/dashboard.css", "/dashboard.js"):
            self.send(200, "text/css" if path.endswith("css") else "text/javascript; charset=utf-8", joined(path[1:]))
        elif path in ("/chart.css", "/chart.js") and self.server.charts:
            with open(os.path.join(charts, "uPlot.min.css" if path.endswith("css") else "uPlot.iife.min.js")) as file:
                self.send(200, "text/css" if path.endswith("css") else "text/javascript; charset=utf-8", file.read())
        elif path.startswith("/api/") and self.server.locked and not self.allowed():
            self.json({"error": "This needs the token."}, 401)
        elif path == "/api/state":
            self.json(job.state_json() | {"token_needed": self.server.locked})
        elif path == "/api/timeline":
            self.json(job.timeline())
        elif path == "/api/answers":
            self.json(job.lines(job.answer, int(job.rows) - job.rejected(), query))
        elif path == "/api/rejects":
            self.json(job.lines(job.reject, job.rejected(), query))
        else:
            self.json({"error": "There is no such page."}, 404)

    def do_POST(self):
        body, job = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.server.job
        if not job.control:
            return self.json({"error": "Control is off: set SLUICE_LISTEN_TOKEN."}, 403)
        if not self.allowed():
            return self.json({"error": "The token is missing or wrong."}, 401)
        if self.path == "/api/budget":
            job.budget = float(json.loads(body)["usd"])
        else:
            state = {"/api/stop": "stopping", "/api/pause": "paused", "/api/resume": "running"}[self.path]
            if job.state in ("finished", "stopped"):
                return self.json({"error": "The run has ended."}, 409)
            job.state, job.at = state, time.time()
        self.json({"ok": True, "state": job.state})


class Stub(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, job, port=0, token="secret", locked=False, charts=True):
        super().__init__(("127.0.0.1", port), Handler)
        self.job, self.token, self.locked, self.charts, self.asked = job, token, locked, charts, []
        self.connections = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the browser has gone
            super().handle_error(request, client_address)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def end(self):
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the browser has closed it


if __name__ == "__main__":
    stub = Stub(Job(), int(sys.argv[1]) if len(sys.argv) > 1 else 0, sys.argv[2] if len(sys.argv) > 2 else "secret")
    print(stub.url, flush=True)
    stub.thread.join()
