"""Bad input: how soon a limit or a malformed ARN, handle, pattern, cron or policy is refused, in AWS's code."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from bench.load import Connection, percentile, plain, run, signed
from bench.product import ECHO
from bench.table import Row, at_most
from core import limits
from tests.labs.hands import Boto3
from tests.live import Live

ROUNDS, WARM_ROUNDS = 40, 3
BAR_MS = 10
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
ROLE = "arn:aws:iam::000000000000:role/LabRole"
NOWHERE = "arn:aws:sqs:us-east-1:000000000000:nowhere"
QUEUE = {"QueueUrl": "refusing"}
FUNCTION = {"FunctionName": "refusing"}
TOPIC = {"TopicArn": "arn:aws:sns:us-east-1:000000000000:refusing"}
CREATION = {"Runtime": "python3.12", "Handler": "a.b", "Role": ROLE, "Code": {"ZipFile": b"no zip"}}
STATEMENT = {"StatementId": "a", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
TIME = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": NOWHERE, "RoleArn": ROLE}}


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one call, and the code that says so."""

    what: str
    service: str
    operation: str
    members: Mapping[str, Any]
    code: str


def schedule(what: str, expression: str, **others: object) -> Mistake:
    members = {"Name": "s", "ScheduleExpression": expression, **TIME, **others}
    return Mistake(what, "scheduler", "CreateSchedule", members, "ValidationException")


def rule(what: str, code: str, **members: object) -> Mistake:
    return Mistake(what, "events", "PutRule", {"Name": "r", **members}, code)


def attribute(name: str, value: str, code: str) -> Mistake:
    return Mistake(f"queue's {name}", "sqs", "SetQueueAttributes", {**QUEUE, "Attributes": {name: value}}, code)


def mapping(what: str, code: str, **members: object) -> Mistake:
    return Mistake(what, "lambda", "CreateEventSourceMapping", {**FUNCTION, **members}, code)


