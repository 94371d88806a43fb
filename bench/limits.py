#!/usr/bin/env python3
"""How well the scheduler uses what servers permit: whole jobs of the release program on loopback.

  bench/limits.py known | unknown | limiters [RATE [BURST [STATUS]]] | refusals | tokens | knee | death [error|hang] |
                  budget | crowd

known    nginx limit_req at 600 requests/s (burst 60), the RPM in the pipeline file
unknown  the same, the RPM not told
limiters nginx limit_req at RATE requests/s (50, 600, 3000), with BURST ("60 nodelay", "60" or "0") and STATUS (429, 503),
         all of them where none are named; a job of SECONDS (default 40) each
refusals the mock refuses 2 % and 10 % at random, 429 and 503, with and without a retry-after of a second; 64 in flight
tokens   the mock with a token quota, rows of widely varying length, for MINUTES (default 10)
knee     the mock serving 64 at once, 200 ms each
death    two mocks of 300 requests/s, the first one dies in mid-job and comes back
budget   the mock's own bill beside the budget, then the budget raised
crowd    10,000 requests in flight at a server that takes 20 s
"""
import json, os, pathlib, random, resource, shutil, signal, subprocess, sys, tempfile, threading, time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLUICE = ROOT / "build/release/sluice"
WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike".split()


class Work:
    """A scratch directory and the servers started in it; all ended at the end."""

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sluice-limits-"))
        self.processes = []
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait()
        shutil.rmtree(self.dir)

    def rows(self, count, sizes=lambda: 40):
        """`count` JSON lines; `sizes()` is the length of each text."""
        with open(self.dir / "rows.jsonl", "w") as out:
            for i in range(count):
                text = ""
                size = sizes()
                while len(text) < size:
                    text += random.choice(WORDS) + " "
                out.write(json.dumps({"id": f"r{i}", "text": text[:size]}) + "\n")

    def mock(self, *options):
        """Starts a mock; returns (process, base URL)."""
        process = subprocess.Popen([SLUICE, "mock", *map(str, options)], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process, process.stdout.readline().split()[-1]

    def nginx(self, rate=600, burst="60", status=429):
        """limit_req at `rate` requests/s; returns the base URL. The log has a line a request."""
        burst = "" if burst == "0" else f"burst={burst}"
        answer = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "yes"}}], "usage": {"prompt_tokens": 20, "completion_tokens": 1}})
        port = free_port()
        (self.dir / "nginx.conf").write_text(f"""
            daemon off; worker_processes 1; pid {self.dir}/nginx.pid; error_log {self.dir}/error.log crit;
            worker_rlimit_nofile 20000;
            events {{ worker_connections 12000; }}
            http {{
              limit_req_zone $server_name zone=all:1m rate={rate}r/s;
              log_format short '$msec $status'; access_log {self.dir}/access.log short buffer=64k flush=1s;
              client_body_temp_path {self.dir}; proxy_temp_path {self.dir}; fastcgi_temp_path {self.dir};
              uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
              keepalive_requests 1000000;
              server {{
                listen 127.0.0.1:{port}; server_name limited; root {self.dir}/nothing;
                location / {{
                  limit_req zone=all {burst}; limit_req_status {status}; error_page 404 405 =200 @answer;
                }}
                location @answer {{ default_type application/json; return 200 '{answer}'; }}
              }}
            }}""")
        self.processes.append(subprocess.Popen(["nginx", "-c", self.dir / "nginx.conf", "-p", self.dir]))
        wait_until(lambda: (self.dir / "nginx.pid").exists())
        return f"http://127.0.0.1:{port}/v1"

    def pipeline(self, endpoints, dispatch="", name="limits"):
        lines = ",\n    ".join(f's.openai {{ model = "mock", {e} }}' for e in endpoints)
        (self.dir / "job.lua").write_text(f"""
local s = require "sluice"
return s.pipeline {{
  name = "{name}",
  s.read {{ "rows.jsonl", key = "id" }},
  s.pack {{ user = "{{{{text}}}}" }},
  s.dispatch {{
    {lines},
    {dispatch}
  }},
  s.sink {{ "out.jsonl" }},
}}
""")

    def start(self):
        return subprocess.Popen([SLUICE, "run", "job.lua", "--log", "json"], cwd=self.dir,
                                stdout=subprocess.PIPE, stderr=open(self.dir / "progress", "w"), text=True)

    def run(self):
        """The job to its end: (exit code, seconds, the JSON summary)."""
        begin = time.monotonic()
        job = self.start()
        out, _ = job.communicate()
        if not out.strip():
            sys.exit(open(self.dir / "progress").read())
        return job.returncode, time.monotonic() - begin, json.loads(out.strip().splitlines()[-1])

    def progress(self):
        return [json.loads(line) for line in open(self.dir / "progress") if line.startswith("{")]


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(done, seconds=20):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            sys.exit("a server did not come up")
        time.sleep(0.05)


