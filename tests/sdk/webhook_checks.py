"""What the library of Standard Webhooks makes of the message that tells a run's end: webhook_checks.py PROGRAM."""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

from mock import Mock

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
JOB = """
local s = require "sluice"
return s.pipeline {
  name = "job",
  on_end = { webhook = s.secret "HOOK", secret = s.secret "HOOK_SECRET" },
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}" },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", price = { input = 1, output = 2 } } },
  s.sink { "out.jsonl" },
}
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes every message but the first."""
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.seen.append((dict(self.headers.items()), body))
        self.send_response(503 if len(Hook.seen) == 1 else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(program):
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, Mock(program) as mock:
        pathlib.Path(folder, "job.lua").write_text(JOB)
        pathlib.Path(folder, "in.jsonl").write_text('{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n')
        address = f"http://127.0.0.1:{server.server_port}/hook?token=1"
        subprocess.run([program, "run", "job.lua", "--set", f"base_url={mock.url}/v1"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, env=os.environ | {"HOOK": address, "HOOK_SECRET": SECRET})
    server.shutdown()
    assert len(Hook.seen) == 2, Hook.seen
    for headers, body in Hook.seen:
        message = Webhook(SECRET).verify(body, headers)
        assert message["type"] == "sluice.run.finished", message
        assert message["data"]["rows_answered"] == 2, message
    assert Hook.seen[0][0]["webhook-id"] == Hook.seen[1][0]["webhook-id"], Hook.seen
    headers, body = Hook.seen[1]
    try:
        Webhook(SECRET).verify(body.replace(b"finished", b"stopped"), headers)
    except WebhookVerificationError:
        print("standardwebhooks verifies the end of a run: ok")
        return 0
    print("a message that was changed on the way passes as signed: " + json.dumps(headers))
    return 1


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
