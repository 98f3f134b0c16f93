"""Event source mappings by boto3."""

import pytest
from botocore.exceptions import ClientError

from functions import archives
from queues.services import create_queue
from tests.aws.conftest import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def lambda_(cloud: Cloud, ada):
    client = cloud.boto(ada, "lambda")
    client.create_function(
        FunctionName="hello",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ada.id}:role/LabRole",
        Handler="lambda_function.lambda_handler",
        Timeout=20,
        Code={"ZipFile": archives.pack({"lambda_function.py": b"def lambda_handler(event, context): pass\n"})},
    )
    return client


@pytest.fixture
def queue(ada):
    return create_queue(account=ada, name="input", given={}, tags={})


def test_a_mapping_is_made_read_listed_changed_and_deleted(lambda_, queue, ada):
    made = lambda_.create_event_source_mapping(
        EventSourceArn=queue.arn,
        FunctionName="hello",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=5,
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
        ScalingConfig={"MaximumConcurrency": 7},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        Tags={"team": "red"},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert made["State"] == "Creating"
    uuid = made["UUID"]

    read = lambda_.get_event_source_mapping(UUID=uuid)
    assert read.pop("LastModified")
    del read["ResponseMetadata"]
    assert read == {
        "UUID": uuid,
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 5,
        "EventSourceArn": queue.arn,
        "FunctionArn": f"arn:aws:lambda:us-east-1:{ada.id}:function:hello",
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:{ada.id}:event-source-mapping:{uuid}",
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
        "ScalingConfig": {"MaximumConcurrency": 7},
    }
    assert lambda_.list_tags(Resource=read["EventSourceMappingArn"])["Tags"] == {"team": "red"}

    changed = lambda_.update_event_source_mapping(
        UUID=uuid, Enabled=False, ScalingConfig={}, FilterCriteria={"Filters": []}, FunctionResponseTypes=[]
    )
    assert changed["State"] == "Disabling"
    [listed] = lambda_.list_event_source_mappings(EventSourceArn=queue.arn)["EventSourceMappings"]
    assert (listed["State"], "ScalingConfig" in listed, "FilterCriteria" in listed) == ("Disabled", False, False)
    assert lambda_.list_event_source_mappings(FunctionName="hello")["EventSourceMappings"] == [listed]

    assert lambda_.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    with pytest.raises(ClientError) as error:
        lambda_.get_event_source_mapping(UUID=uuid)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_one_whose_queue_is_gone_can_be_switched_off(lambda_, queue, ada):
    uuid = lambda_.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="hello")["UUID"]
    queue.delete()
    assert lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert lambda_.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"


def test_an_alias_may_be_what_is_called(lambda_, queue, ada):
    version = lambda_.publish_version(FunctionName="hello")["Version"]
    lambda_.create_alias(FunctionName="hello", Name="live", FunctionVersion=version)
    made = lambda_.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="hello:live")
    assert made["FunctionArn"].endswith(":function:hello:live")
    assert made["BatchSize"] == 10


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException", "Function not found"),
        ({"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:nowhere"}, "InvalidParameterValueException", "exist"),
        ({"EventSourceArn": "arn:aws:s3:::bucket"}, "InvalidParameterValueException", "Unrecognized event source"),
        ({"StartingPosition": "LATEST"}, "InvalidParameterValueException", "StartingPosition"),
    ],
)
def test_what_cannot_be_a_mapping_is_refused(lambda_, queue, given, code, message):
    members = {"EventSourceArn": queue.arn, "FunctionName": "hello"} | given
    with pytest.raises(ClientError, match=message) as error:
        lambda_.create_event_source_mapping(**members)
    assert error.value.response["Error"]["Code"] == code
