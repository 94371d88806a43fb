#!/usr/bin/env python3
"""What a language server says of pipeline files with docs/sluice.meta.lua: nothing about those of
this repository, and something about each marked line of wrong.lua.

  check.py EMMYLUA_CHECK
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def warnings(program, files):
    """Of each file, the numbers of the lines with warnings (from 1)."""
    with tempfile.TemporaryDirectory(prefix="sluice-editor-") as folder:
        shutil.copy(os.path.join(ROOT, "docs", "sluice.meta.lua"), folder)
        for file in files:
            shutil.copy(file, folder)
        text = subprocess.run([program, "--output-format", "json", folder],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = {}
    for one in json.loads(text):
        lines = {(d["range"]["start"]["line"] + 1, d["message"]) for d in one["diagnostics"]}
        if lines:
            found[os.path.basename(one["file"])] = lines
    return found


def main():
    program = sys.argv[1]
    shipped = []
    for folder, _, names in os.walk(os.path.join(ROOT, "pipelines")):
        shipped += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".lua")]
    bad = False
    for name, lines in warnings(program, shipped).items():
        for line, message in sorted(lines):
            bad = True
            print(f"{name}:{line}: a false warning: {message}")
    wrong = os.path.join(HERE, "wrong.lua")
    with open(wrong) as file:
        marked = {n for n, line in enumerate(file, 1) if n > 1 and "--" in line}
    told = {line for line, _ in warnings(program, [wrong]).get("wrong.lua", set())}
    for line in sorted(marked ^ told):
        bad = True
        print(f"wrong.lua:{line}: {'no warning' if line in marked else 'a warning too many'}")
    print(f"{len(shipped)} pipelines without a warning, {len(marked)} mistakes found" if not bad
          else "the editor types need a look")
    sys.exit(1 if bad else 0)


main()
