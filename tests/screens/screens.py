#!/usr/bin/env python3
"""The screens of `sluice run`, as a terminal of 50, 80 and 120 columns shows them.

  screens.py PROGRAM            captures them and compares with docs/screens; figures may differ
  screens.py PROGRAM --update   writes docs/screens/*.txt and docs/screen.svg anew: look at them

Runs the program in tmux against `sluice mock`. Needs tmux.
"""
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCREENS = os.path.join(ROOT, "docs", "screens")
WIDTHS = (50, 80, 120)
TIMEOUT = 60  # seconds for a screen to come

JOB = """\
local s = require "sluice"
return s.pipeline {
  name = "tickets",
  s.read { "tickets.jsonl", key = "id" },
  s.validate { body = s.text { min = 1 } },
  s.pack {
    rows = 5, system = "You sort support tickets.", user = "{{body}}",
    answer = { queue = s.one_of { "billing", "bug", "access" } },
  },
  s.dispatch {
    %s
    budget = "$5", deadline = "10m",
  },
  s.sink { "answers.jsonl" },
}
"""
ENDPOINT = ('s.openai {{ name = "{name}", model = "gpt-5.4-mini", base_url = "{url}", key = "{key}",\n'
            '               max_output_tokens = 200, {more} }},')


class Mock:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "mock", "--port", "0", *options],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def control(self, **what):
        request = urllib.request.Request(self.url.rsplit("/", 1)[0] + "/control",
                                         json.dumps(what).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Terminal:
    """A tmux of its own, of so many columns, in which `command` runs in `folder`."""

    def __init__(self, folder, columns, command):
        self.name = f"sluice-screens-{os.getpid()}"
        environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
        for name in ("NO_COLOR", "TMUX"):
            environment.pop(name, None)
        subprocess.run(["tmux", "-L", self.name, "-f", "/dev/null", "new-session", "-d", "-x",
                        str(columns), "-y", "40", "-c", folder, command + "; sleep 600"],
                       check=True, env=environment)

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-L", self.name, *arguments], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options).rstrip("\n") + "\n"

    def wait_for(self, pattern):
        """The screen once it has `pattern`, with the escape sequences of its colours."""
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            coloured = self.screen("-e")
            if re.search(pattern, plain(coloured), re.S):
                return coloured
            time.sleep(0.1)
        raise SystemExit(f"no {pattern!r} on the screen:\n{self.screen()}")

    def close(self):
        self.tmux("kill-server")


def plain(coloured):
    return re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def normal(screen):
    """What two captures have in common: no figures, no bar's length, and words as they flow."""
    text = re.sub(r"[━─]+", "BAR", screen)
    text = re.sub(r"<?\d[\d,.]*( [kMG])?", "0", text)
    text = re.sub(r"0( min 0 s| min| s| h 0 min)", "TIME", text)
    return " ".join(text.split())


def write_job(folder, rows_count, endpoints):
    with open(os.path.join(folder, "tickets.jsonl"), "w") as rows:
        for i in range(rows_count):
            body = "" if i % 600 == 7 else f"I cannot log in since this morning, number {i}."
            rows.write(json.dumps({"id": i, "body": body}) + "\n")
    with open(os.path.join(folder, "tickets.lua"), "w") as job:
        job.write(JOB % "\n    ".join(ENDPOINT.format(**endpoint) for endpoint in endpoints))


def endpoint(name, mock, more="", key="k"):
    return {"name": name, "url": mock.url, "more": more, "key": key}


def captured(program, columns, scenes=("running", "finished", "failing", "stopping")):
    """(name of the scene, its screen with colours), one after the other."""
    command = f"printf '$ sluice run tickets.lua\\n'; {program} run tickets.lua"
    for scene in scenes:
        mocks = [Mock(program, "--latency-ms", "600", "--latency-sigma", "0.4", "--seed", "3")]
        with tempfile.TemporaryDirectory(prefix="sluice-screens-") as folder:
            main = endpoint("openai/gpt-5.4-mini", mocks[0], "rpm = 3000")
            endpoints = [main]
            if scene == "failing":
                mocks.append(Mock(program, "--latency-ms", "300"))
                mocks.append(Mock(program, "--key", "another"))
                endpoints.append(endpoint("eu-west", mocks[1], "rpm = 1500"))
                endpoints.append(endpoint("fallback", mocks[2], "rpm = 600"))
            write_job(folder, 1500, endpoints)
            terminal = Terminal(folder, columns, command)
            try:
                if scene == "running":
                    screen = terminal.wait_for(r" [2-9]\d %.*rejected.*about \$.*p95")
                elif scene == "finished":
                    screen = terminal.wait_for(r"finished in.*rejects ")
                elif scene == "failing":
                    shown = r"p95.*" if columns > 50 else ""  # by then every column is there that fits
                    terminal.wait_for(r" \d\d %.*" + shown + r"fallback[^\n]*stopped")
                    mocks[1].control(outage="error")
                    screen = terminal.wait_for(r"breaker open\s+HTTP 500.*stopped:")
                else:
                    terminal.wait_for(r" \d\d %.*p95")
                    mocks[0].control(outage="hang")
                    time.sleep(0.5)
                    terminal.tmux("send-keys", "C-c")
                    screen = terminal.wait_for(r"to\s+abort")
                yield scene, screen
            finally:
                terminal.close()
                for mock in mocks:
                    mock.close()


# ---- the picture

WEIGHTS = {"1": "strong", "2": "dim"}
COLOURS = {"31": "bad", "32": "good", "33": "warning", "39": ""}


def svg(screen):
    """A screen as SVG: text, readable on a light page and on a dark one."""
    lines = screen.rstrip("\n").split("\n")
    width = max(len(plain(line)) for line in lines)
    cell, leading, margin = 8.43, 20, 18
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width * cell + 2 * margin:.0f} '
           f'{len(lines) * leading + 2 * margin}" role="img" aria-label="sluice run, while it runs">',
           "<style>",
           "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
           "white-space:pre;fill:#1f2328}",
           "rect{fill:#f6f8fa;stroke:#d1d9e0}",
           ".strong{font-weight:bold}.dim{fill:#656d76}.good{fill:#1a7f37}.warning{fill:#9a6700}"
           ".bad{fill:#cf222e}",
           "@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#151b23;stroke:#3d444d}"
           ".dim{fill:#8b949e}.good{fill:#3fb950}.warning{fill:#d29922}.bad{fill:#f85149}}",
           "</style>",
           '<rect x="0.5" y="0.5" width="99.8%" height="99.5%" rx="8"/>']
    weight = colour = ""  # go on from line to line, as tmux writes them
    for row, line in enumerate(lines):
        spans, column = [], 0
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if part.startswith("\x1b"):
                for code in part[2:-1].split(";"):
                    if code in ("0", ""):
                        weight = colour = ""
                    weight = WEIGHTS.get(code, weight)
                    colour = COLOURS.get(code, colour)
            elif part:
                tone = colour or weight
                # Each word at its own column, so that no font can move it.
                for word in re.finditer(r"\S+(?: \S+)*", part):
                    x = margin + (column + word.start()) * cell
                    length = len(word.group()) * cell
                    spans.append(f'<tspan x="{x:.1f}" textLength="{length:.1f}"'
                                 f'{f" class={chr(34)}{tone}{chr(34)}" if tone else ""}>'
                                 f"{html.escape(word.group())}</tspan>")
                column += len(part)
        if spans:
            out.append(f'<text y="{margin + row * leading + 14}">{"".join(spans)}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    program = os.path.abspath(sys.argv[1])
    update = "--update" in sys.argv[2:]
    raw = os.environ.get("SLUICE_SCREENS_RAW")  # a folder for the screens with their colours
    os.makedirs(SCREENS, exist_ok=True)
    wrong = []
    for columns in WIDTHS:
        for scene, coloured in captured(program, columns):
            name = f"{scene}-{columns}"
            path = os.path.join(SCREENS, name + ".txt")
            screen = plain(coloured)
            too_wide = [line for line in screen.split("\n") if len(line) > columns]
            if too_wide:
                wrong.append(f"{name}: wider than {columns} columns: {too_wide[0]}")
            if raw:
                with open(os.path.join(raw, name + ".ansi"), "w") as file:
                    file.write(coloured)
            if update:
                with open(path, "w") as file:
                    file.write(screen)
                if name == "failing-80":
                    with open(os.path.join(ROOT, "docs", "screen.svg"), "w") as file:
                        file.write(svg(coloured))
                continue
            kept = open(path).read() if os.path.exists(path) else ""
            if normal(kept) != normal(screen):
                wrong.append(f"{name}: not as docs/screens/{name}.txt (figures apart):\n{screen}"
                             f"\nnormalised: {normal(screen)}\nkept:       {normal(kept)}\n")
            print(f"{name}: {'differs' if normal(kept) != normal(screen) else 'ok'}", flush=True)
    for text in wrong:
        print(text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