def stats(url):
    with urllib.request.urlopen(url.rsplit("/", 1)[0] + "/stats") as reply:
        return json.load(reply)


def nginx_case(told):
    count = int(os.environ.get("REQUESTS", 60000))
    with Work() as work:
        work.rows(count)
        url = work.nginx()
        work.pipeline([f'base_url = "{url}"' + (", rpm = 36000" if told else "")])
        code, seconds, _ = work.run()
        time.sleep(1.5)  # nginx writes its log once a second
        log = [line.split() for line in open(work.dir / "access.log")]
        times = [float(t) for t, _ in log]
        start = min(times)
        refused = sum(1 for _, status in log if status == "429")
        ideal = (count - 60) / 600
        print(f"exit {code}; {count} requests in {max(times) - start:.2f} s at the server "
              f"({seconds:.2f} s with start and end), ideal {ideal:.2f} s: {(max(times) - start) / ideal - 1:+.2%}; "
              f"429: {refused} = {refused / count:.3%}")
        late = [(float(t), s) for t, s in log if float(t) - start >= 10]
        if late:
            good = sum(1 for _, s in late if s == "200")
            bad = sum(1 for _, s in late if s == "429")
            span = max(t for t, _ in late) - start - 10
            print(f"from the tenth second on: {good / span:.1f}/s = {good / span / 600:.2%} of the limit; "
                  f"429: {bad} = {bad / max(1, good + bad):.3%}")


def limiters(rates, bursts, statuses):
    seconds = int(os.environ.get("SECONDS", 40))
    print("| limit/s | burst | status | of the limit from second 10 on | refused | of the whole job | exit |\n|" + "---|" * 7)
    for rate in rates:
        for burst in bursts:
            for status in statuses:
                with Work() as work:
                    work.rows(rate * seconds)
                    work.pipeline([f'base_url = "{work.nginx(rate, burst, status)}"'])
                    code, _, summary = work.run()
                    time.sleep(1.5)  # nginx writes its log once a second
                    log = [(float(t), s) for t, s in (line.split() for line in open(work.dir / "access.log"))]
                    start = min(t for t, _ in log)
                    late = [(t, s) for t, s in log if t - start >= 10]
                    good = sum(1 for _, s in late if s == "200")
                    span = max(t for t, _ in late) - start - 10 if late else 1
                    bad = sum(1 for _, s in log if s != "200")
                    print(f"| {rate} | {burst} | {status} | {good / span / rate:.1%} | {(len(late) - good) / max(1, len(late)):.2%} "
                          f"| {bad} = {bad / len(log):.2%} | {code}", flush=True)


def refusals():
    count, clean = int(os.environ.get("REQUESTS", 4000)), None
    kinds = [(share, status, wait) for share in (0.02, 0.1) for status in (429, 503) for wait in (0, 1000)]
    for share, status, wait in [(0, 429, 0), *kinds]:
        with Work() as work:
            work.rows(count)
            _, url = work.mock("--latency-ms", 20, f"--error-{status}", share, "--error-wait-ms", wait)
            work.pipeline([f'base_url = "{url}", max_concurrency = 64'])
            code, seconds, _ = work.run()
            clean = clean or seconds
            print(f"{share:.0%} of {status}, retry-after {wait} ms: exit {code}, {seconds:.2f} s = {clean / seconds:.2f} of the "
                  f"clean speed; {stats(url)['requests']} requests for {count} rows", flush=True)


def tokens():
    minutes = float(os.environ.get("MINUTES", 10))
    tpm = 600_000
    random.seed(7)
    sizes = lambda: int(min(50_000, max(100, random.lognormvariate(7.6, 1.0))))
    with Work() as work:
        work.rows(int(minutes * 500), sizes)
        process, url = work.mock("--tpm", tpm, "--latency-ms", 800, "--latency-sigma", 0.3)
        work.pipeline([f'base_url = "{url}", tpm = {tpm}, max_output_tokens = 1000'], f'deadline = "{int(minutes * 60)}s"')
        begin = time.monotonic()
        code, seconds, summary = work.run()
        seen = stats(url)
        used = seen["input_tokens"] + seen["output_tokens"]
        span = min(seconds, minutes * 60)
        print(f"exit {code} after {seconds:.1f} s; tokens {used} = {used / (tpm / 60 * span):.2%} of the permitted; "
              f"requests {seen['requests']}; {json.dumps(seen.get('by_status', {}))}")


