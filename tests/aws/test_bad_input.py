"""Whatever a stranger sends is answered in AWS's words, never with a 500, and reaches no operation."""

import asyncio
import base64
import gzip
import json
from typing import Any

import pytest

from aws import bodies
from aws.asgi import HEADER_COUNT
from core.errors import ServiceFailure
from tests.aws.conftest import Client, Heard
from tests.aws.test_sign import message, refusal

CREATE = ("POST", "/2015-03-31/functions")
GROUP = {"X-Amz-Target": "Logs_20140328.CreateLogGroup"}

DEEP = b'{"logGroupName":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

BAD_JSON = {
    "no JSON": b"hello",
    "half": b'{"logGroupName": "a',
    "not UTF-8": b'{"logGroupName": "\xff"}',
    "deep": DEEP,
    "deep and unclosed": b"[" * 100_000,
    "NaN": b'{"logGroupName": NaN}',
    "Infinity": b'{"retentionInDays": Infinity}',
    "out of range": b'{"retentionInDays": 1e999}',
    "many digits": b'{"retentionInDays": ' + b"9" * 5_000 + b"}",
    "a list": b"[]",
    "a number": b"1",
    "a string": b'"a"',
    "half a surrogate pair": b'{"logGroupName": "\\ud800"}',
    "a number for a string": b'{"logGroupName": 1}',
    "a list for a string": b'{"logGroupName": ["a"]}',
    "a map for a string": b'{"logGroupName": {"a": 1}}',
    "true for a string": b'{"logGroupName": true}',
    "a string for a map": b'{"tags": "a"}',
    "a list for a map": b'{"tags": []}',
    "a number in a map of strings": b'{"tags": {"a": 1}}',
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_that_cannot_be_read_is_a_serialization_error(client: Client, heard: Heard, body: bytes) -> None:
    as_json = client.json("CreateLogGroup", body)
    as_rest = client.send(
        *CREATE,
        body=body.replace(b"logGroupName", b"FunctionName")
        .replace(b"retentionInDays", b"Timeout")
        .replace(b"tags", b"Tags"),
    )

    assert refusal(as_json) == (400, "SerializationException")
    assert refusal(as_rest) == (400, "SerializationException")
    assert not heard.calls


BAD_MEMBERS = {
    "a fraction out of range": ("Timeout", 1e300),
    "a number that is too long": ("Timeout", 2**31),
    "a string for a number": ("Timeout", "3"),
    "true for a number": ("Timeout", True),
    "a string for a boolean": ("Publish", "true"),
    "a string for a list": ("Layers", "a"),
    "a map for a list": ("Layers", {"a": 1}),
    "a number for a structure": ("Code", 1),
    "bad base64": ("Code", {"ZipFile": "!!!"}),
    "base64 cut short": ("Code", {"ZipFile": "YQ="}),
    "a number for base64": ("Code", {"ZipFile": 7}),
}


@pytest.mark.parametrize(("name", "value"), BAD_MEMBERS.values(), ids=BAD_MEMBERS.keys())
def test_a_member_of_another_type_is_a_serialization_error(client: Client, heard: Heard, name: str, value: Any) -> None:
    answer = client.send(*CREATE, body=json.dumps({name: value}).encode())

    assert refusal(answer) == (400, "SerializationException")
    assert not heard.calls


@pytest.mark.parametrize("value", ["abc", "1e5", "9" * 5_000, "", "１", "0x10", "NaN"])
def test_a_form_or_query_string_with_no_number_is_refused(client: Client, heard: Heard, value: str) -> None:
    in_form = client.form(f"Action=AssumeRole&Version=2011-06-15&DurationSeconds={value}".encode().decode())
    in_query = client.send("GET", "/2015-03-31/functions", query=f"MaxItems={value if value.isascii() else 'x'}")

    assert refusal(in_form) == (400, "MalformedInput")
    assert refusal(in_query) == (400, "SerializationException")
    assert not heard.calls


def test_of_a_member_given_twice_the_last_counts(client: Client, heard: Heard) -> None:
    client.json("CreateLogGroup", b'{"logGroupName": "a", "logGroupName": "b"}')

    assert heard.calls[0][2] == {"logGroupName": "b"}


def test_a_member_that_is_null_or_unknown_is_absent(client: Client, heard: Heard) -> None:
    client.json("CreateLogGroup", b'{"logGroupName": "a", "kmsKeyId": null, "__proto__": 1}')

    assert heard.calls[0][2] == {"logGroupName": "a"}


@pytest.mark.parametrize(
    "fields",
    [
        "Tags=1",
        "Tags.member.1=a",
        "Tags.member.x.Key=a",
        "Tags.member.99999999999.Key=a",
        "a" + ".b" * 10_000 + "=1",
        "%ff=1",
        "RoleArn=%ff",
    ],
)
def test_a_form_with_strange_names_is_answered(client: Client, heard: Heard, fields: str) -> None:
    answer = client.form(f"Action=AssumeRole&Version=2011-06-15&{fields}")

    assert answer.status == 400
    assert not heard.calls


def test_a_form_with_too_many_fields_is_refused(client: Client) -> None:
    fields = "&".join(f"Tags.member.{number}.Key=a" for number in range(20_000))

    assert refusal(client.form(f"Action=AssumeRole&Version=2011-06-15&{fields}")) == (400, "MalformedInput")


# -- operations and services -----------------------------------------------------------------------


def test_an_operation_that_is_not_built_is_named(client: Client) -> None:
    answers = [
        client.send("GET", "/2015-03-31/functions/hello/policy"),
        client.json("StartQuery", b"{}"),
        client.form("Action=ListUsers&Version=2010-05-08", service="iam"),
    ]

    assert [refusal(answer) for answer in answers] == [(501, "UnknownOperationException")] * 3
    assert [message(answer) for answer in answers] == [
        f"The operation {name} is not available on this server."
        for name in ("lambda.GetPolicy", "logs.StartQuery", "iam.ListUsers")
    ]


def test_an_operation_that_does_not_exist_is_said_not_to(client: Client) -> None:
    assert refusal(client.send("GET", "/2015-03-31/nothing")) == (404, "UnknownOperationException")
    assert refusal(client.send("PATCH", "/2015-03-31/functions")) == (404, "UnknownOperationException")
    assert refusal(client.json("Nothing", b"{}")) == (404, "UnknownOperationException")
    assert refusal(client.form("Action=Nothing&Version=2011-06-15")) == (400, "InvalidAction")
    assert refusal(client.form("")) == (400, "InvalidAction")


def test_a_service_that_is_not_here_is_named(client: Client) -> None:
    answer = client.send("GET", "/", service="ec2")

    assert refusal(answer) == (501, "UnknownOperationException")
    assert message(answer) == "The service ec2 is not available on this server."


@pytest.mark.parametrize(
    "path",
    ["//", "/%", "/%zz", "/%00", "/2015-03-31/functions/%ff", "/" + "a/" * 5_000, "/2015-03-31/functions//invocations"],
)
def test_a_strange_path_is_answered(client: Client, heard: Heard, path: str) -> None:
    assert client.send("GET", path).status in (400, 403, 404)
    assert not heard.calls


# -- sizes -----------------------------------------------------------------------------------------


def test_a_body_over_the_limit_is_refused_by_its_declared_length(client: Client, heard: Heard) -> None:
    answer = client.send(*CREATE, alter=lambda headers: headers.update({"content-length": str(10**9)}))

    assert refusal(answer) == (413, "RequestEntityTooLargeException")
    assert message(answer) == "Request must be smaller than 69905067 bytes for the CreateFunction operation"
    assert not heard.calls


def test_a_body_over_the_limit_is_refused_while_it_comes(client: Client, heard: Heard) -> None:
    answer = client.json(
        "CreateLogGroup", b" " * (bodies.DEFAULT_LIMIT + 1), alter=lambda headers: headers.pop("content-length")
    )

    assert refusal(answer) == (413, "RequestEntityTooLargeException")
    assert not heard.calls


def test_a_payload_over_the_limit_is_refused_in_lambdas_words(client: Client) -> None:
    answer = client.send("POST", "/2015-03-31/functions/f/invocations", body=b" " * (bodies.INVOKE_LIMIT + 1))

    assert refusal(answer) == (413, "RequestTooLargeException")
    assert answer.json["message"] == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"


def test_large_uploads_are_let_in_up_to_a_budget_for_each_account() -> None:
    budget, size = bodies.Budget(), bodies.PACKAGE_LIMIT

    with budget.reserve("ada", size), budget.reserve("ada", size):
        with pytest.raises(bodies.Overloaded), budget.reserve("ada", size):
            pass
        with budget.reserve("ada", bodies.SMALL_BODY), budget.reserve("grace", size):
            pass
    with budget.reserve("ada", size):
        pass


@pytest.mark.parametrize("length", ["-1", "a", "1" * 30, "１"])
def test_a_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    answer = client.send(
        *CREATE, alter=lambda headers: headers.update({"content-length": length.encode().decode("latin-1")})
    )

    assert refusal(answer) == (400, "MalformedHttpRequestException")


def test_a_compressed_body_that_unpacks_too_far_is_refused(client: Client, heard: Heard) -> None:
    bomb = gzip.compress(b" " * (50 * 1024 * 1024))

    answer = client.send("POST", "/", service="logs", headers=GROUP | {"Content-Encoding": "gzip"}, body=bomb)

    assert refusal(answer) == (413, "RequestEntityTooLargeException")
    assert not heard.calls


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"no", 400),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4], 400),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more", 400),
        ("br", b"no", 415),
        ("aws-chunked", b"no", 400),
        ("aws-chunked", b"fffffffffffff\r\n{}\r\n0\r\n\r\n", 400),
        (", ".join(["gzip"] * 50), gzip.compress(b"{}", mtime=0), 400),
    ],
)
def test_an_encoding_that_cannot_be_undone_is_refused(client: Client, encoding: str, body: bytes, status: int) -> None:
    answer = client.send("POST", "/", service="logs", headers=GROUP | {"Content-Encoding": encoding}, body=body)

    assert answer.status == status


