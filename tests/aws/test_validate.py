"""The constraints of the service models, in AWS's words."""

import json
from typing import Any

import pytest

from tests.aws.conftest import Client, Heard
from tests.aws.test_sign import message, refusal

NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
FUNCTION = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/lab", "Code": {}}

ONE_ERROR = [
    (
        {"MemorySize": 64},
        "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
    ),
    (
        {"FunctionName": "a b"},
        f"Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: {NAME_PATTERN}",
    ),
    ({"Role": None}, "Value null at 'role' failed to satisfy constraint: Member must not be null"),
    (
        {"PackageType": "Tar"},
        "Value 'Tar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, Image]",
    ),
    (
        {"Description": "x" * 257},
        f"Value '{'x' * 256}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 256",
    ),
    (
        {"Architectures": ["mips"]},
        "Value '[mips]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    ),
    (
        {"Architectures": []},
        "Value '[]' at 'architectures' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    (
        {"EphemeralStorage": {"Size": 1}},
        "Value '1' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than or equal to 512",
    ),
    (
        {"EphemeralStorage": {}},
        "Value null at 'ephemeralStorage.size' failed to satisfy constraint: Member must not be null",
    ),
    (
        {"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}]},
        "Value 'a' at 'fileSystemConfigs.1.member.arn' failed to satisfy constraint: ",
    ),
    ({"Description": "a\x00b"}, r"Member must satisfy regular expression pattern: [^\x00]*"),
]


@pytest.mark.parametrize(("members", "said"), ONE_ERROR, ids=[next(iter(members)) for members, _ in ONE_ERROR])
def test_a_broken_constraint_is_told_in_awss_words(
    client: Client, heard: Heard, members: dict[str, Any], said: str
) -> None:
    answer = client.send("POST", "/2015-03-31/functions", body=json.dumps(FUNCTION | members).encode())

    assert refusal(answer) == (400, "ValidationException")
    assert message(answer).startswith("1 validation error detected: Value ")
    assert said in message(answer)
    assert not heard.calls


def test_every_broken_constraint_is_told_at_once(client: Client) -> None:
    answer = client.send("POST", "/2015-03-31/functions", body=b'{"FunctionName": "f", "Timeout": 0}')

    assert message(answer) == (
        "3 validation errors detected: "
        "Value null at 'role' failed to satisfy constraint: Member must not be null; "
        "Value null at 'code' failed to satisfy constraint: Member must not be null; "
        "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"
    )


def test_an_unknown_runtime_is_told_as_lambda_tells_it(client: Client) -> None:
    answer = client.send("POST", "/2015-03-31/functions", body=json.dumps(FUNCTION | {"Runtime": "cobol"}).encode())

    assert refusal(answer) == (400, "InvalidParameterValueException")
    assert answer.json["message"].startswith(
        "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert answer.json["Type"] == "User"


def test_each_service_has_its_own_code_for_a_broken_constraint(client: Client) -> None:
    answers = [
        client.json("CreateLogGroup", b'{"logGroupName": "a b"}'),
        client.form("Action=AssumeRole&Version=2011-06-15&RoleArn=a&RoleSessionName=b"),
        client.form("Action=CreateRole&Version=2010-05-08&RoleName=", service="iam"),
    ]

    assert [refusal(answer) for answer in answers] == [
        (400, "InvalidParameterException"),
        (400, "ValidationError"),
        (400, "ValidationError"),
    ]


def test_a_name_that_iam_does_not_take_is_told_as_iam_tells_it(client: Client) -> None:
    body = "Action=CreateRole&Version=2010-05-08&RoleName=a%20b&AssumeRolePolicyDocument=%7B%7D"

    answer = client.form(body, service="iam")

    assert refusal(answer) == (400, "ValidationError")
    assert message(answer) == (
        "The specified value for roleName is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )


def test_a_secret_is_not_repeated(client: Client) -> None:
    body = FUNCTION | {"Environment": {"Variables": {"1": "hidden"}}}

    answer = client.send("POST", "/2015-03-31/functions", body=json.dumps(body).encode())

    assert refusal(answer) == (400, "ValidationException")
    assert "hidden" not in message(answer)


def test_a_value_over_its_longest_length_is_not_matched_against_a_pattern(client: Client) -> None:
    answer = client.send(
        "POST", "/2015-03-31/functions", body=json.dumps(FUNCTION | {"Handler": "a" * 500_000}).encode()
    )

    assert message(answer).endswith("Member must have length less than or equal to 128")


def test_text_of_any_script_is_a_tag(client: Client, heard: Heard) -> None:
    body = "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=%E6%97%A5&Tags.member.1.Value=%C3%A9+%2B"

    assert client.form(body, service="iam").status == 200
    assert heard.calls[0][2]["Tags"] == [{"Key": "日", "Value": "é +"}]
