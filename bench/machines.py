"""A job that several processes share, and the folders that they are run in."""
import pathlib, shutil, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checkpoint import SLUICE, write_rows  # noqa: E402

JOB = """local s = require "sluice"
return s.pipeline {
  name = "shared",
  FLEET
  s.read { "ROWS", key = "id" },
  s.pack { rows = PER, system = "Sort the ticket.", user = "{{subject}}\\n\\n{{body}}",
           answer = { queue = s.one_of { "billing", "bug", "access", "sales", "other" }, urgency = s.int { min = 1, max = 5 } } },
  s.dispatch { s.openai { model = "mock", base_url = "URL", rpm = 1e9, max_concurrency = SLOTS, price = { input = 0.2, output = 1.25 } } },
  s.sink { "out.jsonl" },
}
"""


def job_of(rows, url, fleet, slots=200, per=20, shard_rows=2000):
    text = JOB.replace("ROWS", str(rows)).replace("URL", url).replace("SLOTS", str(slots)).replace("PER", str(per))
    return text.replace("FLEET", f'fleet = {{ checkpoint = "{fleet}", shard_rows = {shard_rows} }},' if fleet else "")


def rows_in(scratch, count):
    path = scratch / f"rows-{count}.jsonl"
    if not path.exists():
        write_rows(path, 0, count)
    return path


class Machine:
    """A folder with the job; a process there."""

    def __init__(self, scratch, number, job):
        self.folder = scratch / f"machine-{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "job.lua").write_text(job)

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([SLUICE, "run", "job.lua", "--log", "json"], cwd=self.folder, stdout=log, stderr=log)
        return self

    def runs(self):
        return self.process.poll() is None

    def sluice(self, *command):
        return subprocess.run([SLUICE, *command], cwd=self.folder, capture_output=True, text=True)

    def last_words(self):
        return (self.folder / "log").read_text()[-3000:]
