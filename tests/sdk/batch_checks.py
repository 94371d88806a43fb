"""What each provider's client makes of the mock's batch API: batch_checks.py PROGRAM."""
import io
import json
import sys
import time
import urllib.request

from checks import equal, raises, run
from mock import Mock

TEXT = "refund my last bill"
# A batch that takes half an hour is over in half a second.
BATCH = ("--batch-turnaround", "30m", "--batch-speed", "3600", "--key", "right")
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


def s3(mock, secret="secret", **settings):
    import boto3
    from botocore.config import Config

    return boto3.client("s3", region_name="us-east-1", endpoint_url=mock.url, aws_access_key_id="AKID",
                        aws_secret_access_key=secret, config=Config(retries={"total_max_attempts": 1}, **settings))


def check_objects(program):
    from boto3.s3.transfer import TransferConfig
    from botocore.exceptions import ClientError

    with Mock(program, "--bucket", "jobs", "--aws-key", "AKID:secret") as mock:
        api = s3(mock)
        big = bytes(range(256)) * 60_000  # 15 MB: in parts of 5
        api.upload_fileobj(io.BytesIO(big), "jobs", "in/big one+1.bin",
                           Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
        api.put_object(Bucket="jobs", Key="in/small", Body=b"abc")
        out = io.BytesIO()
        api.download_fileobj("jobs", "in/big one+1.bin", out)
        equal(out.getvalue() == big, True)
        equal(api.get_object(Bucket="jobs", Key="in/small", Range="bytes=1-")["Body"].read(), b"bc")
        equal(api.head_object(Bucket="jobs", Key="in/big one+1.bin")["ContentLength"], len(big))
        for i in range(5):
            api.put_object(Bucket="jobs", Key=f"out/{i}/x", Body=b"x")
        pages = api.get_paginator("list_objects_v2").paginate(Bucket="jobs", PaginationConfig={"PageSize": 2})
        equal([one["Key"] for page in pages for one in page["Contents"]],
              ["in/big one+1.bin", "in/small", *(f"out/{i}/x" for i in range(5))])
        pages = api.get_paginator("list_objects_v2").paginate(Bucket="jobs", Delimiter="/", Prefix="out/",
                                                              PaginationConfig={"PageSize": 2})
        equal([one["Prefix"] for page in pages for one in page["CommonPrefixes"]], [f"out/{i}/" for i in range(5)])
        api.delete_object(Bucket="jobs", Key="in/small")
        equal(raises(ClientError, lambda: api.get_object(Bucket="jobs", Key="in/small")).response["Error"]["Code"],
              "NoSuchKey")
        equal(raises(ClientError, lambda: s3(mock, "wrong").list_objects_v2(Bucket="jobs")).response["Error"]["Code"],
              "SignatureDoesNotMatch")


def check_bedrock(program):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    rows = 120  # a batch has a hundred at least
    native = [{"recordId": f"r{i}", "modelInput": {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
                                                   "messages": [{"role": "user", "content": f"{TEXT} {i}"}]}}
              for i in range(rows)]
    converse = [{"recordId": f"r{i}", "modelInput": {"messages": [{"role": "user", "content": [{"text": TEXT}]}]}}
                for i in range(rows)]
    with Mock(program, *BATCH[:-2], "--bucket", "jobs", "--aws-key", "AKID:secret") as mock:
        api = boto3.client("bedrock", region_name="eu-west-1", endpoint_url=mock.url, aws_access_key_id="AKID",
                           aws_secret_access_key="secret", config=Config(retries={"total_max_attempts": 1}))
        objects = s3(mock)

        def create(lines, token, **more):
            text = "".join(json.dumps(line) + "\n" for line in lines)
            objects.put_object(Bucket="jobs", Key=f"{token}/in.jsonl", Body=text.encode())
            return api.create_model_invocation_job(
                jobName=f"job-{token}", roleArn="arn:aws:iam::123456789012:role/batch", clientRequestToken=token,
                modelId="anthropic.claude-haiku-4-5-v1:0",
                inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://jobs/{token}/in.jsonl", "s3InputFormat": "JSONL"}},
                outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://jobs/{token}/out/"}}, **more)["jobArn"]

        def finished(arn):
            return poll(lambda: api.get_model_invocation_job(jobIdentifier=arn),
                        lambda job: job["status"] not in ("Submitted", "Validating", "InProgress", "Stopping"))

        def results(arn, token):
            key = f"{token}/out/{arn.split('/')[-1]}/in.jsonl.out"
            return [json.loads(line) for line in objects.get_object(Bucket="jobs", Key=key)["Body"].read().splitlines()]

        arn = create(native, "one")
        equal(create(native, "one"), arn)
        equal(arn.split(":")[3], "eu-west-1")
        done = finished(arn)
        equal((done["status"], done["totalRecordCount"], done["successRecordCount"]), ("Completed", rows, rows))
        lines = results(arn, "one")
        equal({line["recordId"] for line in lines}, {f"r{i}" for i in range(rows)})
        equal(sum(line["modelOutput"]["usage"]["output_tokens"] for line in lines), books(mock)["output_tokens"])
        manifest = objects.get_object(Bucket="jobs", Key=f"one/out/{arn.split('/')[-1]}/manifest.json.out")["Body"].read()
        equal(json.loads(manifest)["successRecordCount"], rows)
        second = create(converse, "two", modelInvocationType="Converse")
        equal(finished(second)["status"], "Completed")
        assert results(second, "two")[0]["modelOutput"]["output"]["message"]["content"]
        summaries = api.list_model_invocation_jobs(nameContains="two")["invocationJobSummaries"]
        equal([(one["jobArn"], one["clientRequestToken"]) for one in summaries], [(second, "two")])
        equal(finished(create(native[:5], "few"))["status"], "Failed")
        third = create(native, "three")
        api.stop_model_invocation_job(jobIdentifier=third)
        equal(finished(third)["status"], "Stopped")
        equal(raises(ClientError, lambda: api.stop_model_invocation_job(jobIdentifier=third)).response["Error"]["Code"],
              "ConflictException")
        equal(books(mock)["by_label"], {"one": 1, "two": 1, "three": 1, "few": 1})


def check_vertex(program):
    from google import genai
    from google.genai import errors, types
    from google.oauth2 import credentials

    def put(mock, path, data):
        urllib.request.urlopen(urllib.request.Request(mock.url + path, data=data, method="PUT",
                                                      headers={"Authorization": "Bearer right"})).close()

    def get(mock, path):
        asked = urllib.request.Request(mock.url + path, headers={"Authorization": "Bearer right"})
        with urllib.request.urlopen(asked) as reply:
            return reply.read()

    with Mock(program, *BATCH, "--bucket", "jobs") as mock:
        api = genai.Client(vertexai=True, project="p", location="us-central1", credentials=credentials.Credentials("right"),
                           http_options=types.HttpOptions(base_url=mock.url))
        lines = [{"request": {"contents": [{"role": "user", "parts": [{"text": f"{TEXT} {i}"}]}],
                              "labels": {"sluice_id": f"r{i}"}}} for i in range(ROWS)]
        put(mock, "/jobs/in.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())

        def create(name):
            return api.batches.create(model="gemini-2.5-flash", src="gs://jobs/in.jsonl",
                                      config={"display_name": name, "dest": "gs://jobs/out"})

        def finished(batch):
            return poll(lambda: api.batches.get(name=batch.name), lambda b: b.state not in (
                types.JobState.JOB_STATE_PENDING, types.JobState.JOB_STATE_RUNNING, types.JobState.JOB_STATE_CANCELLING))

        batch = create("nonce")
        equal([one.name for one in api.batches.list(config={"filter": 'display_name="nonce"'})], [batch.name])
        equal(list(api.batches.list(config={"filter": 'display_name="another"'})), [])
        done = finished(batch)
        equal((done.state, done.completion_stats.successful_count), (types.JobState.JOB_STATE_SUCCEEDED, ROWS))
        folder = done.output_info.gcs_output_directory.removeprefix("gs:/")
        results = [json.loads(line) for line in get(mock, folder + "/predictions.jsonl").splitlines()]
        equal([one["request"]["labels"]["sluice_id"] for one in results], [f"r{i}" for i in range(ROWS)])
        equal({one["status"] for one in results}, {""})
        equal(sum(one["response"]["usageMetadata"]["candidatesTokenCount"] for one in results), books(mock)["output_tokens"])
        second = create("other")
        api.batches.cancel(name=second.name)
        equal(finished(second).state, types.JobState.JOB_STATE_CANCELLED)
        raises(errors.ClientError, lambda: api.batches.create(
            model="gemini-2.5-flash", src="gs://nowhere/in.jsonl", config={"dest": "gs://jobs/out"}), code=400)


CHECKS = (check_openai, check_azure, check_anthropic, check_gemini, check_mistral, check_groq, check_objects, check_bedrock,
          check_vertex)

if __name__ == "__main__":
    sys.exit(run(CHECKS, "'s batches"))
