"""boto3 round-trips everything that hangs on a function."""

import base64
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from functions import archives
from tests.aws.conftest import Boto
from tests.aws.test_lambda_functions import CODE, OTHER_CODE, create


def refused(action, code: str) -> str:
    """The message of the error that ``action`` meets."""
    with pytest.raises(ClientError) as caught:
        action()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def statuses(answer) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


# -- versions and aliases --------------------------------------------------------------------------


def test_versions_are_published_once_per_change_and_listed(ada_boto):
    client = ada_boto.lambda_
    code_sha256 = create(ada_boto)["CodeSha256"]

    first = client.publish_version(FunctionName="hello", CodeSha256=code_sha256, Description="first")
    again = client.publish_version(FunctionName="hello")
    client.update_function_code(FunctionName="hello", ZipFile=OTHER_CODE)
    second = client.publish_version(FunctionName="hello")

    assert statuses(first) == 201
    assert (first["Version"], again["Version"], second["Version"]) == ("1", "1", "2")
    assert first["FunctionArn"].endswith(":function:hello:1")
    listed = client.list_versions_by_function(FunctionName="hello", MaxItems=10_000)["Versions"]
    assert [row["Version"] for row in listed] == ["$LATEST", "1", "2"]
    assert listed[0]["FunctionArn"].endswith(":function:hello:$LATEST")
    assert listed[1]["Description"] == "first"


def test_other_code_than_was_meant_is_not_published(ada_boto):
    create(ada_boto)

    message = refused(
        lambda: ada_boto.lambda_.publish_version(FunctionName="hello", CodeSha256="x"), "InvalidParameterValueException"
    )

    assert message.startswith("CodeSHA256 (x) is different from current CodeSHA256 in $LATEST")


def test_aliases_round_trip(ada_boto):
    client = ada_boto.lambda_
    create(ada_boto, Publish=True)
    client.update_function_code(FunctionName="hello", ZipFile=OTHER_CODE, Publish=True)
    routing = {"AdditionalVersionWeights": {"2": 0.25}}

    made = client.create_alias(
        FunctionName="hello", Name="live", FunctionVersion="1", Description="all", RoutingConfig=routing
    )
    moved = client.update_alias(FunctionName="hello", Name="live", FunctionVersion="2", RoutingConfig={})
    read = client.get_alias(FunctionName="hello", Name="live")

    assert statuses(made) == 201
    assert made["RoutingConfig"] == routing
    assert made["AliasArn"].endswith(":function:hello:live")
    assert (read["FunctionVersion"], read["Description"], read["RevisionId"]) == ("2", "all", moved["RevisionId"])
    assert "RoutingConfig" not in read
    assert [row["Name"] for row in client.list_aliases(FunctionName="hello", FunctionVersion="2")["Aliases"]] == [
        "live"
    ]
    assert statuses(client.delete_alias(FunctionName="hello", Name="live")) == 204
    message = refused(lambda: client.get_alias(FunctionName="hello", Name="live"), "ResourceNotFoundException")
    assert message == f"Cannot find alias arn: {made['AliasArn']}"


# -- layers ----------------------------------------------------------------------------------------


def publish_layer(boto: Boto, name: str = "numbers", **given):
    content = {"ZipFile": archives.pack({"python/numbers_of_mine.py": b"ONE = 1\n"})}
    return boto.lambda_.publish_layer_version(LayerName=name, Content=content, **given)


def test_layers_round_trip(ada_boto):
    client = ada_boto.lambda_
    first = publish_layer(
        ada_boto,
        Description="numbers",
        CompatibleRuntimes=["python3.13"],
        CompatibleArchitectures=["x86_64"],
        LicenseInfo="MIT",
    )
    second = publish_layer(ada_boto)
    publish_layer(ada_boto, "other")

    read = client.get_layer_version(LayerName="numbers", VersionNumber=1)
    by_arn = client.get_layer_version_by_arn(Arn=first["LayerVersionArn"])

    assert (statuses(first), first["Version"], second["Version"]) == (201, 1, 2)
    assert first["LayerVersionArn"] == f"{first['LayerArn']}:1"
    assert (read["Description"], read["LicenseInfo"], read["CompatibleRuntimes"]) == ("numbers", "MIT", ["python3.13"])
    assert by_arn["CreatedDate"] == read["CreatedDate"]
    with urllib.request.urlopen(read["Content"]["Location"]) as download:
        assert len(download.read()) == read["Content"]["CodeSize"]
    assert [row["LayerName"] for row in client.list_layers()["Layers"]] == ["numbers", "other"]
    assert client.list_layers()["Layers"][0]["LatestMatchingVersion"]["Version"] == 2
    pages = client.get_paginator("list_layer_versions").paginate(LayerName="numbers", PaginationConfig={"PageSize": 1})
    assert [[row["Version"] for row in page["LayerVersions"]] for page in pages] == [[2], [1]]
    assert statuses(client.delete_layer_version(LayerName="numbers", VersionNumber=2)) == 204
    refused(lambda: client.get_layer_version(LayerName="numbers", VersionNumber=2), "ResourceNotFoundException")


