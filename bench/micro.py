#!/usr/bin/env python3
"""The hot parts one by one (bench/micro/), beside what each may cost.

  bench/micro.py [--check] [NAME…]   the parts whose names hold a NAME; all without one

Medians of ROUNDS (5) interleaved rounds, in nanoseconds a row, against bench/micro/budgets.json: about one and a
half times what each cost on 2 virtual cores of some 2.4 GHz. Machines differ and virtual ones drift, so --check fails
only on a part that is over twice its budget. For the profile of one: perf record -e cpu-clock build/release/sluice_micro
--benchmark_filter=NAME
"""
import json, os, pathlib, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/sluice_micro"
BUDGETS = ROOT / "bench/micro/budgets.json"
CLOCKS = ("/real_time", "/process_time")  # which clock measured it, as Google Benchmark adds to a name


def part_of(run_name):
    for clock in CLOCKS:
        run_name = run_name.removesuffix(clock)
    return run_name


def measure(names):
    """Part -> nanoseconds a row."""
    # The scratch folders are made where the program runs: below build/, which is on a disk.
    with tempfile.TemporaryDirectory(prefix="micro-", dir=PROGRAM.parent) as folder:
        done = subprocess.run(
            [PROGRAM, f"--benchmark_filter={'|'.join(names) or '.'}", "--benchmark_format=json", "--benchmark_min_time=0.2",
             f"--benchmark_repetitions={os.environ.get('ROUNDS', 5)}", "--benchmark_enable_random_interleaving=true"],
            cwd=folder, capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout:
        sys.exit(f"{PROGRAM}: exit {done.returncode}\n{done.stderr}")
    runs = json.loads(done.stdout)["benchmarks"]
    for run in runs:
        if run.get("error_occurred"):
            sys.exit(f"{run['name']}: {run['error_message']}")
    return {part_of(r["run_name"]): r["ns_per_row"] for r in runs if r.get("aggregate_name") == "median"}


def main(arguments):
    names = [a for a in arguments if not a.startswith("--")]
    if set(arguments) - set(names) - {"--check"}:
        sys.exit(__doc__)
    budgets = json.loads(BUDGETS.read_text())
    measured = measure(names)
    if not names and measured.keys() != budgets.keys():
        sys.exit(f"{BUDGETS}: one budget for each part, please: {sorted(measured.keys() ^ budgets.keys())}")
    print(f"{'part':24} {'budget ns':>10} {'measured ns':>12} {'share':>6}")
    over = []
    for part, budget in budgets.items():
        if part not in measured:
            continue
        share = measured[part] / budget
        over += [part] if share > 2 else []
        print(f"{part:24} {budget:10,} {measured[part]:12,.0f} {share:6.2f}{'  over twice its budget' if share > 2 else ''}")
    if over and "--check" in arguments:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