MISTAKES = (
    Mistake("a queue that is not", "sqs", "GetQueueUrl", {"QueueName": "no"}, "NonExistentQueue"),
    Mistake("a queue's name", "sqs", "CreateQueue", {"QueueName": "a/b"}, "InvalidParameterValue"),
    Mistake("a handle", "sqs", "DeleteMessage", {**QUEUE, "ReceiptHandle": "garbage"}, "ReceiptHandleIsInvalid"),
    Mistake(
        "a delay", "sqs", "SendMessage", {**QUEUE, "MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"
    ),
    Mistake("characters", "sqs", "SendMessage", {**QUEUE, "MessageBody": "\x01"}, "InvalidMessageContents"),
    Mistake(
        "a message's size",
        "sqs",
        "SendMessage",
        {**QUEUE, "MessageBody": "a" * (limits.MESSAGE_SIZE + 1)},
        "InvalidParameterValue",
    ),
    Mistake("ten messages", "sqs", "ReceiveMessage", {**QUEUE, "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
    Mistake(
        "ids of a batch",
        "sqs",
        "DeleteMessageBatch",
        {**QUEUE, "Entries": [{"Id": "a", "ReceiptHandle": "x"}] * 2},
        "BatchEntryIdsNotDistinct",
    ),
    attribute("Policy", '{"Statement": [{"Effect": "Maybe"}]}', "InvalidAttributeValue"),
    attribute("RedrivePolicy", json.dumps({"deadLetterTargetArn": NOWHERE, "maxReceiveCount": 1}), "InvalidParameter"),
    attribute("VisibilityTimeout", "43201", "InvalidAttributeValue"),
    Mistake("a source of a move", "sqs", "StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:x"}, "ResourceNotFound"),
    rule("a rule's cron", "ValidationException", ScheduleExpression="cron(0 12 * * * *)"),
    rule("a rule's rate", "ValidationException", ScheduleExpression="rate(1 minutes)"),
    rule("a pattern", "InvalidEventPatternException", EventPattern='{"a": [{"numeric": [">"]}]}'),
    rule("a deep pattern", "InvalidEventPatternException", EventPattern='{"a":' * 500 + "[1]" + "}" * 499),
    Mistake(
        "a target's ARN",
        "events",
        "PutTargets",
        {"Rule": "refusing", "Targets": [{"Id": "1", "Arn": "no"}]},
        "ValidationException",
    ),
    Mistake("entries of events", "events", "PutEvents", {"Entries": [{"Source": "a"}] * 11}, "ValidationException"),
    Mistake("a rule that is not", "events", "DescribeRule", {"Name": "no"}, "ResourceNotFoundException"),
    schedule("a schedule's cron", "cron(0 0 L-40 * ? *)"),
    schedule("a schedule's moment", "at(2026-02-30T00:00:00)"),
    schedule("a time zone", "rate(1 day)", ScheduleExpressionTimezone="Mars/Base"),
    schedule("a schedule's target", "rate(1 day)", Target={"Arn": "no", "RoleArn": ROLE}),
    schedule("a schedule's role", "rate(1 day)", Target={"Arn": NOWHERE, "RoleArn": f"{ROLE}-no"}),
    Mistake("a topic's ARN", "sns", "Publish", {"TopicArn": "no", "Message": "a"}, "InvalidParameter"),
    Mistake("a topic that is not", "sns", "GetTopicAttributes", {"TopicArn": f"{TOPIC['TopicArn']}-no"}, "NotFound"),
    Mistake(
        "a message for a topic",
        "sns",
        "Publish",
        {**TOPIC, "Message": "a" * (limits.TOPIC_MESSAGE_SIZE + 1)},
        "InvalidParameter",
    ),
    Mistake(
        "a filter policy",
        "sns",
        "Subscribe",
        {**TOPIC, "Protocol": "sqs", "Endpoint": NOWHERE, "Attributes": {"FilterPolicy": '{"k": "v"}'}},
        "InvalidParameter",
    ),
    Mistake(
        "a subscriber's address",
        "sns",
        "Subscribe",
        {**TOPIC, "Protocol": "http", "Endpoint": "http://169.254.169.254/"},
        "InvalidParameter",
    ),
    Mistake("a function that is not", "lambda", "GetFunction", {"FunctionName": "no"}, "ResourceNotFoundException"),
    Mistake("a function's ARN", "lambda", "GetFunction", {"FunctionName": "arn:aws:s3:::x"}, "ValidationException"),
    Mistake("a zip", "lambda", "CreateFunction", {"FunctionName": "bad", **CREATION}, "InvalidParameterValueException"),
    Mistake(
        "memory",
        "lambda",
        "CreateFunction",
        {"FunctionName": "bad", **CREATION, "MemorySize": 1},
        "ValidationException",
    ),
    Mistake(
        "environment variables",
        "lambda",
        "UpdateFunctionConfiguration",
        {**FUNCTION, "Environment": {"Variables": {"LONG": "a" * 4_097}}},
        "InvalidParameterValueException",
    ),
    Mistake(
        "a principal",
        "lambda",
        "AddPermission",
        {**FUNCTION, **STATEMENT, "Principal": "no"},
        "InvalidParameterValueException",
    ),
    Mistake("an event", "lambda", "Invoke", {**FUNCTION, "Payload": b"{'a': 1}"}, "InvalidRequestContentException"),
    Mistake("a qualifier", "lambda", "Invoke", {**FUNCTION, "Qualifier": "7"}, "ResourceNotFoundException"),
    Mistake(
        "a destination",
        "lambda",
        "PutFunctionEventInvokeConfig",
        {**FUNCTION, "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:dynamodb:us-east-1:000000000000:t"}}},
        "InvalidParameterValueException",
    ),
    mapping("a source of a mapping", "ValidationException", EventSourceArn="no"),
    mapping("a queue of a mapping", "InvalidParameterValueException", EventSourceArn=NOWHERE),
    mapping("a mapping's batch", "ValidationException", EventSourceArn=NOWHERE, BatchSize=10_001),
    Mistake(
        "a role's policy",
        "iam",
        "PutRolePolicy",
        {"RoleName": "LabRole", "PolicyName": "p", "PolicyDocument": "{"},
        "MalformedPolicyDocument",
    ),
)
BY_FORM = (
    ("a handle, by form", "Action=DeleteMessage&ReceiptHandle=garbage", "ReceiptHandleIsInvalid"),
    ("a number, by form", "Action=ReceiveMessage&MaxNumberOfMessages=eleven", "MalformedInput"),
)


