"""What each provider's client makes of the mock: checks.py PROGRAM. Replies, usage and typed errors."""
import base64
import pathlib
import sys
import time

from mock import Mock

SCHEMA = {"type": "object", "properties": {"queue": {"type": "string", "enum": ["billing", "refund"]}},
          "required": ["queue"], "additionalProperties": False}
TEXT = "refund my last bill"
ANSWER = '{"queue":"refund"}'
# By their first bytes, which is all that the mock looks at.
PNG = b"\x89PNG\r\n\x1a\n and so on"
PDF = b"%PDF-1.7 and so on"
# Half of each prompt cached, more output than the text takes.
BOOKS = ("--cached-share", "0.5", "--output-tokens", "40")


def equal(got, wanted):
    assert got == wanted, f"{got!r}, and {wanted!r} was expected"


def encoded(data):
    return base64.b64encode(data).decode()


def shown(text):
    """That a free text names the image and the document that came with the prompt."""
    for kind, data in (("image/png", PNG), ("application/pdf", PDF)):
        assert f"[{kind} of {len(data)} bytes, " in text, text


def raises(kind, call, **fields):
    """That `call` raises `kind`, with these attributes."""
    try:
        call()
    except kind as error:
        for name, wanted in fields.items():
            equal(getattr(error, name), wanted)
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


def check_openai(program):
    import openai

    messages = [{"role": "user", "content": TEXT}]
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}

    def client(mock, key="right"):
        return openai.OpenAI(base_url=mock.url + "/v1", api_key=key, max_retries=0)

    with Mock(program, *BOOKS, "--key", "right") as mock:
        api = client(mock)
        reply = api.chat.completions.create(model="gpt-5.4-mini", messages=messages, response_format=form,
                                            service_tier="flex", max_completion_tokens=100)
        equal(reply.choices[0].message.content, ANSWER)
        equal(reply.choices[0].finish_reason, "stop")
        equal(reply.service_tier, "flex")
        usage = reply.usage
        equal((usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens), mock.billed())
        assert usage.completion_tokens_details.reasoning_tokens > 0

        chunks = list(api.chat.completions.create(model="gpt-5.4-mini", messages=messages, response_format=form,
                                                  stream=True, stream_options={"include_usage": True}))
        equal("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), ANSWER)
        equal(chunks[-1].usage.completion_tokens, mock.billed()[2])

        def books(usage):
            return usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens

        ask = dict(model="gpt-5.4-mini", input=TEXT, instructions="Be brief.",
                   text={"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}})
        reply = api.responses.create(**ask)
        equal(reply.output_text, ANSWER)
        equal(reply.status, "completed")
        equal(books(reply.usage), mock.billed())
        events = list(api.responses.create(**ask, stream=True))
        equal([event.sequence_number for event in events], list(range(len(events))))
        equal("".join(event.delta for event in events if event.type == "response.output_text.delta"), ANSWER)
        equal(books(events[-1].response.usage), mock.billed())
        with api.responses.stream(**ask) as stream:  # puts the events together, and checks how they fit
            reply = stream.get_final_response()
        equal(reply.output_text, ANSWER)
        equal(books(reply.usage), mock.billed())

        image, document = f"data:image/png;base64,{encoded(PNG)}", f"data:application/pdf;base64,{encoded(PDF)}"
        reply = api.chat.completions.create(model="gpt-5.4-mini", messages=[{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": image}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": document}},
            {"type": "text", "text": TEXT}]}])
        shown(reply.choices[0].message.content)
        reply = api.responses.create(model="gpt-5.4-mini", input=[{"role": "user", "content": [
            {"type": "input_image", "image_url": image, "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": document},
            {"type": "input_text", "text": TEXT}]}])
        shown(reply.output_text)
        mock.billed()

        packed = api.embeddings.create(model="text-embedding-3-small", input=[TEXT, "reset"], dimensions=64)
        plain = api.embeddings.create(model="text-embedding-3-small", input=[TEXT, "reset"], dimensions=64,
                                      encoding_format="float")
        equal([len(one.embedding) for one in packed.data], [64, 64])
        for a, b in zip(packed.data, plain.data):
            assert max(abs(x - y) for x, y in zip(a.embedding, b.embedding)) < 1e-6
        equal((packed.usage.prompt_tokens + plain.usage.prompt_tokens, 0, 0), mock.billed())

        assert api.models.list().data
        raises(openai.AuthenticationError,
               lambda: client(mock, "wrong").chat.completions.create(model="m", messages=messages),
               code="invalid_api_key", status_code=401)
        raises(openai.BadRequestError,
               lambda: api.chat.completions.create(model="m", messages=messages, extra_body={"surprise": 1}),
               code="unknown_parameter", param="surprise")
        raises(openai.NotFoundError, lambda: api.completions.create(model="m", prompt="x"))
    with Mock(program, "--refuse", "refund") as mock:
        with client(mock).responses.stream(model="gpt-5.4-mini", input=TEXT) as stream:
            equal(stream.get_final_response().output[0].content[0].type, "refusal")
    with Mock(program, "--error-429", "1") as mock:
        error = raises(openai.RateLimitError,
                       lambda: client(mock).chat.completions.create(model="m", messages=messages),
                       code="rate_limit_exceeded")
        equal(error.response.headers["retry-after"], "1")
    with Mock(program, "--tier-refusals", "flex=1") as mock:
        raises(openai.RateLimitError,
               lambda: client(mock).chat.completions.create(model="m", messages=messages, service_tier="flex"),
               code="resource_unavailable")