def test_a_layer_is_attached_to_two_functions_and_a_sixth_is_too_many(ada_boto):
    layer = publish_layer(ada_boto)
    for name in ("a", "b"):
        attached = create(ada_boto, name, Layers=[layer["LayerVersionArn"]])["Layers"]
        assert attached == [{"Arn": layer["LayerVersionArn"], "CodeSize": layer["Content"]["CodeSize"]}]

    six = [publish_layer(ada_boto, f"l{number}")["LayerVersionArn"] for number in range(6)]
    message = refused(
        lambda: ada_boto.lambda_.update_function_configuration(FunctionName="a", Layers=six),
        "InvalidParameterValueException",
    )

    assert message == "Cannot reference more than 5 layers."


def test_layers_can_be_taken_off(ada_boto):
    create(ada_boto, Layers=[publish_layer(ada_boto)["LayerVersionArn"]])

    assert "Layers" not in ada_boto.lambda_.update_function_configuration(FunctionName="hello", Layers=[])


# -- permissions -----------------------------------------------------------------------------------


def test_permissions_round_trip(ada_boto):
    client = ada_boto.lambda_
    arn = create(ada_boto)["FunctionArn"]
    nothing = refused(lambda: client.get_policy(FunctionName="hello"), "ResourceNotFoundException")
    assert nothing == "No policy is associated with the given resource."

    added = client.add_permission(
        FunctionName="hello",
        StatementId="from-s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
    )

    assert statuses(added) == 201
    policy = client.get_policy(FunctionName="hello")
    document = json.loads(policy["Policy"])
    assert document["Statement"] == [json.loads(added["Statement"])]
    assert document["Statement"][0] == {
        "Sid": "from-s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}},
    }
    gone = client.remove_permission(FunctionName="hello", StatementId="from-s3", RevisionId=policy["RevisionId"])
    assert statuses(gone) == 204
    refused(lambda: client.get_policy(FunctionName="hello"), "ResourceNotFoundException")


# -- concurrency and the account -------------------------------------------------------------------


def test_concurrency_round_trips(ada_boto):
    client = ada_boto.lambda_
    create(ada_boto)

    assert (
        client.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=7)[
            "ReservedConcurrentExecutions"
        ]
        == 7
    )
    assert client.get_function_concurrency(FunctionName="hello")["ReservedConcurrentExecutions"] == 7
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 993
    assert settings["AccountUsage"] == {"TotalCodeSize": len(CODE), "FunctionCount": 1}
    assert statuses(client.delete_function_concurrency(FunctionName="hello")) == 204
    assert statuses(client.delete_function_concurrency(FunctionName="hello")) == 204
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="hello")


def test_a_hundred_stay_unreserved(ada_boto):
    create(ada_boto)

    message = refused(
        lambda: ada_boto.lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=901),
        "InvalidParameterValueException",
    )

    assert message.endswith("UnreservedConcurrentExecution below its minimum value of [100].")


# -- asynchronous invocation, tags, management -----------------------------------------------------


def test_asynchronous_invocation_is_configured(ada_boto):
    client = ada_boto.lambda_
    create(ada_boto)

    put = client.put_function_event_invoke_config(FunctionName="hello", MaximumRetryAttempts=0)
    updated = client.update_function_event_invoke_config(FunctionName="hello", MaximumEventAgeInSeconds=60)

    assert put["FunctionArn"].endswith(":function:hello:$LATEST")
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (0, 60)
    read = client.get_function_event_invoke_config(FunctionName="hello")
    assert read["LastModified"] == updated["LastModified"]
    listed = client.list_function_event_invoke_configs(FunctionName="hello")["FunctionEventInvokeConfigs"]
    assert [row["FunctionArn"] for row in listed] == [put["FunctionArn"]]
    assert statuses(client.delete_function_event_invoke_config(FunctionName="hello")) == 204
    refused(lambda: client.get_function_event_invoke_config(FunctionName="hello"), "ResourceNotFoundException")


def test_tags_round_trip(ada_boto):
    client = ada_boto.lambda_
    arn = create(ada_boto)["FunctionArn"]

    assert statuses(client.tag_resource(Resource=arn, Tags={"team": "red", "year": "2026"})) == 204
    assert statuses(client.untag_resource(Resource=arn, TagKeys=["team"])) == 204

    assert client.list_tags(Resource=arn)["Tags"] == {"year": "2026"}
    refused(lambda: client.list_tags(Resource=f"{arn}:1"), "InvalidParameterValueException")


