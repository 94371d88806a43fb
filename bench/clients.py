"""The clients that are measured: the command of each, what it says it did, and what it used.

A client is called with (url, rows file, number of rows) and gives a dict: rate (requests/s), cpu_s_per_100k
(user and system seconds for 100,000 requests), rss_mb (peak), and what else it has to tell. One that fails, or
that leaves rows out, ends the measurement.
"""
import json, math, os, pathlib, re, resource, shutil, socket, subprocess, tempfile, threading, time

from checkpoint import ROOT, SLUICE, job_in
from servers import on_core

BARE = ROOT / "build/release/bench_bare"
PEERS = ROOT / "bench/peers"
VENV, NODE = ROOT / "build/bench/venv", ROOT / "build/bench/node"
PYTHON_PACKAGES = ["aiohttp==3.14.5", "openai==3.57.0", "litellm==1.110.2"]
NODE_PACKAGES = ["node@24.15.0", "undici@7.30.2", "openai@6.49.0"]  # Debian 12's own Node is too old for them
LONGEST_S = 900


def install(folder, packages, commands):
    """Runs `commands` unless just these packages stand there already."""
    note = folder / "installed.txt"
    if note.exists() and note.read_text() == " ".join(packages):
        return
    print(f"installing {', '.join(packages)}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        subprocess.run([*command], check=True, stdout=subprocess.DEVNULL)
    note.write_text(" ".join(packages))


def install_peers():
    install(VENV, PYTHON_PACKAGES, [["python3", "-m", "venv", VENV],
                                    [VENV / "bin/pip", "install", "--quiet", *PYTHON_PACKAGES]])
    install(NODE, NODE_PACKAGES, [["npm", "install", "--prefix", NODE, "--no-audit", "--no-fund", "--silent", *NODE_PACKAGES]])


def memory_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return ""


class Watch(threading.Thread):
    """Reads the peak memory of a process while it runs, and kills it when it takes too long."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.over, self.peak = process, threading.Event(), 0
        self.start()

    def run(self):
        end = time.monotonic() + LONGEST_S
        while not self.over.wait(0.05):
            peak = re.search(r"VmHWM:\s*(\d+)", memory_of(self.process.pid))
            self.peak = max(self.peak, int(peak[1])) if peak else self.peak
            if time.monotonic() > end:
                self.process.kill()

    def peak_mb(self, used):
        """What the kernel tells at the end, unless that is no more than the memory of this very script: a child
        is born with its parent's peak."""
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (used.ru_maxrss if used.ru_maxrss > own or not self.peak else self.peak) / 1024


def measure(command, core=None, folder=None, extra_env=None):
    """Runs a command to its end: (stdout, stderr, seconds, CPU seconds, peak MB)."""
    command = [str(c) for c in on_core(core, command)]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder, env=os.environ | (extra_env or {}))
        watch = Watch(process)
        try:
            _, status, used = os.wait4(process.pid, 0)  # the only call that tells what this one process used
        except BaseException:
            process.kill()
            raise
        finally:
            watch.over.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - started
        out.seek(0), err.seek(0)
        out, err = out.read(), err.read()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nexit {process.returncode} after {took:.1f} s\n{out[-2000:]}{err[-2000:]}")
    return out, err, took, used.ru_utime + used.ru_stime, watch.peak_mb(used)


def figures(requests, seconds, cpu, rss, **more):
    return {"rate": requests / seconds, "cpu_s_per_100k": cpu / requests * 1e5, "rss_mb": rss,
            "requests": requests, "elapsed_s": seconds, "cpu_s": cpu, **more}


class Bench:
    """Makes clients; knows the scratch folder and whether they are bound to a core."""

    def __init__(self, scratch, core):
        self.scratch, self.core = pathlib.Path(scratch), core

    def sluice(self, durability="power", per=1, in_flight=200, ca_file=""):
        def run(url, rows, count):
            folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
            settings = {"base_url": url, "input": rows, "rows": per, "durability": durability,
                        "max_concurrency": in_flight, "ca_file": ca_file}
            sets = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
            out, err, took, cpu, rss = measure([SLUICE, "run", job_in(folder), "--log", "json", *sets], self.core, folder)
            shutil.rmtree(folder)
            summary = json.loads(out.strip().splitlines()[-1])
            if summary["rows_answered"] != count or summary["failed"]:
                raise SystemExit(f"sluice did not answer every row at once: {summary}")
            progress = [json.loads(line) for line in err.splitlines() if line.startswith('{"event":"progress"')]
            return figures(summary["requests"], summary["elapsed_s"], cpu, rss, rows_per_s=count / summary["elapsed_s"],
                           wall_s=took, progress=[(p["elapsed_s"], p["rows_done"]) for p in progress])
        return run

    def wrk(self, in_flight=200, per=1, seconds=3):
        """wrk with the very bytes that sluice sends."""
        script = self.scratch / f"wrk-{per}.lua"
        if not script.exists():
            script.write_text(wrk_script(self.first_request(per)))

        def run(url, rows, count):
            out, _, _, cpu, rss = measure(["wrk", "-t1", f"-c{in_flight}", f"-d{seconds}", "--timeout", "10s", "--latency",
                                           "-s", script, f"{url}/chat/completions"], self.core)
            if "Socket errors" in out or "Non-2xx" in out:
                raise SystemExit(out)
            requests = int(re.search(r"(\d+) requests in", out)[1])
            rate = float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1])
            return figures(requests, requests / rate, cpu, rss, rows_per_s=per * rate)
        return run

    def bare(self, in_flight=200, per=1):
        return self.peer([BARE], in_flight, per)

    def python(self, name, in_flight=200):
        return self.peer([VENV / "bin/python", PEERS / f"{name}_client.py"], in_flight)

    def node(self, name, in_flight=200):
        return self.peer([NODE / "node_modules/node/bin/node", PEERS / f"{name}.mjs"], in_flight)

    def peer(self, command, in_flight, per=1):
        def run(url, rows, count):
            target = self.scratch / "peer.jsonl"
            out, _, took, cpu, rss = measure([*command, url, rows, target, in_flight, *([per] if per > 1 else [])], self.core, extra_env={"BENCH_NODE": str(NODE)})
            said = json.loads(out.strip().splitlines()[-1])
            with open(target, "rb") as lines:
                written = sum(1 for _ in lines)
            if said["rows"] != count or written != count:
                raise SystemExit(f"{command}: {count} rows, answered {said['rows']}, written {written}")
            return figures(math.ceil(count / per), said["elapsed_s"], cpu, rss, rows_per_s=count / said["elapsed_s"], wall_s=took)
        return run

    def first_request(self, per):
        """The bytes of the first request that sluice sends for a pack of `per` rows."""
        from checkpoint import write_rows
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        write_rows(folder / "rows.jsonl", 0, per)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.settimeout(20)
            job = subprocess.Popen([SLUICE, "run", job_in(folder), "--set", f"base_url=http://127.0.0.1:{listener.getsockname()[1]}/v1",
                                    "--set", "input=rows.jsonl", "--set", f"rows={per}"],
                                   cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                connection, _ = listener.accept()
                with connection:
                    request = b""
                    while not whole(request):
                        request += connection.recv(1 << 20)
            finally:
                job.kill()
                job.wait()
        shutil.rmtree(folder)
        return request


def whole(request):
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and len(body) >= int(length[1])


def wrk_script(request):
    head, _, body = request.decode().partition("\r\n\r\n")
    headers = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
    kept = [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in headers if k.lower() not in ("host", "content-length")]
    return "\n".join(['wrk.method = "POST"', *kept, f"wrk.body = [==[{body}]==]", ""])
