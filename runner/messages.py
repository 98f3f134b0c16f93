"""What travels on the synchronous lane: a line of JSON, then the raw document."""

from typing import Any, NamedTuple

import orjson

from runner.answers import Answer, Report


class Call(NamedTuple):
    """One synchronous invocation on its way to a worker; ``stamp`` is the account's when it was looked up."""

    request_id: str
    account_id: str
    version_id: int
    stamp: int
    qualifier: str
    invoked_arn: str
    client_context: str
    source: str
    watch: bool
    nested: bool
    asked_ms: int
    expires_ms: int  # nobody waits for the answer any more
    lease_key: str
    answer_to: str
    trace_id: str = ""
    streams: bool = False  # whether the parts of a streamed answer are wanted as they come
    payload: bytes = b""


class Reply(NamedTuple):
    """What comes back: an answer, or the reason why there is none."""

    request_id: str
    answer: Answer | None
    failure: str = ""


class Part(NamedTuple):
    """A part of an answer that is streamed; the first has no bytes. What ends it is a ``Reply`` without a payload."""

    request_id: str
    payload: bytes
    content_type: str
    executed_version: str


def encode_call(call: Call) -> bytes:
    return orjson.dumps(call[:-1]) + b"\n" + call.payload


class NoCall(ValueError):
    """Somebody has put something else on the lane."""


def decode_call(raw: bytes) -> Call:
    """The call in a message. Raises ``NoCall``."""
    header, _, payload = raw.partition(b"\n")
    try:
        values = orjson.loads(header)
    except ValueError as error:
        raise NoCall(str(error)) from None
    if not isinstance(values, list) or len(values) != len(Call._fields) - 1:
        raise NoCall(f"{len(raw)} bytes that are no call")
    return Call._make([*values, payload])


def encode_reply(reply: Reply) -> bytes:
    header: dict[str, Any] = {"id": reply.request_id}
    if (answer := reply.answer) is None:
        header["failure"] = reply.failure
        return orjson.dumps(header) + b"\n"
    header["answer"] = [answer.function_error, answer.executed_version, answer.log_tail, answer.log_stream]
    report = answer.report
    header["report"] = [
        report.duration_ms,
        report.billed_ms,
        report.memory_size,
        report.max_memory_used,
        report.init_ms,
    ]
    return orjson.dumps(header) + b"\n" + answer.payload


def encode_part(part: Part) -> bytes:
    header = {"id": part.request_id, "part": [part.content_type, part.executed_version]}
    return orjson.dumps(header) + b"\n" + part.payload


def decode_reply(raw: bytes) -> Reply | Part:
    line, _, payload = raw.partition(b"\n")
    header = orjson.loads(line)
    if "part" in header:
        return Part(header["id"], payload, *header["part"])
    if "answer" not in header:
        return Reply(header["id"], None, header["failure"])
    function_error, executed_version, log_tail, log_stream = header["answer"]
    report = Report(*header["report"])
    return Reply(
        header["id"],
        Answer(header["id"], payload, function_error, executed_version, log_tail, report, log_stream),
    )