def test_recursion_and_runtime_management_round_trip(ada_boto):
    client = ada_boto.lambda_
    create(ada_boto)

    assert client.get_function_recursion_config(FunctionName="hello")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="hello", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="hello")["RecursiveLoop"] == "Allow"

    assert client.get_runtime_management_config(FunctionName="hello")["UpdateRuntimeOn"] == "Auto"
    client.put_runtime_management_config(FunctionName="hello", UpdateRuntimeOn="FunctionUpdate")
    assert client.get_runtime_management_config(FunctionName="hello")["UpdateRuntimeOn"] == "FunctionUpdate"


def test_of_triggers_and_addresses_there_are_none(ada_boto):
    client = ada_boto.lambda_
    create(ada_boto)

    assert client.list_event_source_mappings(FunctionName="hello")["EventSourceMappings"] == []
    assert client.list_function_url_configs(FunctionName="hello")["FunctionUrlConfigs"] == []
    refused(lambda: client.get_function_url_config(FunctionName="hello"), "ResourceNotFoundException")
    refused(
        lambda: client.get_event_source_mapping(UUID="14e0db71-5d35-4eb5-b481-8945cf9d10c2"),
        "ResourceNotFoundException",
    )


def test_what_is_not_built_says_so(ada_boto):
    create(ada_boto)

    message = refused(
        lambda: ada_boto.lambda_.create_code_signing_config(
            AllowedPublishers={
                "SigningProfileVersionArns": ["arn:aws:signer:us-east-1:123456789012:/profiles/p/1234567890"]
            }
        ),
        "UnknownOperationException",
    )

    assert message == "The operation lambda.CreateCodeSigningConfig is not available on this server."


# -- invoking: the runner's answer at the door -----------------------------------------------------


@pytest.fixture
def runner(monkeypatch):
    """The runner's edge: remembers what it was asked and gives a set answer."""
    from runner import services
    from runner.answers import Answer, Report

    asked = {}

    async def invoke(**call):
        asked["invoke"] = call
        report = Report(duration_ms=1.0, billed_ms=1, memory_size=128, max_memory_used=20)
        return Answer(call["request_id"], b'{"errorMessage":"no"}', "Unhandled", "1", "START…\nREPORT…", report)

    monkeypatch.setattr(services, "invoke", invoke)
    return asked


def test_a_failing_function_is_an_answer_with_status_200(ada_boto, runner):
    create(ada_boto, Publish=True)

    answer = ada_boto.lambda_.invoke(
        FunctionName="hello", Qualifier="1", Payload=b'{"a":1}', LogType="Tail", ClientContext="e30="
    )

    assert (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"]) == (200, "Unhandled", "1")
    assert answer["Payload"].read() == b'{"errorMessage":"no"}'
    assert base64.b64decode(answer["LogResult"]).decode() == "START…\nREPORT…"
    call = runner["invoke"]
    assert (call["reference"], call["qualifier"], call["payload"]) == ("hello", "1", b'{"a":1}')
    assert call["client_context"] == "e30="
    assert call["caller_arn"] == f"arn:aws:iam::{ada_boto.account.id}:root"
    assert call["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_the_log_is_answered_only_when_it_was_asked_for(ada_boto, runner):
    create(ada_boto)

    assert "LogResult" not in ada_boto.lambda_.invoke(FunctionName="hello")


def test_a_throttled_call_says_why_and_when_to_come_back(ada_boto, monkeypatch):
    from runner import services
    from runner.errors import ReservedConcurrencyExceeded

    async def invoke(**call):
        raise ReservedConcurrencyExceeded

    monkeypatch.setattr(services, "invoke", invoke)
    create(ada_boto)

    with pytest.raises(ClientError) as caught:
        ada_boto.lambda_.invoke(FunctionName="hello")

    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_an_event_is_accepted_with_202_and_a_dry_run_with_204(ada_boto, monkeypatch):
    from runner import bell
    from runner.models import Invocation

    monkeypatch.setattr(bell, "ring", lambda: None)
    create(ada_boto)

    event = ada_boto.lambda_.invoke(FunctionName="hello", InvocationType="Event", Payload=b"{}")
    legacy = ada_boto.lambda_.invoke_async(FunctionName="hello", InvokeArgs=b"{}")
    dry = ada_boto.lambda_.invoke(FunctionName="hello", InvocationType="DryRun")

    assert (event["StatusCode"], legacy["Status"], dry["StatusCode"]) == (202, 202, 204)
    assert event["Payload"].read() == b""
    assert Invocation.objects.filter(pk=event["ResponseMetadata"]["RequestId"]).exists()
    assert Invocation.objects.count() == 2


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_a_function_that_is_not_there_is_not_invoked(ada_boto, kind):
    message = refused(
        lambda: ada_boto.lambda_.invoke(FunctionName="nobody", InvocationType=kind), "ResourceNotFoundException"
    )

    assert message == f"Function not found: arn:aws:lambda:us-east-1:{ada_boto.account.id}:function:nobody"
