#!/usr/bin/env python3
"""How fast whole jobs are: sluice beside other clients, on the same server, in the same run (bench/README.md).

  bench/speed.py [CASE…] [options]

Cases: one-row, peers, packed, cores, tls, latency, provider, growth, added; all of them by default. (`./dev bench packs` is
another program: what packs save.)
"""
import argparse, datetime, json, os, pathlib, platform, shutil, signal, sys, tempfile

from cases import CASES, QUICK
from checkpoint import ROOT, write_rows
from clients import Bench
from rounds import table
from servers import raise_file_limit

RECORDED = ROOT / "bench/recorded.json"
TOLERATED = 0.8  # of what is recorded
MORE_ROUNDS = 2, 4  # times as many, for a case that is below that: machines are shared


class Work:
    """What a case needs to know: sizes, cores, and files of rows, each written once."""

    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        self.quick, self.full, self.with_peers = options.quick, options.full, not options.no_peers
        self.rounds = options.rounds or 3
        pinned = not options.no_pin and os.cpu_count() > 1
        self.server_core = 1 if pinned else None
        self.bench = Bench(scratch, 0 if pinned else None)
        self.free_bench = Bench(scratch, None)

    def count(self, usual, quick=None):
        return self.options.rows or (quick if self.quick and quick else usual)

    def rows(self, count):
        path = self.scratch / f"rows-{count}.jsonl"
        if not path.exists():
            write_rows(path, 0, count)
        return path

    def say(self, text):
        print(text, file=sys.stderr, flush=True)


def machine():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cores": os.cpu_count(), "model": models[0] if models else platform.machine(), "kernel": platform.release()}


def compared(result):
    return {c["what"]: c["value"] for c in result["claims"] if c["compared"]}


def run_case(name, options, scratch, rounds=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=scratch))
    work = Work(options, folder)
    work.rounds = rounds or work.rounds
    result = CASES[name](work) | {"rounds": work.rounds}
    shutil.rmtree(folder)
    print(table(result), flush=True)
    return result


def below(values, recorded):
    return [what for what, value in values.items() if what in recorded and value < TOLERATED * recorded[what]]


def compare(name, result, recorded, again):
    """Holds a case against what is recorded; one that is below it is measured again. Gives what stays below."""
    values = compared(result)
    for times in MORE_ROUNDS:
        if not below(values, recorded):
            break
        print(f"\n{name}: {', '.join(below(values, recorded))} more than 20 % below what is recorded; "
              f"measured again with {times} times the rounds, the best counts", flush=True)
        repeated = again(times)
        values = {what: max(value, compared(repeated)[what]) for what, value in values.items()}
        result.setdefault("again", []).append(repeated)
    missed = below(values, recorded)
    print()
    for what, value in values.items():
        stands = f"recorded {recorded[what]:.3f}" if what in recorded else "nothing recorded"
        print(f"  {name}: {what} {value:.3f}, {stands}{'  TOO LOW' if what in missed else ''}")
    return [f"{name}: {what}" for what in missed]


def main():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    p.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES) + "; all by default")
    p.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)}, small, held against bench/recorded.json")
    p.add_argument("--record", action="store_true", help="with --quick: write bench/recorded.json instead")
    p.add_argument("--full", action="store_true", help="growth up to 10,000,000 rows")
    p.add_argument("--rounds", type=int, help="3 by default")
    p.add_argument("--rows", type=int, help="rows of each job, instead of what the case takes")
    p.add_argument("--json", type=pathlib.Path, default=ROOT / "build/bench/speed.json", help="build/bench/speed.json by default")
    p.add_argument("--no-pin", action="store_true", help="let client and server run on any core")
    p.add_argument("--no-peers", action="store_true", help="install nothing from PyPI and npm: leaves out the case peers")
    options = p.parse_args()
    for name in options.cases:
        if name not in CASES:
            p.error(f"there is no case {name}; there are {', '.join(CASES)}")
    if options.record and not options.quick:
        p.error("--record goes with --quick")
    names = options.cases or [n for n in (QUICK if options.quick else CASES) if n != "peers" or not options.no_peers]

    raise_file_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # so that servers and clients end too
    pinning = "free" if options.no_pin else "pinned"
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    place = ROOT / "build/bench"
    place.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="speed-", dir=place))  # on the disk that the checkpoint is to be synced to
    results, missed = {}, []
    try:
        for name in names:
            results[name] = run_case(name, options, scratch)
            if options.quick and not options.record:
                rounds = results[name]["rounds"]
                missed += compare(name, results[name], recorded.get(pinning, {}).get(name, {}),
                                  lambda times: run_case(name, options, scratch, times * rounds))
    finally:
        shutil.rmtree(scratch)
    report = {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "machine": machine(),
              "options": {k: str(v) if isinstance(v, pathlib.Path) else v for k, v in vars(options).items()}, "cases": results}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nall values: {options.json}")
    if options.record:
        for name, result in results.items():
            recorded.setdefault(pinning, {})[name] = {w: round(v, 3) for w, v in compared(result).items()}
        RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")
        print(f"recorded: {RECORDED}")
    if missed:
        sys.exit("more than 20 % below what is recorded: " + "; ".join(missed))


if __name__ == "__main__":
    main()
