#!/usr/bin/env python3
"""Parquet files that others wrote, row by row against Python's duckdb: others.py PROGRAM FOLDER LIBDUCKDB

The files are those of pyarrow's own tests, which its package has (the others' have none), and what pyarrow, pandas, fastparquet
and polars write here. Skipped (exit 77) unless SLUICE_PARQUET_OTHERS is set, as the long suite does.
"""
import base64, datetime, decimal, json, math, os, pathlib, subprocess, sys, tarfile, uuid

PACKAGES = ["duckdb==1.5.5", "pyarrow==26.0.1", "pandas==3.0.0", "fastparquet==2026.9.0", "polars==2.1.0"]
# What is refused, and by which words. A file of another name that is refused is a failure.
REFUSED = {}


def environment(folder):
    python = folder / "venv/bin/python"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != " ".join(PACKAGES):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        stamp.write_text(" ".join(PACKAGES))
    return python


def found_files(folder):
    for path in sorted((folder / "venv").rglob("*.parq*")):
        if path.is_file() and path.suffix in (".parquet", ".parq"):
            yield path


def written_files(folder):
    import pyarrow as pa, pyarrow.parquet as pq
    import pandas as pd
    day, moment = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 34, 56, 789012)
    columns = {
        "i8": pa.array([1, None, -128], pa.int8()), "u64": pa.array([0, 2**64 - 1, None], pa.uint64()),
        "f16": pa.array([1.5, None, float("nan")], pa.float16()), "f32": pa.array([0.1, None, float("inf")], pa.float32()),
        "f64": pa.array([0.1, 1e300, -0.0]), "b": pa.array([True, None, False]),
        "d9": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-0.05")], pa.decimal128(9, 2)),
        "d38": pa.array([decimal.Decimal("12345678901234567890123456789.123456789")] * 3, pa.decimal128(38, 9)),
        "s": pa.array(["é\"\\\n", "", None]), "large": pa.array(["x" * 70000, "y", None], pa.large_string()),
        "bytes": pa.array([b"\x00\xff", b"", None]), "fixed": pa.array([b"abcd", None, b"\x00" * 4], pa.binary(4)),
        "date": pa.array([day, None, datetime.date(1969, 12, 31)]), "time": pa.array([datetime.time(1, 2, 3), None, datetime.time(23, 59, 59, 999999)], pa.time64("us")),
        "s_ms": pa.array([moment.replace(microsecond=789000), None, moment.replace(microsecond=0)], pa.timestamp("ms")),
        "us": pa.array([moment, None, datetime.datetime(1960, 1, 1)], pa.timestamp("us")),
        "utc": pa.array([moment, None, datetime.datetime(1960, 1, 1)], pa.timestamp("us", "UTC")),
        "list": pa.array([[1, None], [], None], pa.list_(pa.int32())), "fixed_list": pa.array([[1.0, 2.0], None, [3.0, None]], pa.list_(pa.float64(), 2)),
        "record": pa.array([{"a": 1, "b": {"c": [day]}}, None, {"a": None, "b": None}], pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.list_(pa.date32()))]))])),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())), "dictionary": pa.array(["u", None, "u"]).dictionary_encode(),
        "null": pa.array([None] * 3, pa.null()),
    }
    table = pa.table(columns)
    for name, options in {"plain": {"use_dictionary": False, "compression": "none"}, "snappy": {}, "zstd2": {"compression": "zstd", "version": "2.6", "data_page_version": "2.0"},
                          "gzip": {"compression": "gzip"}, "brotli": {"compression": "brotli"}, "lz4": {"compression": "lz4"}, "v1": {"version": "1.0"},
                          "split": {"use_dictionary": False, "column_encoding": {"f64": "BYTE_STREAM_SPLIT", "s": "DELTA_LENGTH_BYTE_ARRAY", "i8": "DELTA_BINARY_PACKED"}},
                          "int96": {"use_deprecated_int96_timestamps": True}}.items():
        pq.write_table(table, folder / f"pyarrow-{name}.parquet", **options)
        yield folder / f"pyarrow-{name}.parquet"
    pq.write_table(pa.table({"id": range(300_000), "t": [f"text {i % 1000}" for i in range(300_000)], "v": [[f"{i % 7}"] * (i % 4) for i in range(300_000)]}),
                   folder / "many.parquet", row_group_size=70_000)
    yield folder / "many.parquet"
    frame = pd.DataFrame({"id": [1, 2], "t": ["a", None], "when": pd.to_datetime(["2024-01-01", None]), "c": pd.Categorical(["x", "y"]), "": [1.5, float("nan")]})
    frame.iloc[:, :4].to_parquet(folder / "pandas-pyarrow.parquet", engine="pyarrow")
    yield folder / "pandas-pyarrow.parquet"
    frame.to_parquet(folder / "pandas-empty-name.parquet", engine="pyarrow")
    yield folder / "pandas-empty-name.parquet"
    import fastparquet, polars as pl
    frame = pd.DataFrame({"id": range(5000), "t": [f"text {i}" for i in range(5000)], "f": [i / 7 for i in range(5000)], "b": [i % 3 == 0 for i in range(5000)],
                          "when": pd.date_range("1999-12-31", periods=5000, freq="37min"), "o": [{"n": i, "l": [i]} for i in range(5000)], "bytes": [b"\x00%d" % i for i in range(5000)]})
    for name, options in {"default": {}, "int96": {"times": "int96"}, "gzip": {"compression": "GZIP", "row_group_offsets": 1000}, "zstd": {"compression": "ZSTD"}}.items():
        fastparquet.write(str(folder / f"fastparquet-{name}.parquet"), frame, object_encoding={"t": "utf8", "o": "json", "bytes": "bytes"}, **options)
        yield folder / f"fastparquet-{name}.parquet"
    polars = pl.DataFrame({"id": range(3000), "u": pl.Series(range(3000), dtype=pl.UInt64), "t": [None if i % 5 == 0 else f"é {i}" for i in range(3000)], "day": [day] * 3000, "when": [moment] * 3000,
                           "l": [[i, None] for i in range(3000)], "s": [{"a": i, "b": str(i)} for i in range(3000)], "d": [decimal.Decimal(i) / 100 for i in range(3000)],
                           "c": pl.Series(["x", "y", "z"] * 1000, dtype=pl.Categorical), "span": [datetime.timedelta(seconds=i) for i in range(3000)], "at": [datetime.time(1, 2, 3)] * 3000})
    for name, options in {"default": {}, "groups": {"row_group_size": 700, "compression": "lz4"}}.items():
        polars.write_parquet(folder / f"polars-{name}.parquet", **options)
        yield folder / f"polars-{name}.parquet"


