"""The servers that the measurements run against; each a context manager with a `url`, ended at its end.

Where `core` is given, the server is bound to that core alone.
"""
import json, pathlib, resource, socket, subprocess, time

from checkpoint import ROOT, Mock, Server  # noqa: F401: one place to find every server
from limits import free_port, wait_until

SERVER = ROOT / "build/release/bench_server"

# What a provider sends back for one row, some 580 bytes.
REPLY = json.dumps({
    "id": "chatcmpl-b1946ac92492d2347c6235b4d2611184", "object": "chat.completion", "created": 1764200000,
    "model": "mock-1", "service_tier": "default",
    "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": {
        "role": "assistant", "content": '{"queue":"billing","urgency":3}', "refusal": None, "annotations": []}}],
    "usage": {"prompt_tokens": 131, "completion_tokens": 12, "total_tokens": 143,
              "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
              "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}},
    "system_fingerprint": "fp_44709d6fcb"}, separators=(",", ":"))


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def on_core(core, command):
    return command if core is None else ["taskset", "-c", str(core), *command]


def cpu_seconds(pid):
    """User and system time of a process that runs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class BenchServer(Server):
    """bench/server.cc: one thread, any number of rows a request, a delay, turnarounds."""

    name = "bench_server"

    def __init__(self, core=None, delay_ms=0, spread_ms=0, in_flight=0):
        super().__init__(on_core(core, [SERVER, "--delay-ms", str(delay_ms), "--spread-ms", str(spread_ms),
                                        "--in-flight", str(in_flight)]))

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)


class Nginx:
    """One worker that answers each POST with REPLY: over plain HTTP, over TLS 1.3, or after 100 ms.

    `urls` has "plain", "tls" and "slow"; tls and slow only where they were asked for.
    """

    name = "nginx with echo_sleep"

    def __init__(self, folder, core=None, tls=False, slow=False):
        self.folder, self.core, self.tls, self.slow = pathlib.Path(folder) / "nginx", core, tls, slow
        self.ca_file = self.folder / "ca.pem"
        self.handshakes, self.taken = self.folder / "handshakes.log", 0

    def __enter__(self):
        self.folder.mkdir(parents=True)
        ports = {kind: free_port() for kind in ("plain", "tls")}
        self.urls = {"plain": f"http://127.0.0.1:{ports['plain']}/v1", "tls": f"https://127.0.0.1:{ports['tls']}/v1",
                     "slow": f"http://127.0.0.1:{ports['plain']}/slow/v1"}
        self.url = self.urls["slow" if self.slow else "plain"]
        if self.tls:
            self.make_certificates()
        (self.folder / "nginx.conf").write_text(self.configuration(ports))
        self.process = subprocess.Popen(["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder])
        wait_until(lambda: self.process.poll() is not None or accepts(ports["plain"]))
        if self.process.poll() is not None:
            raise SystemExit("nginx did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def configuration(self, ports):
        d = self.folder
        answer = f"location /v1/ {{ return 200 '{REPLY}'; }}".replace("\\", "\\\\")
        tls = f"""
            map $connection_requests $first {{ 1 1; default 0; }}
            log_format handshake '$ssl_session_reused';
            server {{
              listen 127.0.0.1:{ports['tls']} ssl backlog=8192;
              ssl_protocols TLSv1.3; ssl_certificate {d}/server.pem; ssl_certificate_key {d}/server.key;
              ssl_session_cache shared:sessions:10m; ssl_session_tickets on;
              access_log {self.handshakes} handshake buffer=64k flush=100ms if=$first;
              {answer}
            }}""" if self.tls else ""
        # The body has to be read before the sleep, else it is taken for the next request.
        slow = f"location /slow/v1/ {{ echo_read_request_body; echo_sleep 0.1; echo '{REPLY}'; }}".replace(
            "\\", "\\\\") if self.slow else ""
        return f"""
          {"load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;" if self.slow else ""}
          daemon off; worker_processes 1; pid {d}/nginx.pid; error_log {d}/error.log crit;
          {f"worker_cpu_affinity {1 << self.core:b};" if self.core is not None else ""}
          worker_rlimit_nofile 20000;
          events {{ worker_connections 12000; }}
          http {{
            access_log off; default_type application/json;
            keepalive_requests 100000000; keepalive_timeout 600s; client_body_buffer_size 64k;
            client_body_temp_path {d}; proxy_temp_path {d}; fastcgi_temp_path {d}; uwsgi_temp_path {d}; scgi_temp_path {d};
            server {{ listen 127.0.0.1:{ports['plain']} backlog=8192; {answer} {slow} }}
            {tls}
          }}"""

    def make_certificates(self):
        """A certificate authority of our own, and a certificate of it for 127.0.0.1."""
        d = self.folder
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
        sign = ["-CA", d / "ca.pem", "-CAkey", d / "ca.key", "-addext", "subjectAltName=IP:127.0.0.1",
                "-addext", "basicConstraints=critical,CA:FALSE"]
        for name, subject, more in (("ca", "/CN=bench CA", []), ("server", "/CN=127.0.0.1", sign)):
            subprocess.run(["openssl", "req", "-x509", *key, "-keyout", d / f"{name}.key", "-out", d / f"{name}.pem",
                            "-subj", subject, *more], check=True, capture_output=True)

    def take_handshakes(self):
        """(handshakes, how many of them resumed a session) since the last call."""
        time.sleep(0.3)  # nginx flushes its log every 100 ms
        kinds = self.handshakes.read_text().split()[self.taken:]
        self.taken += len(kinds)
        return len(kinds), kinds.count("r")


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
