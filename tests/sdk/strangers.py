"""Programs that others wrote for batch APIs, unchanged, on the mock's: strangers.py PROGRAM."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from batch_checks import books
from checks import equal, run
from mock import Mock

BATCH = ("--batch-turnaround", "10m", "--key", "right")
ROWS = 25


def check_batchwizard(program):
    """A job from its file to its results, by its command."""
    lines = {
        "openai": [{"custom_id": f"n-{i}", "method": "POST", "url": "/v1/chat/completions",
                    "body": {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": f"row {i}"}]}}
                   for i in range(ROWS)],
        "anthropic": [{"custom_id": f"n-{i}", "params": {"model": "claude-haiku-4-5", "max_tokens": 50,
                                                         "messages": [{"role": "user", "content": f"row {i}"}]}}
                      for i in range(ROWS)]}
    for provider, rows in lines.items():
        with Mock(program, *BATCH) as mock, tempfile.TemporaryDirectory() as folder:
            home = pathlib.Path(folder)
            (home / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            surroundings = {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "OPENAI_API_KEY": "right",
                            "OPENAI_BASE_URL": mock.url + "/v1", "ANTHROPIC_API_KEY": "right",
                            "ANTHROPIC_BASE_URL": mock.url}
            command = [pathlib.Path(sys.executable).parent / "batchwizard", "process", "in.jsonl", "--output-directory",
                       "out", "--check-interval", "1", "--provider", provider]
            subprocess.run(command, cwd=folder, env=surroundings, check=True, capture_output=True, timeout=120)
            results = [json.loads(line) for line in next((home / "out").glob("*_results.jsonl")).read_text().splitlines()]
            equal({row["custom_id"] for row in results}, {row["custom_id"] for row in rows})
            equal((books(mock)["created"], books(mock)["lines"]), (1, ROWS))


def check_steadybatch(program):
    """Lines that fail are asked again until all are answered, with each batch made once."""
    import openai
    from steadybatch import Request, Runner
    from steadybatch.providers.openai_batch import OpenAIBatch

    schema = {"type": "object", "properties": {"queue": {"type": "string", "enum": ["billing", "refund"]}},
              "required": ["queue"], "additionalProperties": False}
    with Mock(program, *BATCH, "--batch-line-error", "0.2", "--batch-shuffle", "1") as mock, \
            tempfile.TemporaryDirectory() as folder:
        api = openai.OpenAI(base_url=mock.url + "/v1", api_key="right", max_retries=0)
        runner = Runner(OpenAIBatch(api), "gpt-5.4-mini", response_schema=schema, checkpoint=f"{folder}/job.sqlite",
                        poll_every=0.2)
        report = runner.run([Request(f"k{i}", [{"role": "user", "content": f"refund bill {i}"}]) for i in range(ROWS)])
        equal((report.ok, report.failed), (ROWS, 0))
        equal(books(mock)["lines"], ROWS)
        assert books(mock)["line_errors"] > 0 and books(mock)["created"] > 1


if __name__ == "__main__":
    sys.exit(run((check_batchwizard, check_steadybatch)))