def same(ours, theirs):
    """`ours`: parsed, its numbers as they are written. `theirs`: Python's value of DuckDB."""
    if theirs is None or (isinstance(theirs, float) and not math.isfinite(theirs)):
        return ours is None
    if isinstance(theirs, bool):
        return ours is theirs
    if isinstance(theirs, int) and isinstance(ours, decimal.Decimal):
        return ours == theirs
    if isinstance(theirs, float):
        # A float of 32 bits has digits enough for itself alone.
        return isinstance(ours, decimal.Decimal) and (float(ours) == theirs or math.isclose(float(ours), theirs, rel_tol=6e-8))
    if isinstance(theirs, decimal.Decimal):
        return isinstance(ours, decimal.Decimal) and ours.as_tuple() == theirs.as_tuple()
    if isinstance(theirs, (bytes, bytearray)):
        return base64.b64decode(ours, validate=True) == bytes(theirs)
    if isinstance(theirs, datetime.datetime):
        read = datetime.datetime.fromisoformat(ours.replace("Z", "+00:00"))
        return read == theirs if theirs.tzinfo else read.replace(tzinfo=None) == theirs and "Z" not in ours
    if isinstance(theirs, (datetime.date, datetime.time)):
        return type(theirs).fromisoformat(ours) == theirs
    if isinstance(theirs, uuid.UUID):
        return ours == str(theirs)
    if isinstance(theirs, datetime.timedelta):
        return isinstance(ours, str)
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and list(ours) == [str(k) for k in theirs] and all(same(a, b) for a, b in zip(ours.values(), theirs.values()))
    if isinstance(theirs, (list, tuple)):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, (dict, list)):  # a JSON column, which is its value in our rows
        return ours == json.loads(theirs, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    return ours == theirs


def compare(program, path):
    """What is wrong, or None."""
    import duckdb
    got = subprocess.run([program, path], capture_output=True, text=True)
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    try:
        theirs = connection.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)]).fetchall()
    except duckdb.Error as error:
        return None if got.returncode == 1 and str(path) in got.stderr else f"read, and DuckDB says {error}"
    if got.returncode != 0:
        return got.stderr.strip()
    rows = [json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal) for line in got.stdout.splitlines()]
    if len(rows) != len(theirs):
        return f"{len(rows)} rows, and {len(theirs)} by DuckDB"
    for number, (ours, row) in enumerate(zip(rows, theirs), 1):
        for (name, value), other in zip(ours.items(), row, strict=True):
            if not same(value, other):
                return f"row {number}, {name}: {value!r}, and {other!r} by DuckDB"
    return None


def main():
    program, folder, library = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
    os.environ.setdefault("SLUICE_DUCKDB", str(library))
    files, bad = [*found_files(folder), *written_files(folder)], 0
    for path in files:
        wrong = compare(program, path)
        if wrong is not None and REFUSED.get(path.name, "\0") not in wrong:
            bad += 1
            print(f"{path}: {wrong}")
    print(f"{len(files)} files, {bad} of them wrong")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    if not os.environ.get("SLUICE_PARQUET_OTHERS"):
        print("skipped: SLUICE_PARQUET_OTHERS is not set")
        sys.exit(77)
    if len(sys.argv) == 4:
        python = environment(pathlib.Path(sys.argv[2]).resolve())
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:], "inside"]).returncode)
    sys.exit(main())
