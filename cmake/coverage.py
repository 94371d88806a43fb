#!/usr/bin/env python3
"""The share of lines that ran, of each folder: coverage.py SUMMARY [files]. Of gcovr's summary; `files`: of each file."""
import json, os, sys
lines = {}
for file in json.load(open(sys.argv[1]))["files"]:
    name = file["filename"]
    for key in {name if len(sys.argv) > 2 else os.path.dirname(name), "all"}:
        had, of = lines.get(key, (0, 0))
        lines[key] = had + file["line_covered"], of + file["line_total"]
for key in sorted(lines, key=lambda k: (k == "all", k)):
    had, of = lines[key]
    print(f"{100 * had / max(of, 1):6.1f} %  {had:6d} of {of:6d} lines  {key}")
