#!/usr/bin/env python3
"""Files alone, on one core: rows read as JSON objects, and JSON lines written, beside Python's duckdb and pyarrow.

  bench/formats.py [FORMAT ...] [--rows N] [--rounds N] [--read-only]

FORMAT: parquet, csv, jsonl; all without any. Rounds are interleaved; a ratio is the median of the rounds' ratios (rows/s of
sluice's own code, over the other's). What the others do is the same: each row becomes a JSON text, of which duckdb keeps
only the length, so that nothing of its time is Python's; each line of the file is parsed and written, Parquet with zstd.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench/formats"
OURS = ROOT / "build/release/bench_formats"
PYTHON = ROOT / "build/bench/formats-venv/bin/python"
FORMATS = ("parquet", "csv", "jsonl")

HEAD = """
import json, resource, sys, time
start, rows = time.perf_counter(), 0
"""
TAIL = """
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
DUCKDB = """
import duckdb
c = duckdb.connect(config={'threads': 1, 'memory_limit': '2GB'})
c.execute('SET enable_progress_bar = false')
LINES = ("read_json('{}', format='newline_delimited', columns={{id: 'VARCHAR', subject: 'VARCHAR', body: 'VARCHAR', "
         "score: 'DOUBLE', n: 'BIGINT'}})")
"""
PYARROW = """
import pyarrow as pa, pyarrow.csv as pc, pyarrow.json as pj, pyarrow.parquet as pq
pa.set_cpu_count(1)
def lines(path):
    return pj.open_json(path, read_options=pj.ReadOptions(use_threads=False, block_size=4 << 20))
"""


def duckdb_read(source):
    return DUCKDB + f"rows = c.execute(f\"SELECT count(strlen(to_json(t)::VARCHAR)) FROM {source} t\").fetchone()[0]\n"


def duckdb_write(options):
    return DUCKDB + ("rows = c.execute(f\"COPY (FROM {LINES.format(sys.argv[1])}) TO '{sys.argv[2]}' "
                     f"({options})\").fetchone()[0]\n")


def pyarrow_read(batches):
    return PYARROW + f"""
for batch in {batches}:
    for row in batch.to_pylist():
        json.dumps(row, ensure_ascii=False)
        rows += 1
"""


def pyarrow_write(writer):
    return PYARROW + f"""
writer = None
for batch in lines(sys.argv[1]):
    writer = writer or {writer}
    writer.write_batch(batch)
    rows += batch.num_rows
writer.close()
"""


# A peer that has no such reader or writer is left out.
PEERS = {
    "read": {
        "parquet": {
            "duckdb": duckdb_read("read_parquet('{sys.argv[1]}')"),
            "pyarrow": pyarrow_read("pq.ParquetFile(sys.argv[1]).iter_batches(2048, use_threads=False)"),
        },
        "csv": {
            "duckdb": duckdb_read("read_csv('{sys.argv[1]}', header=true, all_varchar=true)"),
            "pyarrow": pyarrow_read("pc.open_csv(sys.argv[1], pc.ReadOptions(use_threads=False))"),
        },
        "jsonl": {
            "duckdb": duckdb_read("{LINES.format(sys.argv[1])}"),
            "pyarrow": pyarrow_read("lines(sys.argv[1])"),
        },
    },
    "write": {
        "parquet": {
            "duckdb": duckdb_write("FORMAT parquet, COMPRESSION zstd"),
            "pyarrow": pyarrow_write("pq.ParquetWriter(sys.argv[2], batch.schema, compression='zstd')"),
        },
        "csv": {
            "duckdb": duckdb_write("FORMAT csv, HEADER true"),
            "pyarrow": pyarrow_write("pc.CSVWriter(sys.argv[2], batch.schema)"),
        },
        "jsonl": {"duckdb": duckdb_write("FORMAT json")},
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


def measure(what, name, inputs, options):
    found = {"sluice": []}
    for _ in range(options.rounds):
        found["sluice"].append(timed([OURS, what, *inputs]))
        for peer, code in () if options.read_only else PEERS[what][name].items():
            found.setdefault(peer, []).append(timed([PYTHON, "-c", HEAD + code + TAIL, *inputs]))
    for peer, rounds in found.items():
        if any(r["rows"] != options.rows for r in rounds):
            sys.exit(f"{peer} had {rounds[0]['rows']} rows of {inputs}")
        rate = statistics.median(r["rows"] / r["seconds"] for r in rounds)
        ratio = statistics.median(o["seconds"] / s["seconds"] for s, o in zip(found["sluice"], rounds))
        peak = max(r["peak_mb"] for r in rounds)
        print(f"  {what:5}  {name:8} {peer:8} {rate:12,.0f} rows/s  peak {peak:5.0f} MB"
              + ("" if peer == "sluice" else f"  sluice is {ratio:.2f} x as fast"), flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("formats", nargs="*", metavar="FORMAT", help="parquet, csv, jsonl")
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--read-only", action="store_true", help="ours alone, and reading alone: for many rows")
    options = options.parse_args()
    for name in options.formats:
        if name not in FORMATS:
            sys.exit(f"{name}: not a format that is measured; there are: {', '.join(FORMATS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists() and not options.read_only:
        venv.create(PYTHON.parent.parent, with_pip=True)
        subprocess.run([PYTHON, "-m", "pip", "-q", "install", "duckdb==1.5.5", "pyarrow==26.0.1"], check=True)
    lines = WORK / f"{options.rows}.jsonl"
    if not lines.exists():
        make_rows(lines, options.rows)
    print(f"{options.rows:,} rows, {lines.stat().st_size / options.rows:.0f} bytes each as JSON; one core")
    for name in options.formats or FORMATS:
        file = WORK / f"{options.rows}.{name}"
        if not file.exists():
            timed([OURS, "write", lines, file])
        measure("read", name, [file], options)
        if not options.read_only:
            measure("write", name, [lines, WORK / f"out.{name}"], options)


main()
