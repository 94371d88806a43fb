#!/usr/bin/env python3
"""Packs beside one row a request: the same rows, the same mock, requests, tokens, money and time side by side.

  bench/packs.py      ROWS (6000): 20 rows a request and one, under 3,000 requests/min and under 1,500,000 tokens/min
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

from checkpoint import SLUICE, Mock, write_rows

SYSTEM = "Sort the ticket into a queue and say how urgent it is. " * 24  # about 330 tokens
JOB = """
local s = require "sluice"
return s.pipeline {
  name = "tickets",
  s.read { "rows.jsonl", key = "id" },
  s.pack {
    rows = s.param("rows", 1), system = "%s", user = "{{subject}}\\n\\n{{body}}",
    answer = { queue = s.one_of { "billing", "bug", "access", "sales", "other" }, urgency = s.int { min = 1, max = 5 } },
  },
  s.dispatch { s.openai { model = "mock", base_url = s.param "base_url", %s, price = { input = 0.2, output = 1.25 } } },
  s.sink { "out.jsonl" },
}
"""


def main():
    rows = int(os.environ.get("ROWS", 6000))
    limits = {"3,000 requests/min": (["--rpm", "3000"], "rpm = 3000"),
              "1,500,000 tokens/min": (["--tpm", "1500000"], "tpm = 1500000")}
    print(f"{'bound by':22} {'rows a request':>14} {'requests':>9} {'input':>11} {'output':>10} {'cost $':>8} {'seconds':>8}")
    for name, (options, quota) in limits.items():
        for per in (1, 20):
            folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-packs-"))
            write_rows(folder / "rows.jsonl", 0, rows)
            (folder / "job.lua").write_text(JOB % (SYSTEM, quota))
            with Mock("--latency-ms", "100", *options) as mock:
                done = subprocess.run(
                    [SLUICE, "run", "job.lua", "--log", "json", "--set", f"base_url={mock.url}", "--set", f"rows={per}"],
                    cwd=folder, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(done.stderr)
            s = json.loads(done.stdout.strip().splitlines()[-1])
            print(f"{name:22} {per:14} {s['requests']:9,} {s['input_tokens']:11,} {s['output_tokens']:10,} "
                  f"{s['cost_usd']:8.3f} {s['elapsed_s']:8.1f}", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
