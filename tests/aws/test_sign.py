"""Who may call: signatures in headers and query strings, and how each protocol words a refusal."""

import gzip
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from core import clock
from tests.aws.conftest import KEY, SECRET, Answer, Client, Heard

GET = ("GET", "/2015-03-31/functions/hello")


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code, from whichever place the protocol puts the code in."""
    if code := re.search(rb"<Code>(.*?)</Code>", answer.body):
        return answer.status, code[1].decode()
    return answer.status, answer.headers.get("x-amzn-errortype") or answer.json["__type"]


def message(answer: Answer) -> str:
    if text := re.search(rb"<Message>(.*?)</Message>", answer.body):
        return text[1].decode()
    return str(answer.json["message"])


def calls(client: Client, **options: Any) -> list[tuple[int, str]]:
    """The refusal of the same mistake by a REST, a JSON and a query service."""
    return [
        refusal(client.send(*GET, **options)),
        refusal(client.json("DescribeLogGroups", b"{}", **options)),
        refusal(client.form("Action=GetCallerIdentity&Version=2011-06-15", **options)),
    ]


def test_a_signed_request_is_let_through(client: Client, heard: Heard) -> None:
    assert client.send(*GET).status == 200
    assert heard.calls[0][1].principal_arn == "arn:aws:iam::123456789012:user/ada"


def test_an_unsigned_request_is_refused(client: Client, heard: Heard) -> None:
    assert calls(client, sign=False) == [
        (403, "MissingAuthenticationTokenException"),
        (400, "MissingAuthenticationTokenException"),
        (403, "MissingAuthenticationToken"),
    ]
    assert not heard.calls


def test_an_unknown_key_is_refused(client: Client) -> None:
    assert calls(client, key="AKIAUNKNOWN000000000") == [
        (403, "UnrecognizedClientException"),
        (400, "UnrecognizedClientException"),
        (403, "InvalidClientTokenId"),
    ]


def test_a_signature_by_another_secret_is_refused(client: Client, heard: Heard) -> None:
    assert calls(client, secret="another") == [
        (403, "InvalidSignatureException"),
        (400, "InvalidSignatureException"),
        (403, "SignatureDoesNotMatch"),
    ]
    assert not heard.calls


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_far_off_is_named_as_the_reason(client: Client, minutes: int) -> None:
    signed_at = datetime.now(UTC) + timedelta(minutes=minutes)

    with patch.object(botocore.auth, "get_current_datetime", return_value=signed_at.replace(tzinfo=None)):
        answer = client.send(*GET)

    assert refusal(answer) == (403, "InvalidSignatureException")
    assert message(answer).startswith("Signature expired: " if minutes < 0 else "Signature not yet current: ")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_a_little_off_is_tolerated(client: Client, minutes: int) -> None:
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=minutes)):
        assert client.send(*GET).status == 200


@pytest.mark.parametrize(
    ("what", "alter"),
    [
        ("a header", lambda headers: headers.update({"x-amz-client-context": "e30="})),
        ("the host", lambda headers: headers.update(host="elsewhere")),
        ("the date", lambda headers: headers.update({"x-amz-date": headers["x-amz-date"][:-3] + "59Z"})),
        ("the token", lambda headers: headers.update({"x-amz-security-token": "t"})),
        ("the hash", lambda headers: headers.update({"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})),
        (
            "the region",
            lambda headers: headers.update(authorization=headers["authorization"].replace("east-1", "east-2")),
        ),
    ],
)
def test_whatever_is_changed_after_signing_is_noticed(client: Client, heard: Heard, what: str, alter: Any) -> None:
    assert refusal(client.send(*GET, alter=alter)) == (403, "InvalidSignatureException")
    assert not heard.calls


def test_a_body_changed_after_signing_is_noticed(client: Client, heard: Heard) -> None:
    request = botocore.awsrequest.AWSRequest("POST", "http://127.0.0.1/2015-03-31/functions/f/invocations", data=b"{}")
    credentials = botocore.credentials.Credentials(KEY, SECRET)
    botocore.auth.SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    headers = [*request.headers.items(), ("host", "127.0.0.1"), ("content-length", "3")]

    answer = client.raw("POST", "/2015-03-31/functions/f/invocations", "", headers, b"{ }")

    assert refusal(answer) == (403, "InvalidSignatureException")
    assert not heard.calls


def test_a_signature_for_another_service_is_refused(client: Client) -> None:
    headers = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups"}

    answer = client.send("POST", "/", service="lambda", headers=headers, body=b"{}")

    assert refusal(answer) == (400, "InvalidSignatureException")
    assert message(answer) == "Credential should be scoped to correct service: 'logs'."


@pytest.mark.parametrize(
    ("authorization", "said"),
    [
        ("Bearer abc", "Unsupported AWS 'algorithm': 'Bearer'"),
        ("AWS4-HMAC-SHA256 Credential=a", "Authorization header requires 'Signature' parameter."),
        (
            "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b",
            "Credential must have exactly 5 slash-delimited",
        ),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "Signature Version 4A"),
        ("AWS4-HMAC-SHA256 " + "," * 5_000, "Authorization header requires 'Credential' parameter."),
    ],
)
def test_half_a_signature_is_refused_with_what_it_lacks(client: Client, authorization: str, said: str) -> None:
    answer = client.send(*GET, alter=lambda headers: headers.update(authorization=authorization))

    assert refusal(answer) == (403, "IncompleteSignatureException")
    assert said in message(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/2015-03-31/functions/arn%3Aaws%3Alambda",
        "/2015-03-31//functions/hello",
        "/2015-03-31/functions/h%C3%A9%20~llo",
    ],
)
def test_the_path_is_checked_as_it_was_sent(client: Client, path: str) -> None:
    assert client.send("GET", path).status in (200, 400, 404)  # whatever is there: the signature fits


@pytest.mark.parametrize("query", ["Qualifier=a%20b&A=1", "b=2&b=1&a", "x=%C3%A9%2F&y=%2B", "Marker=a%3D%3D"])
def test_the_query_string_is_checked_in_its_canonical_order(client: Client, query: str) -> None:
    assert client.send(*GET, query=query).status in (200, 400)


def test_a_plus_sign_cannot_be_passed_off_as_a_space(client: Client) -> None:
    url = "http://127.0.0.1/2015-03-31/functions/hello?Qualifier=a%2Bb"
    request = botocore.awsrequest.AWSRequest("GET", url)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(KEY, SECRET), "lambda", "us-east-1").add_auth(request)
    headers = [*request.headers.items(), ("host", "127.0.0.1")]

    assert client.raw(*GET, "Qualifier=a%2Bb", headers, b"").status == 400  # not a qualifier, but well signed
    assert client.raw(*GET, "Qualifier=a+b", headers, b"").status == 403


# -- presigned -------------------------------------------------------------------------------------


def presigned(client: Client, expires: int, *, alter: str = "", signed_at: datetime | None = None) -> Answer:
    url = "http://127.0.0.1/?Action=GetCallerIdentity&Version=2011-06-15"
    request = botocore.awsrequest.AWSRequest("GET", url)
    signer = botocore.auth.SigV4QueryAuth(botocore.credentials.Credentials(KEY, SECRET), "sts", "us-east-1", expires)
    now = (signed_at or datetime.now(UTC)).replace(tzinfo=None)
    with patch.object(botocore.auth, "get_current_datetime", return_value=now):
        signer.add_auth(request)
    return client.raw("GET", "/", request.url.partition("?")[2] + alter, [("host", "127.0.0.1")], b"")


def test_a_presigned_address_works_until_it_expires(client: Client) -> None:
    assert presigned(client, 3600).status == 200
    assert presigned(client, 3600, signed_at=datetime.now(UTC) - timedelta(minutes=59)).status == 200
    expired = presigned(client, 3600, signed_at=datetime.now(UTC) - timedelta(minutes=61))
    assert refusal(expired) == (403, "SignatureDoesNotMatch")
    assert message(expired).startswith("Signature expired: ")


@pytest.mark.parametrize("alter", ["&Version=2", "&X-Amz-Expires=99999", "&X-Amz-Signature=0"])
def test_a_presigned_address_cannot_be_extended(client: Client, alter: str) -> None:
    assert presigned(client, 60, alter=alter).status == 403


def test_a_presigned_address_lives_at_most_seven_days(client: Client) -> None:
    assert refusal(presigned(client, 604_801)) == (403, "IncompleteSignature")


# -- encodings that are signed as they are sent ----------------------------------------------------


def test_a_compressed_body_is_read(client: Client, heard: Heard) -> None:
    body = gzip.compress(b'{"logGroupName": "g"}')
    headers = {"X-Amz-Target": "Logs_20140328.CreateLogGroup", "Content-Encoding": "gzip"}

    assert client.send("POST", "/", service="logs", headers=headers, body=body).status == 200
    assert heard.calls[0][2] == {"logGroupName": "g"}
