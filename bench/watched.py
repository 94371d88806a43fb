#!/usr/bin/env python3
"""What it costs a job to be watched: whole jobs of the release program against the mock on loopback, interleaved.

  bench/watched.py [--siege]            ROWS (60000), FAST_ROWS (400000), ROUNDS (7)

Each round runs the job alone, then with all of it on: --listen, scraped every second, a page's own requests as often as it
makes them, and traces and metrics exported to a collector that takes them and does nothing. With --siege instead: with --listen, and
a thousand slow and broken clients at the listener (siege.py). Once at a provider's pace (100 ms, one
row a request), where a job waits for the network, and once as fast as the processor allows, where all that anybody does on this
machine takes from it: the clients here too, which a real job's machine does not have.
"""
import http.server, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, threading, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import SLUICE, Mock, job_in, write_rows  # noqa: E402

# What is asked, and every how many seconds: by Prometheus, and by one open page.
ASKED = (("/metrics", 1), ("/api/state", 1), ("/api/timeline", 5), ("/api/answers?limit=50", 3))


class Collector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    class Taker(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Taker)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def look(port, until):
    """Asks as Prometheus and a page do, until the job has gone. How often."""
    count, due = 0, {path: 0.0 for path, _ in ASKED}
    while not until.is_set():
        for path, every in ASKED:
            if time.monotonic() < due[path]:
                continue
            due[path] = time.monotonic() + every
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
                    reply.read()
                count += 1
            except OSError:
                return count
        until.wait(0.05)
    return count


def run(folder, mock, rows, per, watched, collector, siege):
    job = job_in(folder)
    settings = {"base_url": mock.url, "input": rows, "rows": per}
    command = [SLUICE, "run", job, "--log", "json"] + [a for k, v in settings.items() for a in ("--set", f"{k}={v}")]
    env = dict(os.environ)
    if watched:
        command += ["--listen", "0"]
    if watched and not siege:
        env["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.server_port}"
        env["OTEL_METRIC_EXPORT_INTERVAL"] = "1000"
    errors = folder / "errors"
    with open(errors, "w") as to, open(folder / "out", "w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=to, env=env)
    gone, asked = threading.Event(), []
    if watched:
        while "watch it at" not in errors.read_text():
            time.sleep(0.01)
        text = errors.read_text()
        port = int(text[text.index("127.0.0.1:") + 10:].split("/")[0])
        if siege:
            besiegers = subprocess.Popen([sys.executable, pathlib.Path(__file__).parent / "siege.py", str(port)])
        else:
            looking = threading.Thread(target=lambda: asked.append(look(port, gone)))
            looking.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    gone.set()
    if watched and siege:
        besiegers.terminate()
        besiegers.wait()
    elif watched:
        looking.join()
    if process.returncode != 0:
        sys.exit(f"{command}: exit {process.returncode}\n{errors.read_text()[-2000:]}")
    summary = json.loads((folder / "out").read_text().strip().splitlines()[-1])
    return {"seconds": summary["elapsed_s"], "mb": usage.ru_maxrss / 1024, "cpu": usage.ru_utime + usage.ru_stime,
            "asked": asked[0] if asked else 0}


def main(scratch, siege):
    rounds = int(os.environ.get("ROUNDS", 7))
    collector = Collector()
    for title, latency, count in (("at a provider's pace", "100", int(os.environ.get("ROWS", 60000))),
                                  ("as fast as it can be", "0", int(os.environ.get("FAST_ROWS", 400000)))):
        rows = scratch / "rows.jsonl"
        rows.unlink(missing_ok=True)
        write_rows(rows, 0, count)
        results = {False: [], True: []}
        with Mock("--latency-ms", latency) as mock:
            for _ in range(rounds):
                for watched in results:
                    folder = scratch / "job"
                    folder.mkdir()
                    results[watched].append(run(folder, mock, rows, 1, watched, collector, siege))
                    shutil.rmtree(folder)
        middle = {w: {k: statistics.median(r[k] for r in results[w]) for k in results[w][0]} for w in results}
        for watched, name in ((False, "alone"), (True, "besieged" if siege else "watched")):
            m = middle[watched]
            print(f"{title:22} {name:8} {count / m['seconds']:9,.0f} rows/s  cpu {m['cpu']:6.2f} s  peak {m['mb']:6.1f} MB"
                  f"  asked {m['asked']:.0f} times", flush=True)
        ratios = [a["seconds"] / w["seconds"] for a, w in zip(results[False], results[True])]
        print(f"{title:22} ratio    {statistics.median(ratios):9.3f} of the rows/s alone (pairs: "
              f"{', '.join(f'{r:.3f}' for r in ratios)})  {middle[True]['mb'] - middle[False]['mb']:+.1f} MB", flush=True)


if __name__ == "__main__":
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-watched-"))
    try:
        main(scratch, sys.argv[1:] == ["--siege"])
    finally:
        shutil.rmtree(scratch)
