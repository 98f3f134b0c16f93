"""boto3 creates, reads, changes and deletes functions."""

import base64
import hashlib
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions import archives
from tests.aws.conftest import Boto

CODE = archives.pack({"lambda_function.py": b"def lambda_handler(event, context):\n    return event\n"})
OTHER_CODE = archives.pack({"lambda_function.py": b"def lambda_handler(event, context):\n    return 1\n"})


def create(boto: Boto, name: str = "hello", **given: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{boto.account.id}:role/LabRole",
        "Handler": "lambda_function.lambda_handler",
        "Code": {"ZipFile": CODE},
    }
    return boto.lambda_.create_function(**(members | given))


def test_a_new_function_reads_like_awss(ada_boto):
    answer = create(
        ada_boto,
        Environment={"Variables": {"FOO": "bar"}},
        Tags={"team": "red"},
        TracingConfig={"Mode": "Active"},
        LoggingConfig={"LogFormat": "JSON"},
        EphemeralStorage={"Size": 1024},
        Description="says hello",
    )

    metadata = answer.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == 201
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", answer.pop("LastModified"))
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.pop("RevisionId"))
    assert answer.pop("RuntimeVersionConfig")["RuntimeVersionArn"].startswith("arn:aws:lambda:us-east-1::runtime:")
    assert answer == {
        "FunctionName": "hello",
        "FunctionArn": f"arn:aws:lambda:us-east-1:{ada_boto.account.id}:function:hello",
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{ada_boto.account.id}:role/LabRole",
        "Handler": "lambda_function.lambda_handler",
        "CodeSize": len(CODE),
        "Description": "says hello",
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSha256": base64.b64encode(hashlib.sha256(CODE).digest()).decode(),
        "Version": "$LATEST",
        "Environment": {"Variables": {"FOO": "bar"}},
        "TracingConfig": {"Mode": "Active"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 1024},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "INFO",
            "LogGroup": "/aws/lambda/hello",
        },
    }


def test_what_was_not_set_is_not_answered(ada_boto):
    answer = create(ada_boto)

    assert not {"Environment", "VpcConfig", "Layers", "DeadLetterConfig", "KMSKeyArn", "StateReason"} & answer.keys()


@pytest.mark.parametrize(
    "waiter", ["function_exists", "function_active", "function_active_v2", "function_updated", "function_updated_v2"]
)
def test_every_waiter_is_satisfied_at_once(ada_boto, waiter):
    create(ada_boto)

    ada_boto.lambda_.get_waiter(waiter).wait(FunctionName="hello", WaiterConfig={"MaxAttempts": 1})


def test_a_published_version_is_active_too(ada_boto):
    create(ada_boto, Publish=True)

    waiter = ada_boto.lambda_.get_waiter("published_version_active")
    waiter.wait(FunctionName="hello", Qualifier="1", WaiterConfig={"MaxAttempts": 1})


def test_get_function_links_to_the_code_and_tells_tags_and_concurrency(ada_boto):
    create(ada_boto, Tags={"team": "red"})
    ada_boto.lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=5)

    answer = ada_boto.lambda_.get_function(FunctionName="hello")

    assert answer["Code"]["RepositoryType"] == "S3"
    with urllib.request.urlopen(answer["Code"]["Location"]) as download:
        assert download.read() == CODE
        assert download.headers["Content-Type"] == "application/zip"
        assert download.headers["Content-Length"] == str(len(CODE))
    assert answer["Tags"] == {"team": "red"}
    assert answer["Concurrency"] == {"ReservedConcurrentExecutions": 5}


@pytest.mark.parametrize(
    "change", [lambda url: url[:-2] + "xx", lambda url: url.rpartition("/")[0] + "/", lambda url: url + "/.."]
)
def test_a_link_that_was_not_made_here_opens_nothing(ada_boto, change):
    create(ada_boto)
    location = ada_boto.lambda_.get_function(FunctionName="hello")["Code"]["Location"]

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(change(location))

    assert caught.value.code == 403


@pytest.mark.parametrize(
    "name",
    ["hello", "function:hello", "{account}:function:hello", "arn:aws:lambda:us-east-1:{account}:function:hello"],
)
def test_a_function_answers_to_all_its_names(ada_boto, name):
    create(ada_boto)

    found = ada_boto.lambda_.get_function_configuration(FunctionName=name.format(account=ada_boto.account.id))

    assert found["FunctionName"] == "hello"


def test_a_qualifier_ends_the_arn(ada_boto):
    create(ada_boto, Publish=True)
    ada_boto.lambda_.create_alias(FunctionName="hello", Name="live", FunctionVersion="1")

    for qualifier, version in (("$LATEST", "$LATEST"), ("1", "1"), ("live", "1")):
        found = ada_boto.lambda_.get_function_configuration(FunctionName="hello", Qualifier=qualifier)
        assert (found["Version"], found["FunctionArn"].rpartition(":")[2]) == (version, qualifier)


def test_code_and_configuration_are_updated(ada_boto):
    first = create(ada_boto, Environment={"Variables": {"FOO": "bar"}})

    code = ada_boto.lambda_.update_function_code(FunctionName="hello", ZipFile=OTHER_CODE)
    settings = ada_boto.lambda_.update_function_configuration(
        FunctionName="hello", MemorySize=512, Environment={}, RevisionId=code["RevisionId"]
    )

    assert code["CodeSha256"] != first["CodeSha256"]
    assert (settings["MemorySize"], settings["Timeout"]) == (512, 3)
    assert "Environment" not in settings
    assert len({answer["RevisionId"] for answer in (first, code, settings)}) == 3


