"""The work that every Python peer does, apart from asking: rows in, checked; the request; the answer, checked.

Whatever is not as expected raises, and the run ends: a peer that drops rows would look fast.
"""
import json, sys, time

QUEUES = ["billing", "bug", "access", "sales", "other"]
MODEL = "mock"
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": {
    "type": "object",
    "properties": {"queue": {"type": "string", "enum": QUEUES},
                   "urgency": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["queue", "urgency"], "additionalProperties": False}}}


def rows(path):
    with open(path) as lines:
        for line in lines:
            row = json.loads(line)
            subject, body = row["subject"], row["body"]
            if not isinstance(subject, str) or not isinstance(body, str) or not 1 <= len(body) <= 20000:
                raise ValueError(f"a row is not as it should be: {line}")
            yield row


def messages(row):
    return [{"role": "system", "content": "Sort the ticket."},
            {"role": "user", "content": f"{row['subject']}\n\n{row['body']}"}]


def request(row):
    return {"model": MODEL, "messages": messages(row), "response_format": RESPONSE_FORMAT}


def answer_line(row, content):
    """The output line for the text that the model gave."""
    answer = json.loads(content)
    if answer["queue"] not in QUEUES or type(answer["urgency"]) is not int or not 1 <= answer["urgency"] <= 5:
        raise ValueError(f"the answer does not fit the schema: {content}")
    return json.dumps({"id": row["id"], "queue": answer["queue"], "urgency": answer["urgency"]}) + "\n"


def arguments():
    """URL INPUT OUTPUT IN_FLIGHT, as every peer takes them."""
    url, source, target, in_flight = sys.argv[1:]
    return url, source, target, int(in_flight)


def report(count, started):
    print(json.dumps({"rows": count, "elapsed_s": time.monotonic() - started}))
