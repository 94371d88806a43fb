"""Jobs whose rows come from Google's own server of Pub/Sub in memory and whose answers go there: pubsub.py PROGRAM FOLDER

servers.py makes the server in FOLDER (pubsub_fake/main.go): sluice asks it by REST, Google's client for Python by gRPC.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from google.cloud import pubsub_v1

import jobs
from jobs import PACK, Job, Provider, account, body, end_all, finish, wait

DEADLINE = 10  # seconds; the shortest that Google takes
ATTEMPTS = 5  # that a job takes
MORE_ATTEMPTS = 10  # that the dead-letter policy takes


class Fake:
    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        os.environ["PUBSUB_EMULATOR_HOST"], self.url = self.process.stdout.readline().split()
        self.publisher, self.subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
        return self

    def __exit__(self, *_):
        self.subscriber.close()
        self.process.stdin.close()
        self.process.wait()

    def messages(self, topic):
        with urllib.request.urlopen(self.url + "/messages") as reply:
            return [one for one in json.load(reply) if one["Topic"] == topic]


class PubsubQueue:
    counts = True
    stops = (4,)
    environment = {}

    def __init__(self, fake, name="pubsub", deadline=f"{DEADLINE}s"):
        self.fake, self.name, self.deadline = fake, name, deadline
        self.topics = {part: f"projects/p/topics/{name}-{part}" for part in ("rows", "answers", "dead")}
        self.rows, self.read = (f"projects/p/subscriptions/{name}-{part}" for part in ("rows", "answers"))
        for topic in self.topics.values():
            fake.publisher.create_topic(name=topic)
        policy = {"dead_letter_topic": self.topics["dead"], "max_delivery_attempts": MORE_ATTEMPTS}
        fake.subscriber.create_subscription(request={"name": self.rows, "topic": self.topics["rows"], "ack_deadline_seconds": DEADLINE,
                                                     "dead_letter_policy": policy})
        fake.subscriber.create_subscription(request={"name": self.read, "topic": self.topics["answers"], "ack_deadline_seconds": DEADLINE})
        self.found = []

    def source(self, more=""):
        return f's.pubsub {{ subscription = "{self.rows}", endpoint = "{self.fake.url}", deadline = "{self.deadline}"{more} }}'

    def target(self):
        return f's.pubsub {{ topic = "{self.topics["answers"]}", endpoint = "{self.fake.url}" }}'

    def send(self, bodies):
        for sent in [self.fake.publisher.publish(self.topics["rows"], one.encode()) for one in bodies]:
            sent.result(jobs.LONGEST)

    def settle(self, workers):
        pass

    def pull(self, subscription):
        return self.fake.subscriber.pull(subscription=subscription, max_messages=1000).received_messages

    def give_back(self, messages):
        if messages:
            self.fake.subscriber.modify_ack_deadline(subscription=self.rows, ack_deadline_seconds=0, ack_ids=[one.ack_id for one in messages])

    def wear_out(self, one):
        self.send([one])
        for number in range(ATTEMPTS):
            pulled = self.pull(self.rows)
            assert [each.delivery_attempt for each in pulled] == [number + 1]
            self.give_back(pulled)

    def states(self):
        return self.fake.messages(self.topics["rows"])

    def left(self):
        return sum(one["Acks"] == 0 for one in self.states())

    def answers(self):
        while pulled := self.pull(self.read):
            self.fake.subscriber.acknowledge(subscription=self.read, ack_ids=[one.ack_id for one in pulled])
            for one in pulled:
                assert json.loads(one.message.data)["id"] == one.message.attributes["key"]
            self.found += [one.message.attributes["key"] for one in pulled]
        return self.found

    def redelivered(self):
        assert not self.fake.messages(self.topics["dead"]), "the dead-letter policy took a message before the job did"
        return sum(one["Deliveries"] - 1 for one in self.states())


def long_work(program, folder, fake):
    """An answer that takes longer than two deadlines: its rows are withheld all the while, and delivered once."""
    queue = PubsubQueue(fake, "long")
    rows = [f"r{number}" for number in range(4 * PACK)]
    with Provider(program, 50) as provider:
        provider.kept_back = {"r0": threading.Event()}
        worker = Job(program, folder, "long-a", queue, provider)
        try:
            queue.send([body(row) for row in rows])
            began = time.monotonic()
            worker.start()
            wait(lambda: time.monotonic() > began + 2.5 * DEADLINE, worker)
            assert 0 < queue.left() <= PACK
            held = max(one["Modacks"] for one in queue.states())
            assert not queue.pull(queue.rows), "a message of a row under way was to be had"
            provider.kept_back["r0"].set()
            finish(queue, [worker], rows)
            result = account(queue, [worker], rows)
            assert result["redelivered"] == 0 and result["asked"] == len(rows), result
            print(f"long work: an answer after {2.5 * DEADLINE:.0f} s, held {held} times, delivered once")
            return result
        finally:
            end_all([worker])


def given_back(program, folder, fake):
    """Ctrl-C: what was not asked can be had by another client at once, though it was withheld for 10 minutes."""
    queue = PubsubQueue(fake, "back", "10m")
    rows = [f"r{number}" for number in range(200)]
    with Provider(program) as provider:
        worker = Job(program, folder, "back-a", queue, provider)
        try:
            queue.send([body(row) for row in rows])
            worker.start()
            wait(lambda: len(worker.keys()) >= 20, worker)
            worker.stop()
            left, pulled, until = queue.left(), [], time.monotonic() + 5
            assert left == len(rows) - len(worker.keys()) > 0, f"{left} left, {len(worker.keys())} answered"
            while len(pulled) < left and time.monotonic() < until:
                pulled += queue.pull(queue.rows)
            assert len({one.message.message_id for one in pulled}) == left, f"{len(pulled)} of {left} could be had at once"
            queue.give_back(pulled)
            worker.start()
            finish(queue, [worker], rows)
            result = account(queue, [worker], rows)
            assert result["asked"] == len(rows), result
            print(f"given back: {left} of {len(rows)} messages could be had at once after Ctrl-C")
            return result
        finally:
            end_all([worker])


def killed(program, folder, fake):
    """kill -9, and the same folder again while the deadline of what it held runs: nothing is asked whose answer it had."""
    queue = PubsubQueue(fake, "killed")
    rows = [f"r{number}" for number in range(100)]
    with Provider(program) as provider:
        worker = Job(program, folder, "killed-a", queue, provider)
        try:
            queue.send([body(row) for row in rows])
            worker.start()
            wait(lambda: len(worker.keys()) >= 30, worker)
            known = worker.kill()
            worker.start()
            finish(queue, [worker], rows)
            result = account(queue, [worker], rows)
            assert result["asked"] <= len(rows) + PACK * jobs.CONCURRENCY, result
            print(f"killed -9: {len(known)} answers kept, {result['asked']} asked of {len(rows)}, {result['redelivered']} redelivered")
            return result
        finally:
            end_all([worker])


def main():
    program, made = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pubsub-"))
    with Fake(made / "pubsub_fake/pubsub_fake") as fake:
        results = [jobs.scenario(program, folder, PubsubQueue(fake))]
        results += [check(program, folder, fake) for check in (long_work, given_back, killed)]
    print(jobs.table(results))
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
