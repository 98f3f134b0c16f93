"""boto3 against the endpoint on a real server."""

import io
import urllib.request
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from core.errors import ResourceNotFound
from tests.aws.conftest import KEY, SECRET, Heard


def boto(endpoint: str, service: str, secret: str = SECRET) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


def test_boto3_invokes_a_function_and_reads_payload_headers_and_log(endpoint: str, heard: Heard) -> None:
    heard.answers["Invoke"] = {
        "StatusCode": 200,
        "Payload": b'{"errorMessage": "no"}',
        "FunctionError": "Unhandled",
        "LogResult": "U1RBUlQ=",
        "ExecutedVersion": "$LATEST",
    }

    answer = boto(endpoint, "lambda").invoke(FunctionName="hello", Payload=io.BytesIO(b'{"a": 1}'), LogType="Tail")

    assert answer["Payload"].read() == b'{"errorMessage": "no"}'
    assert answer["FunctionError"] == "Unhandled"
    assert answer["ExecutedVersion"] == "$LATEST"
    _, caller, request = heard.calls[0]
    assert request == {"FunctionName": "hello", "Payload": b'{"a": 1}', "LogType": "Tail"}
    assert caller.account.id == "123456789012"
    assert caller.endpoint == endpoint
    assert answer["ResponseMetadata"]["RequestId"] == caller.request_id


def test_every_answer_has_one_length_one_date_and_a_request_id(endpoint: str) -> None:
    metadata = boto(endpoint, "lambda").invoke(FunctionName="hello")["ResponseMetadata"]["HTTPHeaders"]

    assert metadata["content-length"] == "0"
    assert metadata["date"].endswith("GMT")
    assert len(metadata["x-amzn-requestid"]) == 36


def test_boto3_calls_a_service_of_the_query_protocol(endpoint: str, heard: Heard) -> None:
    expiration = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    credentials = {
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "s<&>",
        "SessionToken": "t",
        "Expiration": expiration,
    }
    heard.answers["AssumeRole"] = {"Credentials": credentials}

    answer = boto(endpoint, "sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/lab", RoleSessionName="ada", Tags=[{"Key": "a", "Value": "b c@d"}]
    )

    assert answer["Credentials"] == credentials
    assert heard.calls[0][2]["Tags"] == [{"Key": "a", "Value": "b c@d"}]


def test_boto3_calls_a_service_of_the_json_protocol(endpoint: str, heard: Heard) -> None:
    events = [{"timestamp": 1_790_000_000_000, "message": "hé\x00llo\n"}]

    boto(endpoint, "logs").put_log_events(logGroupName="/aws/lambda/f", logStreamName="s", logEvents=events)

    assert heard.calls[0][2] == {"logGroupName": "/aws/lambda/f", "logStreamName": "s", "logEvents": events}


def test_boto3_raises_the_modelled_exception_of_each_protocol(endpoint: str, heard: Heard) -> None:
    heard.answers["GetFunction"] = heard.answers["DescribeLogGroups"] = ResourceNotFound("Not here: x")

    with pytest.raises(boto(endpoint, "lambda").exceptions.ResourceNotFoundException) as of_lambda:
        boto(endpoint, "lambda").get_function(FunctionName="x")
    with pytest.raises(boto(endpoint, "logs").exceptions.ResourceNotFoundException) as of_logs:
        boto(endpoint, "logs").describe_log_groups()

    assert of_lambda.value.response["Error"]["Message"] == "Not here: x"
    assert of_lambda.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert of_logs.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_wrong_secret_is_refused_in_the_words_of_each_protocol(endpoint: str) -> None:
    codes = []
    for service, call in (
        ("lambda", "list_functions"),
        ("logs", "describe_log_groups"),
        ("sts", "get_caller_identity"),
    ):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            getattr(boto(endpoint, service, secret="wrong"), call)()
        codes.append(
            (refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"])
        )

    assert codes == [
        ("InvalidSignatureException", 403),
        ("InvalidSignatureException", 400),
        ("SignatureDoesNotMatch", 403),
    ]


def test_a_presigned_url_works_without_headers(endpoint: str, heard: Heard) -> None:
    url = boto(endpoint, "sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    heard.answers["GetCallerIdentity"] = {"Account": "123456789012"}

    with urllib.request.urlopen(url) as answer:
        assert b"<Account>123456789012</Account>" in answer.read()


def test_the_health_page_needs_no_signature(endpoint: str) -> None:
    with urllib.request.urlopen(f"{endpoint}/_health") as answer:
        assert (answer.status, answer.read()) == (200, b"ok\n")