def check_azure(program):
    import openai

    with Mock(program, *BOOKS, "--key", "right") as mock:
        def client(key):
            return openai.AzureOpenAI(azure_endpoint=mock.url, api_key=key, api_version="2024-10-21", max_retries=0)

        messages = [{"role": "user", "content": TEXT}]
        reply = client("right").chat.completions.create(model="mini", messages=messages)
        equal(reply.model, "mini")
        equal(reply.usage.completion_tokens, mock.billed()[2])
        raises(openai.AuthenticationError,
               lambda: client("wrong").chat.completions.create(model="mini", messages=messages), code="401")


def check_anthropic(program):
    import anthropic

    ask = dict(model="claude-haiku-4-5", max_tokens=100, messages=[{"role": "user", "content": TEXT}])
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}

    def client(mock, key="right"):
        return anthropic.Anthropic(base_url=mock.url, api_key=key, max_retries=0)

    def books(usage):
        return usage.input_tokens + usage.cache_read_input_tokens, usage.cache_read_input_tokens, usage.output_tokens

    with Mock(program, *BOOKS, "--key", "right") as mock:
        api = client(mock)
        reply = api.messages.create(**ask, output_config=form)
        equal(reply.content[0].text, ANSWER)
        equal(reply.stop_reason, "end_turn")
        equal(books(reply.usage), mock.billed())
        with api.messages.stream(**ask, output_config=form) as stream:
            final = stream.get_final_message()
        equal(final.content[0].text, ANSWER)
        equal(books(final.usage), mock.billed())
        reply = api.messages.create(**ask, tools=[{"name": "rec", "input_schema": SCHEMA}],
                                    tool_choice={"type": "tool", "name": "rec"})
        equal(reply.content[0].input, {"queue": "refund"})
        fast = api.beta.messages.create(**{**ask, "model": "claude-opus-5"}, speed="fast", betas=["fast-mode-2026-02-01"])
        equal(fast.usage.speed, "fast")
        reply = api.messages.create(**ask | {"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded(PNG)}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": encoded(PDF)}},
            {"type": "text", "text": TEXT}]}]})
        shown(reply.content[0].text)
        assert api.models.list().data
        raises(anthropic.AuthenticationError, lambda: client(mock, "wrong").messages.create(**ask), status_code=401)
        error = raises(anthropic.BadRequestError, lambda: api.messages.create(**ask, extra_body={"surprise": 1}))
        assert "surprise" in error.message
    with Mock(program, "--error-429", "1") as mock:
        raises(anthropic.RateLimitError, lambda: client(mock).messages.create(**ask), status_code=429)