def test_chunks_are_put_together_and_their_trailers_kept() -> None:
    sent = b"5;chunk-signature=ab\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32: AAAA\r\n\r\n"

    assert bodies.decode_aws_chunked(sent) == (b"hello!", {"x-amz-checksum-crc32": "AAAA"})


def test_too_many_headers_are_refused(client: Client) -> None:
    many = [(f"x-{number}", "a") for number in range(HEADER_COUNT + 1)]

    assert client.raw("GET", "/", "", [("host", "h"), *many], b"").status == 431
    assert client.raw("GET", "/", "", [("host", "h"), ("x-long", "a" * 100_000)], b"").status == 431


def test_a_body_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "FIRST_BYTE_S", 0.01)

    async def never() -> dict[str, Any]:
        return await asyncio.Future()

    with pytest.raises(bodies.RequestTimeout):
        asyncio.run(bodies.read(never, {"content-length": "5"}, operation="Invoke", limit=10))


# -- our own mistakes ------------------------------------------------------------------------------


def test_an_exception_that_escapes_is_a_service_failure_without_its_details(client: Client, heard: Heard) -> None:
    heard.answers["GetFunction"] = heard.answers["DescribeLogGroups"] = heard.answers["GetCallerIdentity"] = KeyError(
        "secret detail"
    )

    answers = [
        client.send("GET", "/2015-03-31/functions/f"),
        client.json("DescribeLogGroups", b"{}"),
        client.form("Action=GetCallerIdentity&Version=2011-06-15"),
    ]

    assert [refusal(answer) for answer in answers] == [
        (500, "ServiceException"),
        (500, "ServiceException"),
        (500, "ServiceFailure"),
    ]
    assert all(b"secret detail" not in answer.body and b"Traceback" not in answer.body for answer in answers)
    assert answers[0].json == {"Type": "Service", "Message": ServiceFailure().text}


def test_a_member_that_the_model_does_not_have_is_noticed_at_once(client: Client, heard: Heard) -> None:
    heard.answers["GetFunction"] = {"Configuration": {"FunctionNam": "typo"}}

    assert refusal(client.send("GET", "/2015-03-31/functions/f")) == (500, "ServiceException")


def test_a_zip_file_arrives_as_bytes(client: Client, heard: Heard) -> None:
    body = {
        "FunctionName": "f",
        "Role": "arn:aws:iam::123456789012:role/lab",
        "Code": {"ZipFile": base64.b64encode(b"PK").decode()},
    }

    client.send(*CREATE, body=json.dumps(body).encode())

    assert heard.calls[0][2]["Code"] == {"ZipFile": b"PK"}
