#!/ usr / bin / env python3
"""One job by four processes while what they run on fails, each kind of fault once: faults.py PROGRAM

A short form of bench/faults.py, which says what each is and what must hold afterwards. It takes two minutes: skipped (exit 77)
without SLUICE_LONG, and where PostgreSQL is not installed, unless CI is set.
"""
import os
import pathlib
import sys

SKIPPED = 77
KINDS = "cut half terminate server failover half silence stop kill"
#So many rows a second that the job lasts longer than its faults.
SETTINGS = {"SLOTS": "3", "LATENCY_MS": "1000", "SHARD_ROWS": "250", "SETTLED": "8"}


def main():
    if not os.environ.get("SLUICE_LONG"):
        print("it takes minutes: SLUICE_LONG=1")
        return SKIPPED
    if not list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup")):
        print("PostgreSQL is not installed: apt-get install postgresql")
        return 1 if os.environ.get("CI") else SKIPPED
    os.environ.update(SETTINGS, SLUICE_PROGRAM=sys.argv[1])
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench"))
    from faults import faults
    return 0 if faults(count=5000, every=3, kinds=KINDS, in_order=True) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
