"""What every answer carries, answers to browsers, and errors in each protocol."""

import json
from typing import Any

import botocore.parsers
import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws import errors
from aws.model import ServiceModel
from aws.protocols import PROTOCOLS
from core.errors import ResourceConflict, ServiceError, TooManyRequests
from tests.aws.conftest import Client, Heard
from tests.aws.test_sign import message, refusal


class RoleNotFound(ServiceError):
    code = "NoSuchEntityException"
    legacy_code = "NoSuchEntity"
    status = 404
    message = "The role with name {name} cannot be found."


def test_every_answer_has_a_request_id_a_type_and_one_length(client: Client) -> None:
    for answer in (
        client.send("GET", "/2015-03-31/functions/f"),
        client.send("GET", "/nothing"),
        client.send("GET", "/", sign=False),
    ):
        assert len(answer.headers["x-amzn-requestid"]) == 36
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == str(len(answer.body))


def test_an_answer_without_content_has_no_length(client: Client, heard: Heard) -> None:
    body = json.dumps({"Tags": {"a": "b"}}).encode()

    answer = client.send(
        "POST", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af", body=body
    )

    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers
    assert heard.calls[0][2]["Resource"] == "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_the_status_comes_from_the_model(client: Client) -> None:
    body = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/lab", "Code": {}}

    assert client.send("POST", "/2015-03-31/functions", body=json.dumps(body).encode()).status == 201


def test_an_operation_may_choose_its_status(client: Client, heard: Heard) -> None:
    heard.answers["Invoke"] = {"StatusCode": 202}

    assert client.send("POST", "/2015-03-31/functions/f/invocations").status == 202


def test_a_throttled_call_is_told_when_to_come_back(client: Client, heard: Heard) -> None:
    heard.answers["Invoke"] = TooManyRequests(
        members={"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "retryAfterSeconds": "1"}
    )

    answer = client.send("POST", "/2015-03-31/functions/f/invocations")

    assert refusal(answer) == (429, "TooManyRequestsException")
    assert answer.headers["retry-after"] == "1"
    assert answer.json == {
        "Type": "User",
        "message": "Rate Exceeded.",
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
    }


def test_an_error_of_the_query_protocol_has_the_code_that_clients_know(client: Client, heard: Heard) -> None:
    heard.answers["GetRole"] = RoleNotFound(name="lab<&>")

    answer = client.form("Action=GetRole&Version=2010-05-08&RoleName=lab", service="iam")

    assert refusal(answer) == (404, "NoSuchEntity")
    assert message(answer) == "The role with name lab&lt;&amp;&gt; cannot be found."
    assert b"<Type>Sender</Type>" in answer.body


def test_one_error_is_worded_by_each_service(client: Client, heard: Heard) -> None:
    heard.answers["CreateFunction"] = ResourceConflict("Function already exist: f")
    body = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/lab", "Code": {}}

    answer = client.send("POST", "/2015-03-31/functions", body=json.dumps(body).encode())

    assert refusal(answer) == (409, "ResourceConflictException")
    assert answer.json == {"Type": "User", "message": "Function already exist: f"}


def test_an_operation_of_a_query_compatible_service_sends_the_old_code_too() -> None:
    class QueueDoesNotExist(ServiceError):
        code = "QueueDoesNotExist"
        legacy_code = "AWS.SimpleQueueService.NonExistentQueue"
        status = 400

    definition = botocore.session.get_session().get_service_model("sqs")._service_description
    sqs = ServiceModel("sqs", definition)

    answer = PROTOCOLS["json"].error(sqs, errors.describe(sqs, QueueDoesNotExist("No queue")), None, "id")

    assert dict(answer.headers)["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert json.loads(answer.body)["__type"] == "QueueDoesNotExist"  # type: ignore[arg-type]


def test_a_header_cannot_be_smuggled_in_by_a_value(client: Client, heard: Heard) -> None:
    heard.answers["Invoke"] = {"FunctionError": "a\r\nSet-Cookie: b", "ExecutedVersion": "é"}

    answer = client.send("POST", "/2015-03-31/functions/f/invocations")

    assert answer.headers["x-amz-function-error"] == "a  Set-Cookie: b"


def test_a_browser_may_ask_first_and_read_every_header(client: Client) -> None:
    asked = [
        ("host", "h"),
        ("origin", "https://page.example"),
        ("access-control-request-headers", "authorization,x-amz-date"),
        ("access-control-request-method", "POST"),
    ]

    before = client.raw("OPTIONS", "/2015-03-31/functions", "", asked, b"")
    after = client.send("GET", "/2015-03-31/functions/f", headers={"Origin": "https://page.example"})

    assert before.status == 200
    assert before.headers["access-control-allow-origin"] == "*"
    assert before.headers["access-control-allow-headers"] == "authorization,x-amz-date"
    assert "X-Amz-Function-Error" in after.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in after.headers


def test_the_health_page_answers_head_too(client: Client) -> None:
    assert client.raw("HEAD", "/_health", "", [("host", "h")], b"").body == b""


def test_the_callers_own_address_is_handed_to_operations(client: Client, heard: Heard) -> None:
    client.send("GET", "/2015-03-31/functions/f")

    assert heard.calls[0][1].endpoint == "http://127.0.0.1"
    assert heard.calls[0][1].region == "us-east-1"


PROTOCOL_CALLS = {
    "rest": lambda client, text, body: client.send("PUT", "/2015-03-31/functions/" + text, body=body),
    "json": lambda client, text, body: client.json("PutLogEvents", body),
    "query": lambda client, text, body: client.send(
        "POST",
        "/",
        service="sts",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"Action=AssumeRole&" + body,
    ),
}


@pytest.mark.parametrize("call", PROTOCOL_CALLS.values(), ids=PROTOCOL_CALLS.keys())
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#?\\"), max_size=40),
    body=st.binary(max_size=60) | st.text('{}[]":,\\u0d8tfn -e.=&%+', max_size=60).map(str.encode),
)
def test_no_bytes_whatever_end_in_a_server_error(client: Client, call: Any, text: str, body: bytes) -> None:
    answer = call(client, text, body)

    assert answer.status < 500 or answer.status == 501, (answer, text, body)
