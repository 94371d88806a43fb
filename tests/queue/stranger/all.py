"""The same rows through every queue, at servers of others: all.py PROGRAM FOLDER

Redis's own server, moto's SQS (whose signatures botocore judges), Google's fake of Pub/Sub, Kafka's own broker. Each has the scenario
of jobs.py, and a storm whose seed is SLUICE_SEED or another each time. Prints one table.
"""
import functools
import json
import logging
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import redis
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

import jobs
from checks import KEY, REGION, SECRET, Judge
from kafka import Broker, KafkaQueue, free_port
from pubsub import ATTEMPTS, Fake, PubsubQueue


class RedisQueue:
    counts = True
    stops = (4,)
    environment = {}

    def __init__(self, port, name):
        self.name, self.url = name, f"redis://127.0.0.1:{port}"
        self.rows, self.target_stream = f"{name}-rows", f"{name}-answers"
        self.client = redis.Redis(port=port, decode_responses=True)
        self.client.xgroup_create(self.rows, "sluice", "0", mkstream=True)

    def source(self, more=""):
        return f's.redis_stream {{ url = "{self.url}", stream = "{self.rows}", field = "json", take_over = "2s"{more} }}'

    def target(self):
        return f's.redis_stream {{ url = "{self.url}", stream = "{self.target_stream}" }}'

    def send(self, bodies):
        for one in bodies:
            self.client.xadd(self.rows, {"json": one})

    def settle(self, workers):
        pass

    def wear_out(self, one):
        self.send([one])
        [(_, [(entry, _)])] = self.client.xreadgroup("sluice", "worker-1", {self.rows: ">"})
        for number in range(2, ATTEMPTS + 1):
            self.client.xclaim(self.rows, "sluice", f"worker-{number}", 0, [entry])

    def left(self):
        [group] = self.client.xinfo_groups(self.rows)
        return group["pending"] + group["lag"]

    def answers(self):
        return [fields["key"] for _, fields in self.client.xrange(self.target_stream)]

    def redelivered(self):
        return None


class SqsQueue:
    counts = True
    stops = (4,)
    environment = {"STRANGER_KEYS": f"{KEY}:{SECRET}"}

    def __init__(self, port, name):
        self.name = name
        self.client = boto3.client("sqs", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=KEY,
                                   aws_secret_access_key=SECRET, region_name=REGION)
        self.rows, self.target_url = (self.client.create_queue(QueueName=f"{name}-{part}")["QueueUrl"]
                                       for part in ("rows", "answers"))

    def source(self, more=""):
        return (f's.sqs {{ url = "{self.rows}", region = "{REGION}", credentials = s.secret "STRANGER_KEYS", '
                f'visibility = "2s"{more} }}')

    def target(self):
        return f's.sqs {{ url = "{self.target_url}", region = "{REGION}", credentials = s.secret "STRANGER_KEYS" }}'

    def send(self, bodies):
        for begin in range(0, len(bodies), 10):
            entries = [{"Id": str(number), "MessageBody": one} for number, one in enumerate(bodies[begin:begin + 10])]
            assert not self.client.send_message_batch(QueueUrl=self.rows, Entries=entries).get("Failed")

    def settle(self, workers):
        pass

    def wear_out(self, one):
        self.send([one])
        for _ in range(ATTEMPTS):
            assert self.client.receive_message(QueueUrl=self.rows, VisibilityTimeout=0)["Messages"]

    def left(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, self.client.get_queue_attributes(QueueUrl=self.rows, AttributeNames=names)["Attributes"].values()))

    def answers(self):
        found = []
        while messages := self.client.receive_message(QueueUrl=self.target_url, MaxNumberOfMessages=10, VisibilityTimeout=3600,
                                                      MessageAttributeNames=["key"]).get("Messages"):
            for one in messages:
                found.append(one["MessageAttributes"]["key"]["StringValue"])
                assert json.loads(one["Body"])["id"] == found[-1]
        return found

    def redelivered(self):
        return None


def runs(program, folder, name, make):
    """At queues of a service, which make(name=…) makes."""
    return [jobs.scenario(program, folder, make(name=name)), jobs.storm(program, folder, make(name=f"{name}-storm"))]


def at_redis(program, folder, _):
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
                              stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + jobs.LONGEST
        while True:
            try:
                redis.Redis(port=port).ping()
                break
            except redis.exceptions.ConnectionError:
                assert server.poll() is None and time.monotonic() < until, "redis-server does not come up"
                time.sleep(0.05)
        return runs(program, folder, "redis", functools.partial(RedisQueue, port))
    finally:
        server.kill()
        server.wait()


def at_sqs(program, folder, _):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    judge = Judge(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, judge, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        results = runs(program, folder, "sqs", functools.partial(SqsQueue, server.server_port))
        assert judge.refused == 0, f"{judge.refused} signatures were not botocore's"
        return results
    finally:
        server.shutdown()


def at_pubsub(program, folder, made):
    with Fake(made / "pubsub_fake/pubsub_fake") as fake:
        return runs(program, folder, "pubsub", functools.partial(PubsubQueue, fake))


def at_kafka(program, folder, made):
    with Broker(made / "kafka/lib", folder / "broker") as broker:
        return runs(program, folder, "kafka", functools.partial(KafkaQueue, broker))


def main():
    program, made = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="queues-"))
    print(jobs.table([result for at in (at_redis, at_sqs, at_pubsub, at_kafka) for result in at(program, folder, made)]))
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
