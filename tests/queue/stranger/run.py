#!/usr/bin/env python3
"""sluice's queues at a server of others: run.py PROGRAM FOLDER

As tests/sdk/run.py, which makes the environment, skips and fails; with the requirements and checks of this folder.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "sdk"))

import run  # noqa: E402

if __name__ == "__main__":
    run.HERE = HERE
    sys.exit(run.main())