def check_claude_at_vertex(program):
    import anthropic

    ask = dict(model="claude-haiku-4-5@20251001", max_tokens=100, messages=[{"role": "user", "content": TEXT}])

    def client(mock, token="right"):
        return anthropic.AnthropicVertex(base_url=mock.url + "/v1", access_token=token, project_id="p",
                                         region="us-east5", max_retries=0)

    def books(usage):
        return usage.input_tokens + usage.cache_read_input_tokens, usage.cache_read_input_tokens, usage.output_tokens

    with Mock(program, *BOOKS, "--key", "right") as mock:
        api = client(mock)
        reply = api.messages.create(**ask, output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
        equal(reply.content[0].text, ANSWER)
        equal(reply.model, ask["model"])
        equal(books(reply.usage), mock.billed())
        with api.messages.stream(**ask) as stream:
            final = stream.get_final_message()
        equal(final.stop_reason, "end_turn")
        equal(books(final.usage), mock.billed())
        raises(anthropic.AuthenticationError, lambda: client(mock, "wrong").messages.create(**ask), status_code=401)
        raises(anthropic.BadRequestError, lambda: api.messages.create(**ask, extra_body={"surprise": 1}))
    with Mock(program, "--error-429", "1") as mock:
        raises(anthropic.RateLimitError, lambda: client(mock).messages.create(**ask), status_code=429)


def service_account(mock):
    """The key file of an account whose tokens come from the mock."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption()).decode()
    return {"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pem,
            "client_email": "a@p.iam.gserviceaccount.com", "token_uri": mock.url + "/token"}


def check_google(program):
    from google import genai
    from google.genai import errors, types
    from google.oauth2 import credentials, service_account as accounts

    schema = {"type": "OBJECT", "properties": {"queue": {"type": "STRING", "enum": ["billing", "refund"]}},
              "required": ["queue"]}
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=schema,
                                         system_instruction="Be brief.", max_output_tokens=100)

    def books(usage):
        return (usage.prompt_token_count, usage.cached_content_token_count or 0,
                usage.candidates_token_count + (usage.thoughts_token_count or 0))

    def ask(client, asked=config):
        return client.models.generate_content(model="gemini-2.5-flash", contents=TEXT, config=asked)

    def gemini(mock, key="right"):
        return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=mock.url))

    with Mock(program, *BOOKS, "--key", "right") as mock:
        client = gemini(mock)
        reply = ask(client)
        equal(reply.text, ANSWER)
        equal(reply.candidates[0].finish_reason, types.FinishReason.STOP)
        equal(books(reply.usage_metadata), mock.billed())
        parts = list(client.models.generate_content_stream(model="gemini-2.5-flash", contents=TEXT, config=config))
        equal("".join(part.text or "" for part in parts), ANSWER)
        equal(books(parts[-1].usage_metadata), mock.billed())
        files = [types.Part.from_bytes(data=PNG, mime_type="image/png"),
                 types.Part.from_bytes(data=PDF, mime_type="application/pdf")]
        reply = client.models.generate_content(model="gemini-2.5-flash", contents=[*files, TEXT])
        shown(reply.text)
        mock.billed()
        reply = client.models.embed_content(model="gemini-embedding-001", contents=[TEXT, "reset"],
                                            config=types.EmbedContentConfig(output_dimensionality=16))
        equal([len(one.values) for one in reply.embeddings], [16, 16])
        mock.billed()
        assert list(client.models.list())
        raises(errors.ClientError, lambda: ask(gemini(mock, "wrong")), code=400)
        both = types.GenerateContentConfig(response_mime_type="application/json", response_schema=schema,
                                           response_json_schema=SCHEMA)
        raises(errors.ClientError, lambda: ask(client, both), code=400, status="INVALID_ARGUMENT")
    with Mock(program, "--error-429", "1") as mock:
        raises(errors.ClientError, lambda: ask(gemini(mock)), code=429, status="RESOURCE_EXHAUSTED")

    with Mock(program, *BOOKS, "--token-life", "1h") as mock:
        def vertex(proof):
            return genai.Client(vertexai=True, project="p", location="us-central1", credentials=proof,
                                http_options=types.HttpOptions(base_url=mock.url))

        account = accounts.Credentials.from_service_account_info(
            service_account(mock), scopes=["https://www.googleapis.com/auth/cloud-platform"])
        reply = ask(vertex(account))
        equal(reply.text, ANSWER)
        equal(books(reply.usage_metadata), mock.billed())
        raises(errors.ClientError, lambda: ask(vertex(credentials.Credentials("made up"))), code=401)


def check_bedrock(program):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    ask = dict(modelId="anthropic.claude-haiku-4-5-v1:0", messages=[{"role": "user", "content": [{"text": TEXT}]}])

    def client(mock, secret="secret"):
        return boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=mock.url,
                            aws_access_key_id="AKID", aws_secret_access_key=secret,
                            config=Config(retries={"total_max_attempts": 1}))

    def code(call):
        return raises(ClientError, call).response["Error"]["Code"]

    with Mock(program, *BOOKS, "--aws-key", "AKID:secret") as mock:
        reply = client(mock).converse(**ask, serviceTier={"type": "flex"}, inferenceConfig={"maxTokens": 100},
                                      system=[{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}])
        equal(reply["stopReason"], "end_turn")
        equal(reply["serviceTier"], {"type": "flex"})
        assert reply["output"]["message"]["content"][0]["text"]
        usage = reply["usage"]
        equal((usage["inputTokens"] + usage["cacheReadInputTokens"], usage["cacheReadInputTokens"],
               usage["outputTokens"]), mock.billed())
        reply = client(mock).converse(**ask | {"messages": [{"role": "user", "content": [
            {"image": {"format": "png", "source": {"bytes": PNG}}},
            {"document": {"format": "pdf", "name": "a", "source": {"bytes": PDF}}}, {"text": TEXT}]}]})
        shown(reply["output"]["message"]["content"][0]["text"])
        equal(code(lambda: client(mock, "wrong").converse(**ask)), "InvalidSignatureException")
        equal(code(lambda: client(mock).converse(modelId="m", messages=[])), "ValidationException")
    with Mock(program, "--error-429", "1") as mock:
        equal(code(lambda: client(mock).converse(**ask)), "ThrottlingException")


def check_mistral(program):
    from mistralai.client import Mistral, errors

    ask = dict(model="mistral-small-latest", messages=[{"role": "user", "content": TEXT}])
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}

    def client(mock, key="right"):
        return Mistral(api_key=key, server_url=mock.url)

    with Mock(program, *BOOKS, "--key", "right") as mock:
        reply = client(mock).chat.complete(**ask, response_format=form, max_tokens=100)
        equal(reply.choices[0].message.content, ANSWER)
        books = mock.billed()
        equal((reply.usage.prompt_tokens, reply.usage.completion_tokens), (books[0], books[2]))
        reply = client(mock).embeddings.create(model="mistral-embed", inputs=[TEXT])
        equal(len(reply.data[0].embedding), 1024)
        raises(errors.SDKError, lambda: client(mock, "wrong").chat.complete(**ask), status_code=401)
        raises(errors.HTTPValidationError, lambda: client(mock).chat.complete(**ask, temperature=9), status_code=422)
    with Mock(program, "--chunks", "1") as mock:
        reply = client(mock).chat.complete(**ask)
        equal([chunk.type for chunk in reply.choices[0].message.content], ["thinking", "text"])
    with Mock(program, "--error-429", "1") as mock:
        raises(errors.SDKError, lambda: client(mock).chat.complete(**ask), status_code=429)


def check_groq(program):
    import groq

    ask = dict(model="llama-3.3-70b-versatile", messages=[{"role": "user", "content": TEXT}])
    with Mock(program, *BOOKS, "--key", "right") as mock:
        def client(key="right"):
            return groq.Groq(base_url=mock.url, api_key=key, max_retries=0)

        reply = client().chat.completions.create(**ask, service_tier="flex")
        equal(reply.usage.completion_tokens, mock.billed()[2])
        equal(reply.service_tier, "flex")
        raises(groq.AuthenticationError, lambda: client("wrong").chat.completions.create(**ask), status_code=401)
        raises(groq.BadRequestError, lambda: client().chat.completions.create(**ask, extra_body={"surprise": 1}))
    with Mock(program, "--error-429", "1") as mock:
        raises(groq.RateLimitError, lambda: client().chat.completions.create(**ask))
    with Mock(program, "--tier-refusals", "flex=1") as mock:
        raises(groq.APIStatusError, lambda: client().chat.completions.create(**ask, service_tier="flex"),
               status_code=498)


CHECKS = (check_openai, check_azure, check_anthropic, check_claude_at_vertex, check_google, check_bedrock, check_mistral,
          check_groq)


def run(checks, of=""):
    program = pathlib.Path(sys.argv[1]).resolve()
    failed = 0
    for check in checks:
        begun = time.monotonic()
        name = check.__name__.removeprefix("check_")
        try:
            check(program)
            print(f"{name}{of}: fine, {time.monotonic() - begun:.1f} s", flush=True)
        except Exception:
            import traceback
            failed += 1
            print(f"{name}{of}: FAILED\n{traceback.format_exc()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run(CHECKS))
