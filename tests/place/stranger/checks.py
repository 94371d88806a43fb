"""Jobs that read and exports that write objects of moto's S3, while botocore signs each request once more: checks.py PROGRAM

moto takes any signature, so the server stands behind one that refuses those that botocore would not have made.
"""
import datetime
import gzip
import io
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEY, SECRET, REGION = "STRANGERKEY", "stranger-secret", "eu-central-1"
REFUSED = (b'<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>')


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
            respond("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(REFUSED)))])
            return [REFUSED]
        environ["wsgi.input"] = io.BytesIO(body)
        return self.app(environ, respond)

    def fits(self, environ, body):
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            return False
        names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
        headers = {name: environ["CONTENT_TYPE" if name == "content-type" else
                                 "HTTP_" + name.upper().replace("-", "_")] for name in names}
        time = datetime.datetime.strptime(environ["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%SZ")
        age = abs(datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - time)
        if age > datetime.timedelta(minutes=15):
            return False
        url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
        host = headers.pop("host")
        assert host == environ["HTTP_HOST"]
        headers.pop("x-amz-date")
        request = AWSRequest(environ["REQUEST_METHOD"], url, headers, body)
        with self.lock:
            real = botocore.auth.get_current_datetime
            botocore.auth.get_current_datetime = lambda *_, **__: time
            try:
                signer = botocore.auth.S3SigV4Auth(Credentials(KEY, SECRET), "s3", REGION)
                # Some clients leave the body out of the signature, and say so.
                if headers.get("x-amz-content-sha256", "").startswith(("UNSIGNED", "STREAMING")):
                    signer.payload = lambda _: headers["x-amz-content-sha256"]
                signer.add_auth(request)
            finally:
                botocore.auth.get_current_datetime = real
        return request.headers["Authorization"].split("Signature=")[1] == authorization.split("Signature=")[1]


JOB = """
local s = require "sluice"
local store = { endpoint = "%s", region = "%s", credentials = s.secret "STRANGER_KEYS" }
return s.pipeline { name = "%s",
  s.read { "%s", key = "id", s3 = store },
  s.pack { rows = 50, user = "Row {{id}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.openai { model = "mock", base_url = "%s", price = 0 } },
  s.sink { "%s.jsonl", keep = "row", s3 = store } }
"""


def main():
    program = sys.argv[1]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    judge = Judge(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, judge, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    store = boto3.client("s3", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name=REGION)
    store.create_bucket(Bucket="rows", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert judge.passed == 1, "the judge does not know boto3's own signature"

    def sluice(*arguments, status=0, keys=f"{KEY}:{SECRET}"):
        done = subprocess.run([program, *arguments], cwd=folder, text=True, capture_output=True,
                              env={**os.environ, "STRANGER_KEYS": keys})
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def write_job(name, pattern):
        (folder / f"{name}.lua").write_text(JOB % (url, REGION, name, pattern, mock_url, name))

    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        mock = subprocess.Popen([program, "mock"], stdout=subprocess.PIPE, text=True)
        try:
            mock_url = next(word for word in mock.stdout.readline().split() if word.startswith("http://"))
            # More than a page of a listing, by names that must be encoded.
            objects = 1003
            for k in range(objects):
                row = json.dumps({"id": f"r{k}", "text": "x" * 50}).encode() + b"\n"
                store.put_object(Bucket="rows", Key=f"in/part +&ä~(){k}.jsonl.gz", Body=gzip.compress(row))
            store.put_object(Bucket="rows", Key="in/deeper/no.jsonl.gz", Body=b"no rows")
            write_job("many", "s3://rows/in/*.jsonl.gz")
            sluice("run", "many.lua")
            assert len((folder / "many.jsonl").read_text().splitlines()) == objects
            sluice("export", "many.lua", "--to", "s3://rows/out/all +ä.jsonl.gz")
            whole = store.get_object(Bucket="rows", Key="out/all +ä.jsonl.gz")["Body"].read()
            assert gzip.decompress(whole) == (folder / "many.jsonl").read_bytes()

            # Several ranges, and an upload in parts.
            large = b"".join(json.dumps({"id": f"l{k}", "text": f"{k}" * 50_000}).encode() + b"\n" for k in range(180))
            assert len(large) > 20 << 20
            store.put_object(Bucket="rows", Key="large.jsonl", Body=large)
            write_job("large", "s3://rows/large.jsonl")
            sluice("run", "large.lua")
            sluice("export", "large.lua", "--to", "s3://rows/out/large.jsonl")
            there = store.get_object(Bucket="rows", Key="out/large.jsonl")["Body"].read()
            assert there == (folder / "large.jsonl").read_bytes()
            assert "-" in store.head_object(Bucket="rows", Key="out/large.jsonl")["ETag"], "it was not in parts"
            assert "Uploads" not in store.list_multipart_uploads(Bucket="rows")

            assert judge.refused == 0, f"{judge.refused} signatures were not botocore's"
            said = sluice("export", "large.lua", "--to", "s3://rows/out/no.jsonl", status=5, keys=f"{KEY}:wrong")
            assert "SignatureDoesNotMatch" in said and "wrong" not in said.replace("signature is wrong", "")
            assert judge.refused > 0
            print(f"{judge.passed} requests signed as botocore signs them")
        finally:
            mock.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
