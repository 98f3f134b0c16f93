"""The records of ended events, to the letter. Source: Lambda developer guide, "Capturing records of Lambda asynchronous
invocations" and "Dead-letter queues".
"""

import json
from datetime import UTC, datetime

import pytest

from core import targets
from queues.services import create_queue
from runner import delivery
from runner.delivery import Ending
from tests.queues.conftest import receive

NOW = datetime(2026, 11, 23, 12, 0, 0, 568_999, tzinfo=UTC)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:hello:$LATEST"


def ending(**given):
    values = {"request_id": "r", "function_arn": ARN, "condition": "Success", "invoke_count": 1, "request": b'{"n": 1}'}
    return Ending(**(values | given))


def test_a_record_of_success():
    record = delivery.destination_record(ending(response=b'{"sum": 5}', executed_version="$LATEST"), now=NOW)
    assert json.dumps(record) == json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-11-23T12:00:00.568Z",
            "requestContext": {
                "requestId": "r",
                "functionArn": ARN,
                "condition": "Success",
                "approximateInvokeCount": 1,
            },
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": {"sum": 5},
        }
    )


def test_a_record_of_failure_has_the_error_the_function_ended_with():
    failed = ending(
        condition="RetriesExhausted",
        invoke_count=3,
        response=b'{"errorMessage": "always", "errorType": "Raises"}',
        executed_version="$LATEST",
        function_error="Unhandled",
    )
    record = delivery.destination_record(failed, now=NOW)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "always"


def test_a_record_of_an_event_that_was_never_executed_has_no_response():
    record = delivery.destination_record(ending(condition="EventAgeExceeded", invoke_count=0), now=NOW)
    assert list(record) == ["version", "timestamp", "requestContext", "requestPayload"]


def test_a_dead_letters_attributes_have_aws_s_types(ada):
    queue = create_queue(account=ada, name="letters", given={}, tags={})
    letter = ending(condition="RetriesExhausted", error_message="é" * 1000)
    attributes = delivery.dead_letter_attributes(letter)
    targets.deliver(account_id=ada.pk, arn=queue.arn, event=json.loads(letter.request), attributes=attributes)
    [message] = receive(queue)
    assert json.loads(message.body) == {"n": 1}
    assert {name: (one.data_type, one.value) for name, one in message.attributes.items()} == {
        "RequestID": ("String", "r"),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "é" * 512),
    }


@pytest.mark.parametrize("response", [b"", b"{", b"\xff"])
def test_a_response_that_is_no_json_is_a_text_and_none_is_null(response):
    record = delivery.destination_record(ending(response=response, executed_version="1"), now=NOW)
    assert record["responsePayload"] == (response.decode(errors="replace") or None)
