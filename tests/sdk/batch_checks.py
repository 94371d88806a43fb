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


def check_anthropic(program):
    import anthropic

    def asked(i):
        return {"custom_id": f"nonce-{i}", "params": {"model": "claude-haiku-4-5", "max_tokens": 100,
                                                      "messages": [{"role": "user", "content": f"{TEXT} {i}"}]}}

    with Mock(program, *BATCH) as mock:
        api = anthropic.Anthropic(base_url=mock.url, api_key="right", max_retries=0)
        batch = api.messages.batches.create(requests=[asked(i) for i in range(ROWS)])
        equal((batch.processing_status, batch.request_counts.processing, batch.results_url), ("in_progress", ROWS, None))
        equal([one.id for one in api.messages.batches.list(limit=1)], [batch.id])
        done = poll(lambda: api.messages.batches.retrieve(batch.id), lambda b: b.processing_status == "ended")
        equal((done.request_counts.processing, done.request_counts.succeeded), (0, ROWS))
        results = list(api.messages.batches.results(batch.id))
        equal({one.custom_id for one in results}, {f"nonce-{i}" for i in range(ROWS)})
        equal(sum(one.result.message.usage.output_tokens for one in results), books(mock)["output_tokens"])
        bad = asked(0)
        bad["params"]["surprise"] = 1
        second = api.messages.batches.create(requests=[bad, asked(1)])
        poll(lambda: api.messages.batches.retrieve(second.id), lambda b: b.processing_status == "ended")
        kinds = {one.custom_id: one.result for one in api.messages.batches.results(second.id)}
        equal((kinds["nonce-0"].type, kinds["nonce-1"].type), ("errored", "succeeded"))
        equal(kinds["nonce-0"].error.error.type, "invalid_request_error")
        third = api.messages.batches.create(requests=[asked(i) for i in range(ROWS)])
        equal(api.messages.batches.cancel(third.id).processing_status, "canceling")
        ended = poll(lambda: api.messages.batches.retrieve(third.id), lambda b: b.processing_status == "ended")
        equal(ended.request_counts.succeeded + ended.request_counts.canceled, ROWS)
        equal(api.messages.batches.delete(third.id).type, "message_batch_deleted")
        raises(anthropic.NotFoundError, lambda: api.messages.batches.retrieve(third.id))
        raises(anthropic.BadRequestError, lambda: api.messages.batches.create(requests=[asked(1), asked(1)]))


def check_gemini(program):
    from google import genai
    from google.genai import errors, types

    with Mock(program, *BATCH) as mock:
        api = genai.Client(api_key="right", http_options=types.HttpOptions(base_url=mock.url))

        def finished(batch):
            return poll(lambda: api.batches.get(name=batch.name),
                        lambda b: b.state not in (types.JobState.JOB_STATE_PENDING, types.JobState.JOB_STATE_RUNNING))

        # The requests in the call: results come with the batch, in their order.
        batch = api.batches.create(model="gemini-2.5-flash", config={"display_name": "nonce"}, src=[
            {"contents": f"{TEXT} {i}", "config": {"max_output_tokens": 100}, "metadata": {"key": f"k{i}"}}
            for i in range(ROWS)])
        equal(batch.state, types.JobState.JOB_STATE_PENDING)
        equal([(one.name, one.display_name) for one in api.batches.list()], [(batch.name, "nonce")])
        done = finished(batch)
        equal(done.state, types.JobState.JOB_STATE_SUCCEEDED)
        equal([one.metadata["key"] for one in done.dest.inlined_responses], [f"k{i}" for i in range(ROWS)])
        equal(sum(one.response.usage_metadata.candidates_token_count for one in done.dest.inlined_responses),
              books(mock)["output_tokens"])

        # In a file of more than one part of the client's (8 MiB).
        lines = [{"key": f"k{i}", "request": {"contents": [{"role": "user", "parts": [{"text": f"{TEXT} {i}" * 20_000}]}]}}
                 for i in range(ROWS)]
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        file = api.files.upload(file=io.BytesIO(text), config={"mime_type": "application/jsonl", "display_name": "rows"})
        equal((file.size_bytes, file.display_name), (len(text), "rows"))
        equal(api.files.get(name=file.name).name, file.name)
        batch = api.batches.create(model="gemini-2.5-flash", src=file.name, config={"display_name": "nonce"})
        done = finished(batch)
        results = [json.loads(line) for line in api.files.download(file=done.dest.file_name).splitlines()]
        equal([one["key"] for one in results], [f"k{i}" for i in range(ROWS)])
        equal(books(mock)["by_label"], {"nonce": 2})
        assert file.name in [one.name for one in api.files.list()]
        api.files.delete(name=file.name)
        raises(errors.ClientError, lambda: api.files.get(name=file.name), code=404)

        vectors = finished(api.batches.create_embeddings(
            model="gemini-embedding-001", src={"inlined_requests": {"contents": [TEXT, "reset"]}}))
        assert all(one.response.embedding.values for one in vectors.dest.inlined_embed_content_responses)

        batch = api.batches.create(model="gemini-2.5-flash", src=[{"contents": TEXT}])
        api.batches.cancel(name=batch.name)
        equal(finished(batch).state, types.JobState.JOB_STATE_CANCELLED)
        api.batches.delete(name=batch.name)
        raises(errors.ClientError, lambda: api.batches.get(name=batch.name), code=404)


