#!/usr/bin/env python3
"""The page of `sluice report`, as Chromium shows it without a network.

  report.py PROGRAM                 runs a job on the mock, makes its page and looks: nothing is asked for, nothing is
                                    complained about, every chart is drawn, nothing is wider than the window
  report.py PROGRAM --keep FOLDER   leaves the page and pictures of it there as well
  report.py --page FILE [--keep FOLDER]   looks at a page that is there

Needs Chromium.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

from browser import Browser

ROWS = 3000
JOB = """\
local s = require "sluice"
return s.pipeline {
  name = "tickets",
  s.read { "tickets.jsonl", key = "id" },
  s.validate { body = s.text { min = 8 } },
  s.pack {
    rows = 5, system = "You sort support tickets. Choose the queue that fits best.", user = "{{body}}",
    answer = { queue = s.one_of { "billing", "bug", "access" } },
  },
  s.dispatch {
    s.openai { name = "eu", model = "gpt-5.4-mini", base_url = "%s", key = "eu", max_output_tokens = 200 },
    s.openai { name = "us", model = "gpt-5.4-mini", base_url = "%s", key = "us", max_output_tokens = 200 },
    budget = "$5",
  },
  s.sink { "answers.jsonl" },
}
"""

# Of each canvas, whether anything is drawn in it.
DRAWN = """[...document.querySelectorAll(".chart canvas")].map(canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let some = 0;
  for (let i = 3; i < pixels.length; i += 4) some += pixels[i] > 0;
  return some;
})"""
WIDE = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
LEGEND = """(() => {
  const chart = document.querySelector(".chart");
  chart.focus();
  chart.dispatchEvent(new KeyboardEvent("keydown", {key: "End", bubbles: true}));
  chart.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}));
  return new Promise(done => setTimeout(() => done([...chart.querySelectorAll(".u-value")].map(e => e.textContent)), 100));
})()"""


def figures_over_time(folder):
    """Two runs with a night between them, the first killed."""
    at, lines, rows, spent, refused = 1790000000.0, [], 0.0, 0.0, 0
    runs = [(260, "killed"), (340, "finished")]
    for run, (seconds, end) in enumerate(runs):
        lines.append({"at": at, "run": "started", "version": "0.1.0", "rows": int(rows)})
        refused = 0
        for second in range(1, seconds):
            at += 1
            slow = 0.35 if 90 < second < 150 else 1
            rate = slow * (6 + 1.2 * math.sin(second / 17) + 0.5 * math.sin(second / 3)) * min(1, second / 20)
            rows = min(ROWS, rows + rate)
            spent += rate * 0.00004
            refused += 3 if 90 < second < 150 and second % 4 == 0 else 0
            limit = ("us: a rate learned from refusals" if slow < 1 else
                     "eu: requests per minute" if rows < 0.8 * ROWS else "eu: requests in flight")
            lines.append({
                "at": at, "rows": int(rows), "rejected": 2, "total": ROWS, "spent": round(spent, 6),
                "input_tokens": int(rows * 31), "output_tokens": int(rows * 9), "in_flight": int(64 * slow) + second % 5,
                "waiting": int(200 * slow) + second % 23, "refused": refused, "failed": second // 90,
                **({"limit": limit} if second > 10 else {}),
                "endpoints": [
                    {"name": "eu", "in_flight": int(40 * slow) + second % 3, "cap": 64, "median_ms": 780 + second % 60,
                     "tail_ms": 2000 + 3 * second, "refused": 0, "failed": 0, "quota_used": 0.97},
                    {"name": "us", "in_flight": int(24 * slow) + second % 4, "cap": 64, "median_ms": 980 + second % 90,
                     "tail_ms": 2600 + second, "refused": refused, "failed": second // 90}]})
        if end != "killed":
            lines.append({"at": at + 1, "run": end, "rows": int(rows), "spent": round(spent, 6)})
        at += 8 * 3600
    with open(os.path.join(folder, "timeline.jsonl"), "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    plan = {"made": 1789999000, "version": "0.1.0", "rows": ROWS, "requests": ROWS // 5, "ways": [
        {"name": "as written", "as_written": True, "cost_usd": 0.115, "cost_usd_low": 0.1, "cost_usd_high": 0.13, "seconds": 620,
         "seconds_low": 560, "seconds_high": 700, "input_tokens": 97000, "output_tokens": 26000,
         "binding": "requests per minute of eu", "chosen": True, "meets_deadline": True, "within_budget": True},
        {"name": "in batches", "cost_usd": 0.058, "seconds": 5400, "meets_deadline": True, "within_budget": True},
        {"name": "eu alone", "cost_usd": 0.115, "seconds": 1130, "binding": "requests per minute of eu",
         "meets_deadline": False, "within_budget": True}]}
    with open(os.path.join(folder, "plan.json"), "w") as file:
        json.dump(plan, file)


def make_page(program, folder):
    mock = subprocess.Popen([program, "mock", "--port", "0", "--latency-ms", "20"], stdout=subprocess.PIPE, text=True)
    try:
        url = mock.stdout.readline().split()[-1]
        with open(os.path.join(folder, "tickets.jsonl"), "w") as file:
            for row in range(ROWS):
                body = f"ticket {row}: the invoice of May is wrong" if row % 1000 else "</script>"[: row % 7 + 9][:7]
                file.write(json.dumps({"id": f"T-{row}<b>", "body": body}) + "\n")
        with open(os.path.join(folder, "tickets.lua"), "w") as file:
            file.write(JOB % (url, url))
        run = subprocess.run([program, "run", "tickets.lua"], cwd=folder, capture_output=True, text=True)
        assert run.returncode == 1, run.stderr  # some rows are rejected
    finally:
        mock.terminate()
        mock.wait()
        mock.stdout.close()
    figures_over_time(os.path.join(folder, ".sluice", "tickets"))
    subprocess.run([program, "report", "tickets.lua"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, "tickets.report.html")


def look_at(page, keep):
    browser = Browser()
    wrong = []
    try:
        browser.look(1400)
        browser.open(page)
        if browser.requests() != ["file://" + os.path.abspath(page)]:
            wrong.append(f"it asks for {browser.requests()}")
        wrong += [f"the console says: {text}" for text in browser.complaints()]
        charts = browser.evaluate('document.querySelectorAll(".chart").length')
        if not charts:
            wrong.append("it has no charts: was the program built without uPlot?")
        for width in (1400, 400):
            for dark in (False, True):
                browser.look(width, dark)
                name = f"{width} {'dark' if dark else 'light'}"
                drawn = browser.evaluate(DRAWN)
                if len(drawn) != charts or min(drawn, default=0) < 1000:
                    wrong.append(f"{name}: of {charts} charts these are drawn: {drawn}")
                wide, window = browser.evaluate(WIDE)
                if wide > window:
                    wrong.append(f"{name}: {wide} pixels wide")
                if keep:
                    browser.screenshot(os.path.join(keep, name.replace(" ", "-") + ".png"))
        browser.look(1400)
        legend = browser.evaluate(LEGEND) if charts else []
        if charts and (len(legend) < 2 or "–" in legend or "--" in legend):
            wrong.append(f"the keyboard shows no values: {legend}")
        browser.look(800, media="print")
        if keep:
            browser.screenshot(os.path.join(keep, "print.png"))
    finally:
        browser.close()
    return wrong


def main(arguments):
    keep = None
    if "--keep" in arguments:
        at = arguments.index("--keep")
        keep = arguments[at + 1]
        del arguments[at:at + 2]
        os.makedirs(keep, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sluice-report-") as folder:
        page = arguments[1] if arguments[0] == "--page" else make_page(os.path.abspath(arguments[0]), folder)
        if keep and arguments[0] != "--page":
            with open(page) as source, open(os.path.join(keep, "report.html"), "w") as copy:
                copy.write(source.read())
        wrong = look_at(page, keep)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
