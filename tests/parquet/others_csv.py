#!/usr/bin/env python3
"""CSV files that others wrote, row by row against Python's duckdb: others_csv.py PROGRAM FOLDER

The files are those in packages of PyPI that ship tables. Each is read to the same rows, refused for a reason that is known, or
named in DIFFERS with the reason. Skipped (exit 77) unless SLUICE_PARQUET_OTHERS is set, as the long suite does.
"""
import json, os, pathlib, subprocess, sys, zipfile

DUCKDB = "duckdb==1.5.5"
TABLES = ["statsmodels==0.15.0", "scikit-learn==1.9.1", "vega_datasets==0.9.0"]
# Two columns of one name would be one field of a row; a quote that is never closed would take the rest of the file.
REFUSED = ["are both named", "the quote of a cell of this row is never closed"]
# Lines of other lengths than the header's: rejected one by one here, while DuckDB passes over lines, or takes each for one cell.
DIFFERS = {"breast_cancer.csv", "wine_data.csv", "unemp.csv", "scotland_population.csv", "dietox.csv", "arima212_forecast.csv"}


def environment(folder):
    python, stamp, wanted = folder / "venv/bin/python", folder / "installed.txt", " ".join([DUCKDB, *TABLES])
    if not stamp.exists() or stamp.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", DUCKDB], check=True)
        subprocess.run([python, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder / "wheels", *TABLES], check=True)
        for wheel in (folder / "wheels").glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder / "tables" / wheel.stem)
        stamp.write_text(wanted)
    return python


def compare(program, path):
    """"same", "refused", or what is wrong."""
    import duckdb
    got = subprocess.run([program, path], capture_output=True, text=True)
    if got.returncode != 0:
        return "refused" if any(words in got.stderr for words in REFUSED) else got.stderr.strip()
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    theirs = duckdb.connect(config={"threads": 1}).execute(
        "SELECT * FROM read_csv(?, all_varchar = true, header = true, sample_size = -1)", [str(path)]).fetchall()
    plain = lambda values: [value or None for value in values]  # an empty cell is null there
    ours = [plain(row.values()) for row in rows]
    return "same" if ours == [plain(row) for row in theirs] else f"{len(ours)} rows, {len(theirs)} by DuckDB, not the same"


def main():
    program, folder = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    files = sorted(p for p in (folder / "tables").rglob("*") if p.name.endswith((".csv", ".csv.gz")))
    count = {"same": 0, "refused": 0, "differ as is known": 0}
    bad = 0
    for path in files:
        found = compare(program, path)
        if path.name in DIFFERS and found != "same":
            found = "differ as is known"
        if found in count:
            count[found] += 1
        else:
            bad += 1
            print(f"{path}: {found}")
    print(f"{len(files)} files:", ", ".join(f"{number} {what}" for what, number in count.items()) + f", {bad} wrong")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    if not os.environ.get("SLUICE_PARQUET_OTHERS"):
        print("skipped: SLUICE_PARQUET_OTHERS is not set")
        sys.exit(77)
    if os.environ.get("SLUICE_OTHERS_INSIDE"):
        sys.exit(main())
    python = environment(pathlib.Path(sys.argv[2]).resolve())
    sys.exit(subprocess.run([python, *sys.argv], env={**os.environ, "SLUICE_OTHERS_INSIDE": "1"}).returncode)