class _Captured(BaseException):
    """Raised in place of sending; nothing of botocore catches it."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request


def _capture(request: AWSPreparedRequest, **_more: object) -> None:
    raise _Captured(request)


class Prepared:
    """What an SDK would send, signed once: good for AWS's fifteen minutes."""

    def __init__(self, live: Live) -> None:
        self._live, self._clients = live, {}

    def request(self, mistake: Mistake) -> bytes:
        """The bytes of one call, which the SDK itself does not look at."""
        client = self._client(mistake.service)
        name = next(name for name, found in client.meta.method_to_api_mapping.items() if found == mistake.operation)
        try:
            getattr(client, name)(**mistake.members)
        except _Captured as captured:
            return _bytes(captured.request)
        raise RuntimeError(f"{mistake.operation} was not sent")

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            client = self._live.client(service, config=Config(parameter_validation=False))
            client.meta.events.register("before-send", _capture)
            self._clients[service] = client
        return self._clients[service]


def _bytes(request: AWSPreparedRequest) -> bytes:
    parts = urlsplit(request.url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
        if name.lower() not in ("content-length", "expect")
    }
    return plain(parts.netloc, path, body, headers, method=request.method)


async def _ask(port: int, requests: Mapping[str, tuple[bytes, str]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each answer, by what was wrong. Raises where another answer came."""
    connection = await Connection.to(port)
    took: dict[str, list[float]] = {what: [] for what in requests}
    for _ in range(rounds):
        for what, (request, code) in requests.items():
            begun = time.perf_counter()
            head, body = await connection.exchange(request)
            took[what].append((time.perf_counter() - begun) * 1000)
            if not head.startswith(b"http/1.1 4") or code.lower().encode() not in head + body.lower():
                raise RuntimeError(f"{what}: {(head + body).decode(errors='replace')[:600]}")
    connection.close()
    return took


def refusals(live: Live) -> Iterator[Row]:
    Boto3(live).create_function("refusing", ECHO)
    url = live.client("sqs").create_queue(QueueName="refusing")["QueueUrl"]
    live.client("sns").create_topic(Name="refusing")
    live.client("events").put_rule(Name="refusing", ScheduleExpression="rate(1 day)")
    prepared = Prepared(live)
    requests = {mistake.what: (prepared.request(mistake), mistake.code) for mistake in MISTAKES}
    for what, form, code in BY_FORM:
        body = f"{form}&Version=2012-11-05".encode()
        requests[what] = signed(live, "sqs", urlsplit(url).path, body, FORM), code
    run(_ask(live.api_port, requests, WARM_ROUNDS))
    took = run(_ask(live.api_port, requests, ROUNDS))
    everything = [ms for each in took.values() for ms in each]
    p95 = percentile(everything, 95)
    slowest = sorted(((percentile(each, 95), what) for what, each in took.items()), reverse=True)[:3]
    detail = ", ".join(f"{what} {ms:.1f}" for ms, what in slowest)
    shown = f"p50 {percentile(everything, 50):.1f} ms, p95 {p95:.1f}; the slowest kinds, p95: {detail}"
    yield Row(f"bad input of {len(requests)} kinds, refused", shown, *at_most(p95, BAR_MS, BAR_MS, "ms", "p95"))
