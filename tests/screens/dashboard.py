#!/usr/bin/env python3
"""The dashboard in Chromium, which reaches loopback alone.

  dashboard.py PROGRAM [--keep FOLDER]   of a job of the program on the mock: from its start over its stop to the end of its next
                                         run; and all of the below
  dashboard.py --stub [--keep FOLDER]    of a job that does not exist (dashboard_stub.py)

--keep leaves pictures in FOLDER. Needs Chromium, and axe (./dev axe) for what people need that cannot see the page.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

from browser import Browser
from dashboard_stub import ROOT, SCRIPT, Job, Stub

AXE = os.path.join(ROOT, "build", "axe", "axe.min.js")
WAIT = 60  # seconds for what must come
# What the browser itself says while the program is away, or a token is wrong.
EXPECTED = re.compile(r"net::ERR_|status of 40[1349]|/chart\.(css|js)")
JOB = """\
local s = require "sluice"
return s.pipeline {
  name = "tickets",
  s.read { "tickets.jsonl", key = "id" },
  s.validate { body = s.text { min = 8 } },
  s.pack { system = "You sort support tickets.", user = "{{body}}", answer = { queue = s.one_of { "billing", "bug" } } },
  s.dispatch { s.openai { name = "eu", model = "gpt-5.4-mini", base_url = "%s", key = "k", max_output_tokens = 200,
                          rpm = %d }, budget = "$5" },
  s.sink { "answers.jsonl", keep = { "body" } },
  checkpoint = { durability = "process" },
}
"""
ROWS = 1500


class Page:
    def __init__(self, browser, url, wrong):
        self.browser, self.url, self.wrong = browser, url, wrong
        browser.open(url)

    def get(self, expression):
        return self.browser.evaluate(expression)

    def text(self, where):
        return self.get(f"document.querySelector({json.dumps(where)})?.textContent ?? null")

    def click(self, where):
        self.get(f"document.querySelector({json.dumps(where)}).click()")

    def type(self, where, text):
        self.get(f"""(() => {{ const field = document.querySelector({json.dumps(where)}); field.value = {json.dumps(text)};
            field.dispatchEvent(new Event("input", {{bubbles: true}})); }})()""")

    def check(self, claim, holds):
        if not holds:
            self.wrong.append(claim)

    def comes(self, claim, expression):
        """Waits until it is true, which the claim says."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            if self.get(expression):
                return
            time.sleep(0.05)  # between two looks
        raise AssertionError(f"{claim}: this did not come: {expression}; {self.text('#state')}, {self.text('#notice')!r}; "
                             f"{set(self.browser.complaints())}")

    def has(self, claim, where, text):
        self.comes(claim, f"(document.querySelector({json.dumps(where)})?.textContent ?? '').includes({json.dumps(text)})")

    def quiet(self, when, away=False):
        for text in self.browser.complaints():
            if not (away and EXPECTED.search(text)):
                self.wrong.append(f"{when}: the console says: {text}")
        for url in self.browser.requests():
            if not url.startswith((self.url, "data:")):
                self.wrong.append(f"{when}: it asks for {url}")
        if any(event.get("method") == "Page.javascriptDialogOpening" for event in self.browser.events):
            self.wrong.append(f"{when}: a script of a row has run")
        self.browser.events = []

    def accessible(self, when):
        if not os.path.exists(AXE):
            return
        with open(AXE) as file:
            self.get(file.read() + "; 1")
        found = self.get("""axe.run(document, {resultTypes: ["violations"]}).then(result => result.violations.map(v =>
            [v.impact, v.id, v.help, ...v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary)]))""")
        for impact, *what in found:
            if impact in ("serious", "critical"):
                self.wrong.append(f"{when}: axe finds ({impact}): {' | '.join(what)}")

    def pictures(self, keep, name):
        for width in (1400, 420):
            for dark in (False, True):
                self.browser.look(width, dark)
                look = f"{name}-{width}-{'dark' if dark else 'light'}"
                wide, window = self.get("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
                self.check(f"{look}: {wide} pixels wide", wide <= window)
                self.accessible(look)
                if keep:
                    self.browser.screenshot(os.path.join(keep, look + ".png"))
        self.browser.look(1400)


def follow_the_stub(browser, keep, wrong):
    stub = Stub(Job())
    page = Page(browser, stub.url, wrong)
    try:
        port = stub.server_address[1]
        page.has("it shows the state", "#state", "running")
        page.has("it shows answers", "#answers", "T-")
        page.comes("both charts are drawn", "document.querySelectorAll('.chart canvas').length === 2")
        before = page.text("#answered")
        page.comes("the rows grow", f"document.querySelector('#answered').textContent !== {json.dumps(before)}")
        page.get("document.querySelector('#answers-title').scrollIntoView()")  # what is out of sight is not asked for
        first = page.text("#answers th")
        page.comes("new answers come", f"document.querySelector('#answers th').textContent !== {json.dumps(first)}")
        page.has("bidi overrides are written out", "#answers", "\\u202e")
        page.has("markup is text", "#answers", SCRIPT)
        page.has("a server's text is text", "#endpoints", SCRIPT)
        page.check("no element comes from a row", page.get("document.querySelectorAll('body img, body script, [onerror]').length") == 0)
        page.pictures(keep, "running")
        page.quiet("running")

        page.type("#search", "nothing has this text")
        page.has("a search says how far it looked", "#answers-note", "Older goes on")
        page.type("#search", "<SCRIPT>")
        page.comes("a search finds rows", "[...document.querySelectorAll('#answers tr')].length === 50 && "
                   "[...document.querySelectorAll('#answers tr')].every(row => row.textContent.includes('<script>'))")
        found = page.text("#answers th")
        page.click("#older")
        page.comes("older ones follow", f"document.querySelector('#answers th').textContent !== {json.dumps(found)}")
        older = page.text("#answers th")
        page.click("#newer")
        page.comes("and newer ones again", f"document.querySelector('#answers th').textContent !== {json.dumps(older)}")
        page.click("#answers tr")
        page.comes("a row opens", "document.querySelector('#row').open")
        page.has("whole", "#row-fields", SCRIPT + " please")
        page.accessible("a row")
        page.click("#row-close")
        page.click("#newest")

        page.click("#rejects button")
        page.has("a reason shows its rows", "#reason-rows", "urgency must be at most 5")
        page.click("#reason-rows tr")
        page.has("a rejected row opens with its history", "#row-fields", "HTTP 200")
        page.click("#row-close")
        for seconds in ("300", "3600"):
            page.click(f"#window-{seconds}")
        page.quiet("reading")

        page.click("#control")
        page.comes("control unfolds", "!document.querySelector('#panel').hidden")
        page.click("#pause")
        page.has("without a token nothing is done", "#said", "Enter the token")
        for token, said in (("wrong", "The token is wrong"), ("secret", "paused")):
            page.type("#token", token)
            page.get("document.querySelector('#token-form').requestSubmit()")
            page.click("#pause")
            page.has(f"the token {token!r} is answered", "#said", said)
        page.has("the pause shows", "#state", "paused")
        page.has("and can be ended", "#pause", "Resume")
        page.click("#pause")
        page.has("the run continues", "#state", "running")
        page.type("#budget", "$25.50")
        page.get("document.querySelector('#budget-form').requestSubmit()")
        page.has("the budget is raised", "#facts", "of $25.50")
        page.check("the token is nowhere but in this tab",
                   page.get("localStorage.length === 0 && document.cookie === '' && !location.href.includes('secret')"))
        page.accessible("control")
        page.click("#stop")
        page.comes("a stop asks once more", "document.querySelector('#sure').open")
        page.accessible("the question")
        page.click("#sure-yes")
        page.has("the stop shows", "#state", "stopping")
        page.quiet("control", away=True)

        stub.job.state, stub.job.why = "stopped", "the dashboard stopped it"
        page.has("the end is said", "#notice", "the dashboard stopped it")
        stub.end()
        page.has("the program's end is said", "#notice", "Its program has ended")
        page.check("the figures stay", page.text("#answered") not in (None, "–") and page.text("#answers th"))
        page.pictures(keep, "ended")
        stub.job.restart()
        again = Stub(stub.job, port)
        page.has("the next run is followed", "#state", "running")
        page.comes("without the notice", "document.querySelector('#notice').hidden")
        again.end()
        page.has("a lost connection is said", "#state", "connection lost")
        page.quiet("lost", away=True)
    finally:
        stub.end()


def other_stubs(browser, keep, wrong):
    for name, given, checks in (
            ("a program without charts", {"charts": False}, [("#chartless", "built without charts"), ("#course", "whole job")]),
            ("control is off", {"job": {"control": False}}, [("#panel-off", "SLUICE_LISTEN_TOKEN")]),
            ("looking needs the token", {"locked": True}, [("#notice", "wants its token")]),
            ("a job that was not begun", {"job": {"state": "not-begun", "live": False}}, [("#notice", "No run of this job")]),
            ("over the budget", {"job": {"budget": 14.0}}, [("#facts", "over the budget by")])):
        job = Job(400, night=False)
        job.__dict__.update(given.get("job", {}))
        stub = Stub(job, locked=given.get("locked", False), charts=given.get("charts", True))
        page = Page(browser, stub.url, wrong)
        for where, text in checks:
            page.has(name, where, text)
            page.comes(name, f"!document.querySelector('{where}').closest('[hidden]:not(#panel)')")
        if keep:
            browser.screenshot(os.path.join(keep, name.replace(" ", "-") + ".png"))
        if stub.locked:
            page.type("#token", "secret")
            page.get("document.querySelector('#token-form').requestSubmit()")
            page.has("the token shows the job", "#state", "running")
            page.has("and its answers", "#answers", "T-")
            page.get("sessionStorage.clear()")
            browser.open("about:blank")
            browser.open(stub.url + "#token=secret")
            page.has("a token in the address shows the job", "#answers", "T-")
            page.check("and leaves the address", "token" not in page.get("location.href"))
        page.quiet(name, away=True)
        stub.end()


def follow_the_program(browser, program, keep, wrong):
    """A real job: followed from the start, stopped by the page, run again at the same port, to its end."""
    with tempfile.TemporaryDirectory(prefix="sluice-dashboard-") as folder:
        mock = subprocess.Popen([program, "mock", "--port", "0", "--latency-ms", "200"], stdout=subprocess.PIPE, text=True)
        runs = []
        try:
            url = mock.stdout.readline().split()[-1]
            with open(os.path.join(folder, "tickets.jsonl"), "w") as file:
                for row in range(ROWS):
                    body = SCRIPT + f" ticket {row}, \u202einvoice" if row % 200 else "short"
                    file.write(json.dumps({"id": f"T-{row}", "body": body}, ensure_ascii=False) + "\n")
            def write_job(requests_per_minute):
                with open(os.path.join(folder, "tickets.lua"), "w") as file:
                    file.write(JOB % (url, requests_per_minute))

            with socket.socket() as probe:  # a port that is free now and is to be the same for both runs
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]

            def run():
                runs.append(subprocess.Popen([program, "run", "tickets.lua", "--listen", f"127.0.0.1:{port}"], cwd=folder,
                                             env={**os.environ, "SLUICE_LISTEN_TOKEN": "secret-of-this-test"},
                                             stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "err"), "w")))
                until = time.monotonic() + WAIT
                while time.monotonic() < until and runs[-1].poll() is None:
                    try:
                        return socket.create_connection(("127.0.0.1", port), 1).close()
                    except OSError:
                        time.sleep(0.02)  # between two looks
                with open(os.path.join(folder, "err")) as said:
                    raise RuntimeError("the run does not listen: " + said.read())

            write_job(1200)  # time enough to look at it
            run()
            page = Page(browser, f"http://127.0.0.1:{port}/", wrong)
            page.has("it shows the job", "#job", "tickets")
            page.has("it shows the state", "#state", "running")
            page.comes("rows are answered", "parseInt(document.querySelector('#answered').textContent.replace(',', '')) > 50")
            page.get("document.querySelector('#answers-title').scrollIntoView()")
            page.has("their text is text", "#answers", SCRIPT)
            page.has("bidi overrides are written out", "#answers", "\\u202e")
            page.check("no element comes from a row",
                       page.get("document.querySelectorAll('body img, body script, [onerror]').length") == 0)
            page.has("rejects are shown", "#rejects", "invalid_field")
            page.click("#rejects button")
            page.has("and their rows", "#reason-rows", "T-")
            page.comes("both charts are drawn", "document.querySelectorAll('.chart canvas').length === 2")
            page.pictures(keep, "program")
            page.quiet("running")
            page.click("#control")
            page.type("#token", "wrong")
            page.get("document.querySelector('#token-form').requestSubmit()")
            page.click("#pause")
            page.has("a wrong token is refused", "#said", "The token is wrong")
            page.type("#token", "secret-of-this-test")
            page.get("document.querySelector('#token-form').requestSubmit()")
            page.type("#budget", "7.25")
            page.get("document.querySelector('#budget-form').requestSubmit()")
            page.has("the budget is raised", "#facts", "of $7.25")
            page.click("#pause")
            page.has("it pauses", "#state", "paused")
            page.click("#pause")
            page.has("and continues", "#state", "running")
            page.click("#stop")
            page.click("#sure-yes")
            page.has("it stops", "#notice", "The run has stopped")
            runs[-1].wait(WAIT)
            page.has("the program's end is said", "#notice", "Its program has ended")
            page.check("the figures stay", page.text("#answered") not in (None, "–", "0"))
            write_job(6000)
            run()
            page.has("the next run is followed", "#state", "running")
            page.has("to its end", "#state", "finished")
            page.has("with every row", "#answered", f"{ROWS - len(range(0, ROWS, 200)):,}")
            runs[-1].wait(WAIT)
            page.has("the program's end is said again", "#notice", "Its program has ended")
            page.quiet("to the end", away=True)
        finally:
            for process in [mock, *runs]:
                process.terminate()
                process.wait()
            mock.stdout.close()


def main(arguments):
    keep = None
    if "--keep" in arguments:
        at = arguments.index("--keep")
        keep = arguments[at + 1]
        del arguments[at:at + 2]
        os.makedirs(keep, exist_ok=True)
    if not os.path.exists(AXE):
        print("axe is not there (./dev axe): what people need that cannot see the page is not looked at")
    wrong = []
    parts = [follow_the_stub, other_stubs]
    if arguments[0] != "--stub":
        program = os.path.abspath(arguments[0])
        parts.append(lambda browser, keep, wrong: follow_the_program(browser, program, keep, wrong))
    for part in parts:
        browser = Browser()
        try:
            browser.look(1400)
            part(browser, keep, wrong)
        except AssertionError as missing:
            wrong.append(str(missing))
        finally:
            browser.close()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
