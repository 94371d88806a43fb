"""Jobs whose rows come from a broker of Kafka and whose answers go there: kafka.py PROGRAM FOLDER

The broker is Kafka's own, made by servers.py in FOLDER. Rows are sent by Confluent's client, and answers read by it (read_committed) and by
Kafka's console consumer.
"""
import collections
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import jobs
from jobs import PACK, Job, Provider, account, body, end_all, finish, wait

PARTITIONS = 4
HEARTBEAT_MS = 500
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{1}
listeners=PLAINTEXT://127.0.0.1:{0},CONTROLLER://127.0.0.1:{1}
advertised.listeners=PLAINTEXT://127.0.0.1:{0}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={2}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Broker:
    """One process that is broker and controller. It may be killed, and started again with its data."""

    def __init__(self, libraries, folder):
        self.java = ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{libraries}/*"]
        self.folder = folder
        folder.mkdir()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.settings = folder / "server.properties"
        self.settings.write_text(PROPERTIES.format(port, free_port(), folder / "data"))
        self.tool("kafka.tools.StorageTool", "format", "-t", "c2x1aWNlLXF1ZXVlLTAwMQ", "-c", self.settings)
        self.client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        self.start()

    def tool(self, name, *arguments, said=None):
        """A program of Kafka's; its output."""
        done = subprocess.run([*self.java, name, *arguments], input=said, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self):
        with open(self.folder / "broker.log", "a") as log:
            self.process = subprocess.Popen([*self.java, "kafka.Kafka", self.settings], stdout=log, stderr=log)
        until = time.monotonic() + jobs.LONGEST
        while True:
            try:
                self.client.list_topics(timeout=1)
                return
            except KafkaException:
                assert self.process.poll() is None and time.monotonic() < until, (self.folder / "broker.log").read_text()[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class KafkaQueue:
    counts = False
    stops = (4, 5)  # 5 while the group waits for a member: nothing can be committed
    environment = {}

    def __init__(self, broker, name="kafka", partitions=PARTITIONS):
        self.broker, self.name, self.partitions = broker, name, partitions
        self.rows, self.target_topic, self.group = f"{name}-rows", f"{name}-answers", f"{name}-workers"
        made = broker.client.create_topics([NewTopic(self.rows, partitions), NewTopic(self.target_topic, 2)])
        for topic in made.values():
            topic.result()
        self.producer = Producer({"bootstrap.servers": broker.address, "log_level": 0})

    def source(self, more=""):
        return (f's.kafka {{ brokers = "{self.broker.address}", topic = "{self.rows}", group = "{self.group}", config = {{ '
                f'["session.timeout.ms"] = "6000", ["heartbeat.interval.ms"] = "{HEARTBEAT_MS}" }}{more} }}')

    def target(self):
        return f's.kafka {{ brokers = "{self.broker.address}", topic = "{self.target_topic}" }}'

    def send(self, bodies, producer=None):
        producer = producer or self.producer
        for number, one in enumerate(bodies):
            producer.produce(self.rows, one, partition=number % self.partitions)
        assert producer.flush(jobs.LONGEST) == 0

    def settle(self, workers):
        """Until the group is stable with so many members, each with a partition."""
        until = time.monotonic() + jobs.LONGEST
        while True:
            state, parts = None, []
            with contextlib.suppress(KafkaException):  # the group's coordinator is about to come up
                group = self.described()
                state, parts = group.state, [len(member.assignment.topic_partitions) for member in group.members]
            if state == ConsumerGroupState.STABLE and len(parts) == workers and min(parts) > 0 and sum(parts) == self.partitions:
                return
            assert time.monotonic() < until, f"{state} {parts}"
            time.sleep(0.1)

    def described(self):
        return self.broker.client.describe_consumer_groups([self.group])[self.group].result()

    def waits(self):
        """Whether the group waits for its members."""
        return self.described().state == ConsumerGroupState.PREPARING_REBALANCING

    def lag(self):
        """Messages by partition behind what the group has committed."""
        reader = Consumer({"bootstrap.servers": self.broker.address, "group.id": self.group, "log_level": 0})
        try:
            lag = {}
            for one in reader.committed([TopicPartition(self.rows, number) for number in range(self.partitions)], timeout=30):
                low, high = reader.get_watermark_offsets(one, timeout=30)
                lag[one.partition] = high - (low if one.offset < 0 else one.offset)
            return lag
        finally:
            reader.close()

    def left(self):
        return sum(self.lag().values())

    def read(self, topic, count):
        """(partition, key, value) of a topic's first messages."""
        reader = Consumer({"bootstrap.servers": self.broker.address, "group.id": "reader", "isolation.level": "read_committed",
                           "enable.auto.commit": False, "log_level": 0})
        reader.assign([TopicPartition(topic, number, 0) for number in reader.list_topics(topic, 30).topics[topic].partitions])
        ends = sum(reader.get_watermark_offsets(one, timeout=30)[1] for one in reader.assignment())
        found, until = [], time.monotonic() + jobs.LONGEST
        while len(found) < max(count, ends):
            assert time.monotonic() < until, f"{len(found)} of {count} in {topic}"
            message = reader.poll(0.5)
            if message and not message.error():
                found.append((message.partition(), (message.key() or b"").decode(), message.value().decode()))
        reader.close()
        return found

    def answers(self):
        return [key for _, key, _ in self.read(self.target_topic, 0)]

    def redelivered(self):
        return None


def behind_a_slow_row(program, folder, broker):
    """One row's answer keeps the offset of its partition back: what has ended behind it comes again, to the same folder unasked."""
    queue = KafkaQueue(broker, "slow", 2)
    rows = [f"r{number}" for number in range(60)]
    with Provider(program, 50) as provider:
        provider.kept_back = {"r0": threading.Event()}
        worker, other = both = [Job(program, folder, f"slow-{name}", queue, provider) for name in "ab"]
        try:
            queue.send([body(row) for row in rows])
            worker.start()
            # All but the pack that holds r0; it is the first of partition 0, which has half of the rows.
            wait(lambda: len(worker.keys()) >= len(rows) - PACK, worker)
            wait(lambda: queue.lag() == {0: len(rows) // 2, 1: 0}, worker)
            known = worker.kill()
            before = len(worker.asked())
            worker.start()
            wait(lambda: len(worker.asked()) > before, worker)
            again = worker.asked()[before:]
            assert len(again) <= PACK and not set(again) & known, again
            # To another worker they are new: it asks for those of that partition alone.
            worker.kill()
            other.start()
            queue.settle(1)
            provider.kept_back["r0"].set()
            provider.kept_back = {}
            wait(lambda: queue.left() == 0, other)
            worker.start()
            finish(queue, both, rows)
            assert len(other.asked()) == len(set(other.asked())) == len(rows) // 2
            result = account(queue, both, rows)
            print(f"behind a slow row: {len(known)} answers kept over a kill -9, {len(set(again))} rows in flight asked again; "
                  f"another worker asked for {len(other.asked())} of {len(rows)}")
            return result
        finally:
            end_all(both)


def group_waits(program, folder, broker):
    """A worker is killed and begins again at once, and one more joins: the group waits for the one that has died. What another answers meanwhile is
    committed then, and nobody else asks for it."""
    queue = KafkaQueue(broker, "waits", 12)
    rows = [f"r{number}" for number in range(200)]
    with Provider(program, 50) as provider:
        a, b, c = all_three = [Job(program, folder, f"waits-{name}", queue, provider) for name in "abc"]
        try:
            a.start()
            b.start()
            queue.settle(2)
            b.kill()
            b.start()
            c.start()
            wait(queue.waits, a, b)
            time.sleep(2 * HEARTBEAT_MS / 1000)  # by then a has been told, and waits too
            queue.send([body(row) for row in rows])
            wait(lambda: len(a.keys()) >= len(rows) // 4, a, b)
            meanwhile = set(a.keys())
            assert queue.waits(), "the group did not wait so long"
            queue.settle(3)
            finish(queue, all_three, rows)
            again = meanwhile & set(b.asked() + c.asked())
            assert not again, f"{len(again)} of {len(meanwhile)} answers were asked for by another: they were not committed"
            result = account(queue, all_three, rows)
            print(f"while the group waited for a dead worker: {len(meanwhile)} answers, none asked for by another")
            return result
        finally:
            end_all(all_three)


def broker_killed(program, folder, broker):
    """The broker is killed in the middle, and comes back with its data: the job goes on, and asks for nothing twice."""
    queue = KafkaQueue(broker, "killed")
    rows = [f"r{number}" for number in range(jobs.ROWS)]
    with Provider(program) as provider:
        worker = Job(program, folder, "killed-a", queue, provider)
        try:
            queue.send([body(row) for row in rows[:jobs.ROWS // 2]])
            worker.start()
            wait(lambda: len(worker.keys()) >= 40, worker)
            broker.kill()
            dead = len(worker.keys())
            # What it had taken is answered meanwhile.
            wait(lambda: len(worker.keys()) >= dead + 20, worker)
            broker.start()
            queue.send([body(row) for row in rows[jobs.ROWS // 2:]])
            finish(queue, [worker], rows)
            result = account(queue, [worker], rows)
            assert result["asked"] == len(rows), result
            print(f"the broker killed -9: {dead} answers before, {result['asked']} rows asked of {len(rows)}")
            return result
        finally:
            end_all([worker])


def in_transactions(program, folder, broker):
    """Rows that a producer commits are asked, those that it aborts are not; the marks between them hold nothing up."""
    queue = KafkaQueue(broker, "transactions", 2)
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": "rows", "log_level": 0})
    producer.init_transactions(jobs.LONGEST)
    rows = [f"r{number}" for number in range(60)]
    for begin in range(0, len(rows), 10):
        producer.begin_transaction()
        queue.send([body(row) for row in rows[begin:begin + 10]], producer=producer)
        producer.abort_transaction() if begin % 20 else producer.commit_transaction()
    committed = [row for number, row in enumerate(rows) if number // 10 % 2 == 0]
    with Provider(program, 50) as provider:
        worker = Job(program, folder, "transactions-a", queue, provider)
        try:
            worker.start(', idle_exit = "3s"').end((0,))
            assert sorted(worker.asked()) == sorted(committed) and sorted(queue.answers()) == sorted(committed)
            print(f"in transactions: {len(committed)} rows of {len(rows)} asked, those that were committed")
        finally:
            end_all([worker])


def as_kafkas_own(broker, queue):
    """Kafka's console consumer reads the answers; its producer puts the same keys into the same partitions."""
    found = queue.read(queue.target_topic, 1)
    said = broker.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", broker.address, "--topic",
                       queue.target_topic, "--from-beginning", "--max-messages", str(len(found)), "--timeout-ms", "60000",
                       "--isolation-level", "read_committed", "--formatter-property", "print.key=true")
    theirs = [line for line in said.splitlines() if "\t" in line]
    assert sorted(theirs) == sorted(f"{key}\t{value}" for _, key, value in found), said[-2000:]
    broker.client.create_topics([NewTopic("by-java", 2)])["by-java"].result()
    keys = sorted({key for _, key, _ in found})
    broker.tool("org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", broker.address, "--topic", "by-java",
                "--reader-property", "parse.key=true", said="".join(f"{key}\tv\n" for key in keys))
    partitions = collections.defaultdict(set)
    for partition, key, _ in found + queue.read("by-java", len(keys)):
        partitions[key].add(partition)
    assert all(len(where) == 1 for where in partitions.values()), {k: v for k, v in partitions.items() if len(v) > 1}
    print(f"{len(theirs)} answers read by Kafka's console consumer, {len(keys)} keys where Kafka's producer puts them")


def main():
    program, made = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kafka-"))
    with Broker(made / "kafka/lib", folder / "broker") as broker:
        queue = KafkaQueue(broker)
        results = [jobs.scenario(program, folder, queue)]
        as_kafkas_own(broker, queue)
        in_transactions(program, folder, broker)
        results += [check(program, folder, broker) for check in (behind_a_slow_row, group_waits, broker_killed)]
    print(jobs.table(results))
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
