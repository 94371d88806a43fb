#!/usr/bin/env python3
"""Parquet alone, on one core: rows read as JSON objects, and JSON lines written, beside Python's duckdb and pyarrow.

  bench/parquet.py [--rows N] [--rounds N] [--read-only]

Rounds are interleaved; a ratio is the median of the rounds' ratios (rows/s of sluice's own code, over the other's). What the
others do is the same: each row of the file becomes a JSON text; each line of the file is parsed and written with zstd.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench/parquet"
OURS = ROOT / "build/release/bench_parquet"
PYTHON = ROOT / "build/bench/parquet-venv/bin/python"

HEAD = """
import json, resource, sys, time
start, rows = time.perf_counter(), 0
"""
TAIL = """
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
DUCKDB = "import duckdb\nc = duckdb.connect(config={'threads': 1, 'memory_limit': '2GB'})\nc.execute('SET enable_progress_bar = false')\n"
PYARROW = "import pyarrow as pa, pyarrow.parquet as pq\npa.set_cpu_count(1)\n"
PEERS = {
    "read": {
        "duckdb": DUCKDB + """
r = c.execute(f"SELECT to_json(t)::VARCHAR FROM read_parquet('{sys.argv[1]}') t")
while got := r.fetchmany(2048):
    rows += len(got)
""",
        "pyarrow": PYARROW + """
for batch in pq.ParquetFile(sys.argv[1]).iter_batches(2048, use_threads=False):
    for row in batch.to_pylist():
        json.dumps(row, ensure_ascii=False)
        rows += 1
""",
    },
    "write": {
        "duckdb": DUCKDB + """
rows = c.execute(f"COPY (FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{id: 'VARCHAR', "
                 f"subject: 'VARCHAR', body: 'VARCHAR', score: 'DOUBLE', n: 'BIGINT'}})) TO '{sys.argv[2]}' "
                 "(FORMAT parquet, COMPRESSION zstd)").fetchone()[0]
""",
        "pyarrow": PYARROW + """
import pyarrow.json as pj
writer = None
for batch in pj.open_json(sys.argv[1], read_options=pj.ReadOptions(use_threads=False, block_size=4 << 20)):
    writer = writer or pq.ParquetWriter(sys.argv[2], batch.schema, compression="zstd")
    writer.write_batch(batch)
    rows += batch.num_rows
writer.close()
""",
    },
}


def make_rows(path, count):
    """JSON lines of about 400 bytes, no two alike."""
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november".split()
    body = (" ".join(words) + " ") * 4
    with open(path, "w") as out:
        for i in range(count):
            text = f"{i} " + body[i % 97 : i % 97 + 290]
            out.write(f'{{"id":"T-{i:08}","subject":"ticket {i}","body":"{text}","score":{i * 0.37:.2f},"n":{i}}}\n')


def timed(command):
    environment = {"SLUICE_DUCKDB": str(ROOT / "build/duckdb/libduckdb.so"), **os.environ}
    got = subprocess.run(["taskset", "-c", "0", *map(str, command)], env=environment, capture_output=True, text=True)
    if got.returncode != 0:
        sys.exit(f"{command}: {got.stderr}")
    return json.loads(got.stdout.splitlines()[-1])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--read-only", action="store_true", help="ours alone, and reading alone: for many rows")
    options = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists() and not options.read_only:
        venv.create(PYTHON.parent.parent, with_pip=True)
        subprocess.run([PYTHON, "-m", "pip", "-q", "install", "duckdb==1.5.5", "pyarrow==26.0.1"], check=True)
    lines, file = WORK / f"{options.rows}.jsonl", WORK / f"{options.rows}.parquet"
    if not lines.exists():
        make_rows(lines, options.rows)
    if not file.exists():
        timed([OURS, "write", lines, file])
    print(f"{options.rows:,} rows, {lines.stat().st_size / options.rows:.0f} bytes each as JSON; one core")
    for what in ("read",) if options.read_only else ("read", "write"):
        inputs = [file] if what == "read" else [lines, WORK / "out.parquet"]
        found = {"sluice": []}
        for _ in range(options.rounds):
            found["sluice"].append(timed([OURS, what, *inputs]))
            for name, code in () if options.read_only else PEERS[what].items():
                found.setdefault(name, []).append(timed([PYTHON, "-c", HEAD + code + TAIL, *inputs]))
        for name, rounds in found.items():
            if any(r["rows"] != options.rows for r in rounds):
                sys.exit(f"{name} had {rounds[0]['rows']} rows")
            rate = statistics.median(r["rows"] / r["seconds"] for r in rounds)
            ratio = statistics.median(o["seconds"] / s["seconds"] for s, o in zip(found["sluice"], rounds))
            peak = max(r["peak_mb"] for r in rounds)
            print(f"  {what:5}  {name:8} {rate:12,.0f} rows/s  peak {peak:5.0f} MB"
                  + ("" if name == "sluice" else f"  sluice is {ratio:.2f} x as fast"))


main()
