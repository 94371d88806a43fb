"""What each provider's client makes of the mock's batch API: batch_checks.py PROGRAM."""
import io
import json
import sys
import time
import urllib.request

from checks import equal, raises, run
from mock import Mock

TEXT = "refund my last bill"
# A batch that takes an hour is over in a second.
BATCH = ("--batch-turnaround", "1h", "--batch-speed", "3600", "--key", "right")
ROWS = 30


def poll(show, over):
    """The batch when it is over; no step of it is waited for longer than the mock takes."""
    for _ in range(200):
        batch = show()
        if over(batch):
            return batch
        time.sleep(0.05)
    raise AssertionError(f"never over: {batch}")


def books(mock):
    """What the mock says of its batches."""
    with urllib.request.urlopen(mock.url + "/stats") as reply:
        return json.load(reply)["batch"]


def check_openai(program):
    import openai

    def jsonl():
        lines = [{"custom_id": f"nonce.{i}", "method": "POST", "url": "/v1/chat/completions",
                  "body": {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": f"{TEXT} {i}"}]}}
                 for i in range(ROWS)]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    with Mock(program, *BATCH) as mock:
        api = openai.OpenAI(base_url=mock.url + "/v1", api_key="right", max_retries=0)
        file = api.files.create(file=("rows.jsonl", io.BytesIO(jsonl())), purpose="batch")
        equal((file.purpose, file.filename, file.bytes), ("batch", "rows.jsonl", len(jsonl())))
        equal(api.files.content(file.id).read(), jsonl())
        batch = api.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
                                   metadata={"sluice": "nonce"})
        equal(batch.status, "validating")
        equal([one.id for one in api.batches.list()], [batch.id])
        done = poll(lambda: api.batches.retrieve(batch.id), lambda b: b.status == "completed")
        equal((done.request_counts.total, done.request_counts.completed, done.request_counts.failed), (ROWS, ROWS, 0))
        lines = [json.loads(line) for line in api.files.content(done.output_file_id).text.splitlines()]
        equal(sorted(line["custom_id"] for line in lines), sorted(f"nonce.{i}" for i in range(ROWS)))
        equal(sum(line["response"]["body"]["usage"]["completion_tokens"] for line in lines), books(mock)["output_tokens"])
        equal(done.usage.output_tokens, books(mock)["output_tokens"])
        equal(books(mock)["by_label"], {"nonce": 1})
        second = api.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        equal(api.batches.cancel(second.id).status, "cancelling")
        poll(lambda: api.batches.retrieve(second.id), lambda b: b.status == "cancelled")
        raises(openai.ConflictError, lambda: api.batches.cancel(second.id))
        raises(openai.NotFoundError, lambda: api.batches.retrieve("batch_none"))
        assert api.files.delete(file.id).deleted
        raises(openai.AuthenticationError, lambda: openai.OpenAI(base_url=mock.url + "/v1", api_key="wrong",
                                                                 max_retries=0).batches.list())


CHECKS = (check_openai,)

if __name__ == "__main__":
    sys.exit(run(CHECKS))
