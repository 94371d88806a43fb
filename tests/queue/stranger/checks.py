"""A job whose rows come from moto's SQS and whose answers go there, while botocore signs each request once more: checks.py PROGRAM

moto takes any signature, so the server stands behind one that refuses those that botocore would not have made.
"""
import datetime
import io
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ROWS = 200  # moto takes long for many
LONGEST = 60  # seconds, for each of the runs
KEY, SECRET, REGION = "STRANGERKEY", "stranger-secret", "eu-central-1"
REFUSED = b'{"__type":"com.amazon.coral.service#SignatureDoesNotMatch","message":"m"}'


class Judge:
    """Passes on what is signed as botocore signs it."""

    def __init__(self, app):
        self.app = app
        self.lock = threading.Lock()
        self.passed = self.refused = 0

    def __call__(self, environ, respond):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        good = self.fits(environ, body)
        with self.lock:
            self.passed, self.refused = self.passed + good, self.refused + (not good)
        if not good:
            respond("403 Forbidden", [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(REFUSED)))])
            return [REFUSED]
        environ["wsgi.input"] = io.BytesIO(body)
        return self.app(environ, respond)

    def fits(self, environ, body):
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            return False
        names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
        if "x-amz-target" not in names:
            return False
        headers = {name: environ["CONTENT_TYPE" if name == "content-type" else
                                 "HTTP_" + name.upper().replace("-", "_")] for name in names}
        when = datetime.datetime.strptime(environ["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%SZ")
        url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
        assert headers.pop("host") == environ["HTTP_HOST"]
        headers.pop("x-amz-date")
        request = AWSRequest(environ["REQUEST_METHOD"], url, headers, body)
        with self.lock:
            real = botocore.auth.get_current_datetime
            botocore.auth.get_current_datetime = lambda *_, **__: when
            try:
                botocore.auth.SigV4Auth(Credentials(KEY, SECRET), "sqs", REGION).add_auth(request)
            finally:
                botocore.auth.get_current_datetime = real
        return request.headers["Authorization"].split("Signature=")[1] == authorization.split("Signature=")[1]


JOB = """
local s = require "sluice"
local keys = s.secret "STRANGER_KEYS"
return s.pipeline { name = "job",
  s.read { s.sqs { url = "%s", region = "%s", credentials = keys, visibility = "%s"%s }, key = "id" },
  s.pack { rows = 20, user = "Row {{id}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = "%s", price = 0 } },
  s.sink { "job.jsonl" },
  s.sink { s.sqs { url = "%s", region = "%s", credentials = keys } } }
"""


def main():
    program = sys.argv[1]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    judge = Judge(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, judge, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    sqs = boto3.client("sqs", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name=REGION)
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("rows", "answers")}
    assert judge.refused == 0, "the judge does not know boto3's own signature"

    def add(first, last):
        for begin in range(first, last, 10):
            entries = [{"Id": str(k), "MessageBody": json.dumps({"id": f"r{k}"})} for k in range(begin, begin + 10)]
            assert not sqs.send_message_batch(QueueUrl=queues["rows"], Entries=entries).get("Failed")

    def counts(name):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=queues[name], AttributeNames=names)["Attributes"]
        return tuple(int(found[one]) for one in names)

    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        environment = {**os.environ, "STRANGER_KEYS": f"{KEY}:{SECRET}"}

        def start(visibility, more=""):
            (folder / "job.lua").write_text(JOB % (queues["rows"], REGION, visibility, more, mock_url, queues["answers"], REGION))
            return subprocess.Popen([program, "run", "job.lua"], cwd=folder, env=environment, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def wait_until(holds, run):
            until = time.monotonic() + LONGEST
            while not holds():
                if run.poll() is not None or time.monotonic() > until:
                    run.kill()
                    raise AssertionError(run.communicate()[0])
                time.sleep(0.02)

        def lines():
            there = folder / "job.jsonl"
            return there.read_text().splitlines() if there.exists() else []

        mock = subprocess.Popen([program, "mock", "--latency-ms", "200"], stdout=subprocess.PIPE, text=True)
        try:
            mock_url = next(word for word in mock.stdout.readline().split() if word.startswith("http://"))
            # Killed: what it had comes again when its visibility is over, and what it had answered is not asked again.
            add(0, 80)
            killed = start("2s")
            wait_until(lambda: len(lines()) >= 20, killed)
            killed.kill()
            killed.wait()
            # Stopped: what was not asked is visible at once.
            add(80, ROWS)
            stopped = start("1h")
            before = len(lines())
            wait_until(lambda: len(lines()) > before, stopped)
            stopped.send_signal(signal.SIGINT)
            said = stopped.communicate(timeout=LONGEST)[0]
            assert stopped.returncode == 4, said
            visible, hidden = counts("rows")
            assert visible > 0, said
            ended = start("1h", ', idle_exit = "4s"')
            try:
                said = ended.communicate(timeout=LONGEST)[0]
            except subprocess.TimeoutExpired:
                ended.kill()
                raise AssertionError(f"{len(lines())} lines, {counts('rows')}, {ended.communicate()[0]}") from None
            assert ended.returncode == 0, said
            keys = [json.loads(line)["id"] for line in lines()]
            assert len(keys) == len(set(keys)) == ROWS, f"{len(keys)} lines, {len(set(keys))} keys\n{said}"
            assert counts("rows") == (0, 0), counts("rows")
            assert counts("answers")[0] >= ROWS
            sent = {}
            while len(sent) < ROWS:
                for one in sqs.receive_message(QueueUrl=queues["answers"], MaxNumberOfMessages=10,
                                               MessageAttributeNames=["key"]).get("Messages", []):
                    sent[one["MessageAttributes"]["key"]["StringValue"]] = json.loads(one["Body"])
            assert sent["r7"]["id"] == "r7" and "size" in sent["r7"]
            assert judge.refused == 0, f"{judge.refused} signatures were not botocore's"
            print(f"{judge.passed} requests signed as botocore signs them")
        finally:
            mock.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