def test_vpc_and_dead_letters_of_a_template_are_kept_and_shown(ada_boto):
    vpc = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}

    answer = create(ada_boto, VpcConfig=vpc, KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/k")

    assert answer["VpcConfig"].items() >= vpc.items()
    assert answer["VpcConfig"]["VpcId"].startswith("vpc-")
    assert answer["KMSKeyArn"] == "arn:aws:kms:us-east-1:123456789012:key/k"


def test_the_role_of_a_slide_is_answered_as_it_was_sent(ada_boto):
    role = "arn:aws:iam::147552475298:role/LabRole"

    assert create(ada_boto, Role=role, Runtime="python3.8")["Role"] == role


def test_functions_are_listed_page_by_page(ada_boto):
    for number in range(5):
        create(ada_boto, f"f{number}", Publish=number == 0)

    pages = list(ada_boto.lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    everything = ada_boto.lambda_.list_functions(FunctionVersion="ALL")["Functions"]

    assert [[row["FunctionName"] for row in page["Functions"]] for page in pages] == [
        ["f0", "f1"],
        ["f2", "f3"],
        ["f4"],
    ]
    assert "State" not in pages[0]["Functions"][0]
    assert len(everything) == 6
    assert {row["FunctionArn"].rpartition(":")[2] for row in everything} == {"$LATEST", "1"}


def test_a_deleted_function_is_gone(ada_boto):
    create(ada_boto)

    answer = ada_boto.lambda_.delete_function(FunctionName="hello")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ClientError) as caught:
        ada_boto.lambda_.get_function(FunctionName="hello")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["Error"]["Message"] == (
        f"Function not found: arn:aws:lambda:us-east-1:{ada_boto.account.id}:function:hello"
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("given", "status", "code", "text"),
    [
        ({}, 409, "ResourceConflictException", "Function already exist: hello"),
        ({"FunctionName": "new", "MemorySize": 64}, 400, "ValidationException", "memorySize"),
        ({"FunctionName": "new", "MemorySize": 20_000}, 400, "ValidationException", "10240"),
        ({"FunctionName": "new", "Runtime": "java21"}, 400, "InvalidParameterValueException", "not available"),
        ({"FunctionName": "new", "Runtime": "cobol"}, 400, "InvalidParameterValueException", "enum value set"),
        (
            {"FunctionName": "new", "Code": {"ZipFile": b"no zip"}},
            400,
            "InvalidParameterValueException",
            "Could not unzip",
        ),
        (
            {"FunctionName": "new", "Code": {"S3Bucket": "bbb", "S3Key": "k"}},
            400,
            "InvalidParameterValueException",
            "Amazon S3",
        ),
        ({"FunctionName": "new", "Code": {}}, 400, "InvalidParameterValueException", "provide a source"),
        (
            {"FunctionName": "new", "Role": "arn:aws:iam::123456789012:role/nobody"},
            400,
            "InvalidParameterValueException",
            "cannot be assumed",
        ),
        ({"FunctionName": "new", "PackageType": "Image"}, 400, "InvalidParameterValueException", "container images"),
        (
            {"FunctionName": "new", "DurableConfig": {"ExecutionTimeout": 60}},
            400,
            "InvalidParameterValueException",
            "DurableConfig",
        ),
        (
            {"FunctionName": "new", "Environment": {"Variables": {"AWS_REGION": "x"}}},
            400,
            "InvalidParameterValueException",
            "reserved keys",
        ),
    ],
)
def test_what_cannot_be_created_is_refused_as_aws_refuses_it(ada_boto, given, status, code, text):
    create(ada_boto)

    with pytest.raises(ClientError) as caught:
        create(ada_boto, **given)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]


def test_an_old_revision_is_refused_with_412(ada_boto):
    create(ada_boto)

    with pytest.raises(ClientError) as caught:
        ada_boto.lambda_.update_function_code(FunctionName="hello", ZipFile=CODE, RevisionId="0" * 8)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert caught.value.response["Error"]["Code"] == "PreconditionFailedException"


def test_nobody_sees_anothers_functions(ada_boto, mallory_boto):
    create(ada_boto)

    assert mallory_boto.lambda_.list_functions()["Functions"] == []
    with pytest.raises(ClientError):
        mallory_boto.lambda_.get_function(FunctionName=f"arn:aws:lambda:us-east-1:{ada_boto.account.id}:function:hello")


def test_code_is_not_signed_here(ada_boto):
    create(ada_boto)

    answer = ada_boto.lambda_.get_function_code_signing_config(FunctionName="hello")

    assert answer["FunctionName"] == "hello"
    assert not answer.get("CodeSigningConfigArn")


def test_of_many_who_create_the_same_function_at_once_one_succeeds(ada_boto):
    ada_boto.lambda_.list_functions()

    def attempt(_: int) -> int:
        try:
            return int(create(ada_boto)["ResponseMetadata"]["HTTPStatusCode"])
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(attempt, range(8)))

    assert statuses == [201] + [409] * 7


def test_of_many_who_publish_at_once_all_get_the_same_version(ada_boto):
    create(ada_boto)

    with ThreadPoolExecutor(8) as pool:
        versions = set(pool.map(lambda _: ada_boto.lambda_.publish_version(FunctionName="hello")["Version"], range(8)))

    assert versions == {"1"}