def check_mistral(program):
    from mistralai.client import Mistral, errors

    def body(i):
        return {"messages": [{"role": "user", "content": f"{TEXT} {i}"}], "max_tokens": 100}

    with Mock(program, *BATCH) as mock:
        api = Mistral(api_key="right", server_url=mock.url)

        def finished(job):
            return poll(lambda: api.batch.jobs.get(job_id=job.id, inline=True),
                        lambda j: j.status not in ("QUEUED", "RUNNING", "CANCELLATION_REQUESTED"))

        text = "".join(json.dumps({"custom_id": f"k{i}", "body": body(i)}) + "\n" for i in range(ROWS))
        file = api.files.upload(file={"file_name": "rows.jsonl", "content": text.encode()}, purpose="batch")
        equal((file.size_bytes, file.sample_type), (len(text), "batch_request"))
        job = api.batch.jobs.create(input_files=[file.id], model="mistral-small-latest", endpoint="/v1/chat/completions",
                                    metadata={"sluice": "nonce"})
        equal((job.status, job.total_requests), ("QUEUED", ROWS))
        equal([one.id for one in api.batch.jobs.list(metadata={"sluice": "nonce"}).data], [job.id])
        equal(api.batch.jobs.list(metadata={"sluice": "another"}).total, 0)
        done = finished(job)
        equal((done.status, done.succeeded_requests, done.failed_requests), ("SUCCESS", ROWS, 0))
        lines = [json.loads(line) for line in api.files.download(file_id=done.output_file).read().splitlines()]
        equal({line["custom_id"] for line in lines}, {f"k{i}" for i in range(ROWS)})
        equal(sum(line["response"]["body"]["usage"]["completion_tokens"] for line in lines), books(mock)["output_tokens"])
        equal(len(done.outputs), ROWS)
        assert file.id in [one.id for one in api.files.list().data]
        assert api.files.delete(file_id=file.id).deleted

        job = api.batch.jobs.create(requests=[{"custom_id": "a", "body": body(1)}], model="mistral-small-latest",
                                    endpoint="/v1/chat/completions")
        equal(finished(job).outputs[0]["custom_id"], "a")
        job = api.batch.jobs.create(requests=[{"custom_id": "a", "body": body(1)}], model="mistral-small-latest",
                                    endpoint="/v1/chat/completions")
        equal(api.batch.jobs.cancel(job_id=job.id).status, "CANCELLATION_REQUESTED")
        equal(finished(job).status, "CANCELLED")
        assert api.batch.jobs.delete(job_id=job.id).deleted
        raises(errors.SDKError, lambda: api.batch.jobs.get(job_id=job.id), status_code=404)


def check_groq(program):
    import groq

    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": "llama-3.3-70b-versatile", "messages": [{"role": "user", "content": TEXT}]}}
    with Mock(program, *BATCH) as mock:
        api = groq.Groq(base_url=mock.url, api_key="right", max_retries=0)
        file = api.files.create(file=("rows.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = api.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="7d")
        equal(batch.expires_at - batch.created_at, 7 * 24)  # hours are seconds here
        done = poll(lambda: api.batches.retrieve(batch.id), lambda b: b.status == "completed")
        equal(json.loads(api.files.content(done.output_file_id).read())["custom_id"], "a")


def check_azure(program):
    import openai

    line = {"custom_id": "a", "method": "POST", "url": "/chat/completions",
            "body": {"model": "mini", "messages": [{"role": "user", "content": TEXT}]}}
    with Mock(program, *BATCH) as mock:
        api = openai.AzureOpenAI(azure_endpoint=mock.url, api_key="right", api_version="2025-04-01-preview", max_retries=0)
        file = api.files.create(file=("rows.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = api.batches.create(input_file_id=file.id, endpoint="/chat/completions", completion_window="24h")
        equal(batch.expires_at, None)
        done = poll(lambda: api.batches.retrieve(batch.id), lambda b: b.status == "completed")
        equal(json.loads(api.files.content(done.output_file_id).read())["custom_id"], "a")


CHECKS = (check_openai, check_azure, check_anthropic, check_gemini, check_mistral, check_groq)

if __name__ == "__main__":
    sys.exit(run(CHECKS))