def knee():
    with Work() as work:
        work.rows(int(os.environ.get("REQUESTS", 40000)))
        process, url = work.mock("--slots", 64, "--latency-ms", 200)
        work.pipeline([f'base_url = "{url}", max_concurrency = 1000'])
        code, seconds, summary = work.run()
        series = [(p["elapsed_s"], p["rows_done"], p["endpoints"][0].get("concurrency")) for p in work.progress()
                  if p.get("event") == "progress" and p["endpoints"]]
        print("seconds, rows, concurrency:", series[:: max(1, len(series) // 12)])
        a, b = next(p for p in series if p[0] > 20), series[-2]
        rate = (b[1] - a[1]) / (b[0] - a[0])
        print(f"exit {code}; from {a[0]:.0f} s on {rate:.1f} rows/s; the knee's rate is {64 / 0.2:.0f}: {rate / 320:.2%}")


def death(kind):
    per_second = 300
    with Work() as work:
        work.rows(36000)
        (first, url_a), (_, url_b) = work.mock("--latency-ms", 100), work.mock("--latency-ms", 100)
        work.pipeline([f'base_url = "{u}", name = "{n}", rpm = {per_second * 60}, timeout = "2s"'
                       for u, n in ((url_a, "first"), (url_b, "second"))])
        job = work.start()
        begin = time.monotonic()
        series = []

        def served():
            counts = []
            for url in (url_a, url_b):
                try:
                    with urllib.request.urlopen(url.rsplit("/", 1)[0] + "/stats", timeout=0.3) as reply:
                        counts.append(json.load(reply)["by_status"].get("200", 0))
                except Exception:
                    counts.append(None)
            return counts

        def switch(on):
            if kind == "hang":
                first.send_signal(signal.SIGSTOP if on else signal.SIGCONT)
            else:
                body = json.dumps({"outage": "error" if on else "none"}).encode()
                urllib.request.urlopen(urllib.request.Request(
                    url_a.rsplit("/", 1)[0] + "/control", data=body, method="POST"))

        events = [(15, True), (35, False)]
        while job.poll() is None and time.monotonic() - begin < 150:
            now = time.monotonic() - begin
            if events and now >= events[0][0]:
                switch(events.pop(0)[1])
            series.append((now, *served()))
            time.sleep(0.5)
        out, _ = job.communicate()
        previous = None
        for t, a, b in series:
            if previous and t - previous[0] >= 0.9:
                rate = [None if x is None or y is None else round((x - y) / (t - previous[0]))
                        for x, y in zip((a, b), previous[1:])]
                print(f"{t:6.1f} s  first {rate[0]}/s  second {rate[1]}/s")
                previous = (t, a, b)
            elif not previous:
                previous = (t, a, b)
        for line in work.progress():
            if line.get("event") == "progress":
                print(round(line["elapsed_s"], 1), line["rows_done"],
                      [(e.get("state", ""), e["in_flight"], e["failed"]) for e in line["endpoints"]])
        print("exit", job.returncode, json.loads(out.strip().splitlines()[-1]).get("rows"),
              "output lines", sum(1 for _ in open(work.dir / "out.jsonl")))


def budget():
    with Work() as work:
        work.rows(20000, lambda: 300)
        process, url = work.mock("--latency-ms", 20, "--error-500", 0.02, "--reset", 0.02, "--price-in", 2, "--price-out", 8)
        price = f'base_url = "{url}", max_output_tokens = 200, price = {{ input = 2, output = 8 }}'
        for dollars in (0.5, 1.0, 50):
            work.pipeline([price], f'budget = "${dollars}"')
            code, seconds, summary = work.run()
            bill = stats(url)
            print(f"budget ${dollars}: exit {code}; the mock's bill {bill['cost_usd']}; summary {summary}")


def crowd():
    with Work() as work:
        work.rows(40000)
        process, url = work.mock("--latency-ms", 20000)
        work.pipeline([f'base_url = "{url}", max_concurrency = 10000, rpm = 6e6, timeout = "120s"'])
        code, seconds, summary = work.run()
        most = max(e["in_flight"] for p in work.progress() if p.get("event") == "progress" for e in p["endpoints"])
        print(f"exit {code} after {seconds:.1f} s (ideal 80); most in flight {most}; {summary}")


if __name__ == "__main__":
    case = sys.argv[1] if len(sys.argv) > 1 else ""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cases = {"known": lambda: nginx_case(True), "unknown": lambda: nginx_case(False), "refusals": refusals,
             "limiters": lambda: limiters([int(r) for r in sys.argv[2:3]] or [50, 600, 3000], sys.argv[3:4] or ["60 nodelay", "60", "0"],
                                          [int(s) for s in sys.argv[4:5]] or [429, 503]), "tokens": tokens,
             "knee": knee, "death": lambda: death(sys.argv[2] if len(sys.argv) > 2 else "error"),
             "budget": budget, "crowd": crowd}
    if case not in cases:
        sys.exit(__doc__)
    cases[case]()
