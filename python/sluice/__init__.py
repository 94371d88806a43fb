"""Runs sluice, the program that comes with this package, on rows from Python.

    import sluice

    for answer in sluice.run("tickets.lua", rows=rows, set={"model": "gpt-5.4-mini"}):
        print(answer["id"], answer["queue"])

`rows` are dicts, or a pandas or polars data frame: then the answers are one too. What a job does, and all of its
promises, are the program's (`sluice --help`); nothing is decided here. A call starts the program and returns when it
has ended. An interrupt (Ctrl-C) stops the job as it does in a shell: it waits for the requests in flight, and a
second one aborts. The same call resumes it.
"""
import importlib.metadata
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

__all__ = ["Error", "answers", "program", "rejects", "run"]


class Error(Exception):
    """What the program said. `exit_status` is its own: 2 wrong usage, 3 the pipeline file does not check, 4 stopped
    before the end (run it again to resume), 5 I/O, an internal error or no endpoint left, 130 aborted. `summary`:
    the last event of `--log json`, a dict, where the run had begun."""

    def __init__(self, message, exit_status, summary=None):
        super().__init__(message)
        self.exit_status = exit_status
        self.summary = summary


def run(job, rows=None, *, set=None, lib=(), limit=None, progress=True):
    """Runs the pipeline file `job`, or resumes it, and returns the answers to its input: an iterator of dicts, or
    a data frame where `rows` is one.

    rows      for a job that reads standard input (`s.read { "-" }`): an iterable of dicts or a data frame, all of
              the input. They are written to a temporary file first, so that an iterable that fails has asked nothing
    set       values for the job's parameters (`s.param`), a dict
    lib       further folders for `require`
    limit     read at most so many rows
    progress  True: lines to sys.stderr; a function: is called with each event of `--log json`, a dict; None: nothing

    Rows that were rejected are warned about; rejects() has them. What ends the run early is an Error.
    """
    options = _options(set, lib)
    with _output("check", job, *options) as listing:
        reads = re.search(r"^ +reads +(.*)$", listing.read(), re.MULTILINE)
    wants_rows = reads is not None and "standard input" in reads.group(1).split(", ")
    if wants_rows != (rows is not None):
        raise Error(f'{job}: reads standard input, s.read {{ "-" }}: give it rows=' if wants_rows else
                    f'{job}: has its own input: rows= is for a job that reads standard input, s.read {{ "-" }}', 2)
    with tempfile.TemporaryFile() as given:
        if rows is not None:
            _write(rows, given)
            given.seek(0)
        if limit is not None:
            options += ["--limit", str(limit)]
        summary = _run([program(), "run", job, *options, "--log", "json"], given, progress)
    if summary.get("rows_rejected"):
        warnings.warn(f"{summary['rows_rejected']:,} of {summary['rows_read']:,} rows were rejected: "
                      f"see sluice.rejects({str(job)!r})", stacklevel=2)
    return answers(job, set=set, lib=lib, like=rows)


def answers(job, *, set=None, lib=(), like=None):
    """The answers that the job has so far, without asking anything: an iterator of dicts, or a data frame where
    `like` is one."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "answers.jsonl")
        _output("export", job, *_options(set, lib), "--to", str(path)).close()
        each = _each(path.open(encoding="utf-8"))  # an open file outlives its folder
    library = _frame_library(like)
    if library is None:
        return each
    every_row = {"infer_schema_length": None} if library.__name__ == "polars" else {}
    return library.DataFrame(list(each), **every_row)


def rejects(job, *, set=None, lib=()):
    """The rows that ended without an answer, whole, with stage, reason and history: an iterator of dicts."""
    return _each(_output("rejects", job, *_options(set, lib), "--json"))


def program():
    """The path of the program: this package's own, or the one on PATH."""
    try:
        for file in importlib.metadata.files("sluice") or ():
            if file.name == "sluice":
                return str(file.locate().resolve())
    except importlib.metadata.PackageNotFoundError:
        pass
    return shutil.which("sluice") or "sluice"


def _options(set, lib):
    options = []
    for name, value in (set or {}).items():
        options += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    for folder in lib:
        options += ["--lib", folder]
    return options


def _output(*arguments):
    """What a command prints that asks nothing, as a file."""
    printed = tempfile.TemporaryFile("w+", encoding="utf-8")
    done = subprocess.run([program(), *arguments], stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.PIPE,
                          encoding="utf-8", errors="replace")
    if done.returncode not in (0, 1):
        printed.close()
        raise _error(done.stderr, done.returncode)
    printed.seek(0)
    return printed


def _each(file):
    with file:
        yield from map(json.loads, file)


def _run(command, given, progress):
    """Runs to the end and returns the summary. Standard input and output are files and only standard error is a
    pipe, so that nobody can wait for the other's pipe to be read."""
    with tempfile.TemporaryFile() as printed:
        # A session of its own: so an interrupt comes once, from here, however it was sent.
        child = subprocess.Popen(command, stdin=given, stdout=printed, stderr=subprocess.PIPE, encoding="utf-8",
                                 errors="replace", start_new_session=True)
        said = []
        interrupted = False
        while True:
            try:
                for line in child.stderr:
                    _report(line, said, progress)
                child.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
                child.send_signal(2)  # SIGINT
            except BaseException:  # of `progress`
                child.terminate()
                child.stderr.close()
                child.wait()
                raise
        child.stderr.close()
        if interrupted:
            raise KeyboardInterrupt
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace").splitlines()
    summary = json.loads(lines[-1]) if lines else {}
    if child.returncode not in (0, 1):
        if not said and "why" in summary:
            said = [f"{summary['job']}: stopped: {summary['why']}"]
        raise _error("".join(said), child.returncode, summary)
    return summary


def _report(line, said, progress):
    event = _event(line)
    if event is None or event.get("event") == "error":
        said.append(line if event is None else event.get("message", line.strip()) + "\n")
    elif callable(progress):
        progress(event)
    elif progress and event.get("event") == "progress":
        of = f" of {event['rows_total']:,}" if "rows_total" in event else ""
        print(f"{event.get('job')}: {event.get('rows_done', 0):,}{of} rows, ${event.get('spent_usd', 0):.2f}", file=sys.stderr)
    elif progress and "message" in event:
        print(event["message"], file=sys.stderr)


def _event(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _error(text, status, summary=None):
    text = text.strip()
    if status < 0:
        text += f"\nthe program was ended by signal {-status}"
    return Error(text[len("sluice: "):] if text.startswith("sluice: ") else text.lstrip("\n"), status, summary)


def _frame_library(rows):
    """pandas or polars, where `rows` is a data frame of theirs."""
    library = sys.modules.get(type(rows).__module__.partition(".")[0])
    if getattr(library, "__name__", None) in ("pandas", "polars") and isinstance(rows, library.DataFrame):
        return library
    return None


def _write(rows, file):
    library = _frame_library(rows)
    if library is not None and library.__name__ == "polars":
        rows.write_ndjson(file)
    elif library is not None:
        for begin in range(0, len(rows), 10000):
            text = rows.iloc[begin:begin + 10000].to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
            file.write(text.rstrip("\n").encode("utf-8") + b"\n")
    else:
        for number, row in enumerate(rows):
            try:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")
            except (TypeError, ValueError) as error:
                raise (TypeError if isinstance(error, TypeError) else ValueError)(f"row {number}: {error}") from None
