"""Answers that come event by event, read with boto3 from a real server."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import botocore.exceptions
import pytest

from aws import operation
from aws.operation import Caller, Params
from core.errors import TooManyRequests
from tests.aws.conftest import Heard
from tests.aws.test_clients import boto


async def of(*events: Any) -> AsyncIterator[Any]:
    for event in events:
        if isinstance(event, Exception):
            raise event
        await asyncio.sleep(0)
        yield event


@pytest.fixture
def streams(heard: Heard) -> Heard:
    """Streaming operations that answer what the test says."""

    async def invoke(caller: Caller, request: Params) -> Params:
        return heard.answer("InvokeWithResponseStream", caller, request)

    async def tail(caller: Caller, request: Params) -> Params:
        return heard.answer("StartLiveTail", caller, request)

    operation.operation("lambda", "InvokeWithResponseStream")(invoke)
    operation.operation("logs", "StartLiveTail")(tail)
    return heard


def test_a_response_is_streamed_in_parts(endpoint: str, streams: Heard) -> None:
    streams.answers["InvokeWithResponseStream"] = {
        "ExecutedVersion": "1",
        "ResponseStreamContentType": "text/html",
        "EventStream": of(
            ("PayloadChunk", {"Payload": b"\x00one"}),
            ("PayloadChunk", {"Payload": b""}),
            ("InvokeComplete", {"LogResult": "eA=="}),
        ),
    }

    answer = boto(endpoint, "lambda").invoke_with_response_stream(FunctionName="f", Payload=b"{}")

    assert list(answer["EventStream"]) == [
        {"PayloadChunk": {"Payload": b"\x00one"}},
        {"PayloadChunk": {"Payload": b""}},
        {"InvokeComplete": {"LogResult": "eA=="}},
    ]
    assert answer["ExecutedVersion"] == "1"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-remapped-content-type"] == "text/html"


def test_a_stream_of_the_json_protocol_begins_with_the_rest_of_the_answer(endpoint: str, streams: Heard) -> None:
    update = {"sessionMetadata": {"sampled": False}, "sessionResults": [{"message": "hé"}]}
    streams.answers["StartLiveTail"] = {
        "responseStream": of(("sessionStart", {"sessionId": "s"}), ("sessionUpdate", update))
    }

    client = boto(endpoint, "logs")
    client.meta.config.inject_host_prefix = False
    answer = client.start_live_tail(logGroupIdentifiers=["arn:aws:logs:us-east-1:123456789012:log-group:g"])

    assert list(answer["responseStream"]) == [{"sessionStart": {"sessionId": "s"}}, {"sessionUpdate": update}]


@pytest.mark.parametrize(
    ("error", "code"), [(TooManyRequests(), "TooManyRequestsException"), (KeyError("detail"), "ServiceException")]
)
def test_a_stream_that_fails_on_the_way_ends_with_the_error(
    endpoint: str, streams: Heard, error: Exception, code: str
) -> None:
    streams.answers["InvokeWithResponseStream"] = {"EventStream": of(("PayloadChunk", {"Payload": b"one"}), error)}

    answer = boto(endpoint, "lambda").invoke_with_response_stream(FunctionName="f")

    with pytest.raises(botocore.exceptions.EventStreamError) as failed:
        list(answer["EventStream"])
    assert failed.value.response["Error"]["Code"] == code
    assert "detail" not in failed.value.response["Error"]["Message"]


def test_a_stream_ends_when_nobody_listens_any_more(endpoint: str, streams: Heard) -> None:
    closed = threading.Event()

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                yield "PayloadChunk", {"Payload": b"again"}
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    streams.answers["InvokeWithResponseStream"] = {"EventStream": endless()}
    answer = boto(endpoint, "lambda").invoke_with_response_stream(FunctionName="f")
    next(iter(answer["EventStream"]))

    answer["EventStream"].close()

    assert closed.wait(20)
