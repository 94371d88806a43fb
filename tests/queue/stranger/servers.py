#!/usr/bin/env python3
"""sluice's queues at servers of others: servers.py PROGRAM FOLDER kafka|pubsub|all

Makes in FOLDER, once, the clients of servers.txt (PyPI), Kafka's broker (pom.xml, Maven Central; it takes Java 17 or later) and Google's
fake of Pub/Sub (pubsub_fake, the Go proxy), and runs kafka.py, pubsub.py or all.py. That is much to download: so with SLUICE_QUEUE_SERVERS
alone (the long suite); else, and where something cannot be had, that is skipped (exit 77), unless CI is set too: then that fails.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "sdk"))

from run import SKIPPED, python_clients  # noqa: E402


def once(folder, sources, make):
    """Runs make() in `folder`, which has the sources then, but when the last one that was complete was of the same."""
    text = "".join(source.read_text() for source in sources)
    stamp = folder / "made.txt"
    if stamp.exists() and stamp.read_text() == text:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in sources:
        shutil.copy(source, folder)
    make()
    stamp.write_text(text)


def kafka_broker(folder):
    copy = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    once(folder, [HERE / "pom.xml"], lambda: subprocess.run(copy, cwd=folder, check=True))


def pubsub_fake(folder):
    sources = [HERE / "pubsub_fake" / name for name in ("main.go", "go.mod", "go.sum")]
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=readonly")
    build = ["go", "build", "-p", "1", "-o", "pubsub_fake", "."]
    once(folder, sources, lambda: subprocess.run(build, cwd=folder, env=environment, check=True))


def main():
    program, folder, check = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    if not os.environ.get("SLUICE_QUEUE_SERVERS"):
        print("skipped: SLUICE_QUEUE_SERVERS=1 fetches the servers, as the long suite does")
        return SKIPPED
    try:
        python = python_clients(folder / "venv", HERE / "servers.txt")
        if check != "pubsub":
            kafka_broker(folder / "kafka")
        if check != "kafka":
            pubsub_fake(folder / "pubsub_fake")
        if check == "all" and not shutil.which("redis-server"):
            raise FileNotFoundError("redis-server")
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"not all servers and clients could be had: {error}")
        return 1 if os.environ.get("CI") else SKIPPED
    return subprocess.run([python, HERE / f"{check}.py", program, folder]).returncode


if __name__ == "__main__":
    sys.exit(main())
