"""SQS through boto3, which speaks JSON, and as older clients call it: with a form, answered in XML."""

import json
import sys

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.httpsession
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.session
import pytest

from aws import model
from tests.aws.conftest import Form, Json
from tests.aws.sqs_mistakes import CODES, MORE_CODES

sys.path.insert(0, "scripts")
SLIDE = "https://sqs.eu-west-1.amazonaws.com/675696485075/orders"


def older_model() -> botocore.model.ServiceModel:
    """SQS's model as botocore had it before 2023, with this product's own table of what was different."""
    from older_protocols import ADDED, merged

    newer = botocore.session.get_session().get_service_data("sqs")
    older = ADDED["sqs"](newer)["query"]
    shapes = {
        name: {
            **shape,
            "members": {n: {k: v for k, v in m.items() if k != "fromPath"} for n, m in shape["members"].items()},
        }
        if "members" in shape
        else shape
        for name, shape in merged(newer["shapes"], older["shapes"]).items()
    }
    metadata = {**newer["metadata"], **older["metadata"], "protocol": "query", "protocols": ["query"]}
    operations = {
        name: {**one, **({"output": {**one["output"], "resultWrapper": f"{name}Result"}} if "output" in one else {})}
        for name, one in newer["operations"].items()
    }
    return botocore.model.ServiceModel(
        {**newer, "metadata": metadata, "operations": operations, "shapes": shapes}, "sqs"
    )


@pytest.fixture(params=["json", "query"])
def sqs(request, ada_boto):
    return Json(ada_boto, "sqs") if request.param == "json" else Form(ada_boto, older_model(), signed_for="sqs")


@pytest.fixture
def url(sqs):
    return sqs("CreateQueue", QueueName="orders", Attributes={"VisibilityTimeout": "45"}, tags={"course": "AT-000"})[
        "QueueUrl"
    ]


def refused(sqs, name, **members):
    """The error's code, message and HTTP status."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        sqs(name, **members)
    response = error.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_a_message_goes_from_one_client_to_another(sqs, url, ada_boto):
    sent = sqs(
        "SendMessage",
        QueueUrl=url,
        MessageBody="héllo <&>",
        MessageAttributes={
            "Colour": {"DataType": "String", "StringValue": "red"},
            "Raw": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3f"}},
    )
    (message,) = sqs(
        "ReceiveMessage", QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=1
    )["Messages"]
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "héllo <&>"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["Raw"] == {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"}
    assert message["MessageAttributes"]["Colour"] == {"DataType": "String", "StringValue": "red"}
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5759e988-bd862e3f"
    assert message["Attributes"]["SenderId"]
    assert (
        sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        | {
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "QueueArn": f"arn:aws:sqs:us-east-1:{ada_boto.account.pk}:orders",
            "VisibilityTimeout": "45",
            "MaximumMessageSize": "1048576",
            "SqsManagedSseEnabled": "true",
        }
        == sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    )


def test_batches_say_what_became_of_each_entry(sqs, url):
    sent = sqs(
        "SendMessageBatch",
        QueueUrl=url,
        Entries=[{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "two", "DelaySeconds": 901}],
    )
    (message,) = sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    changed = sqs(
        "ChangeMessageVisibilityBatch",
        QueueUrl=url,
        Entries=[{"Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 60}],
    )
    deleted = sqs(
        "DeleteMessageBatch",
        QueueUrl=url,
        Entries=[{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "no"}],
    )

    assert [(one["Id"], one["MessageId"]) for one in sent["Successful"]] == [("a", message["MessageId"])]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in sent["Failed"]] == [
        ("b", "InvalidParameterValue", True)
    ]
    assert [one["Id"] for one in changed["Successful"]] == ["a"]
    assert [one["Id"] for one in deleted["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"]) for one in deleted["Failed"]] == [("b", "ReceiptHandleIsInvalid")]


def test_queues_are_listed_found_tagged_and_deleted(sqs, url):
    sqs("CreateQueue", QueueName="other")
    sqs("TagQueue", QueueUrl=url, Tags={"owner": "ada"})
    sqs("UntagQueue", QueueUrl=url, TagKeys=["course"])

    assert sqs("ListQueues", QueueNamePrefix="ord")["QueueUrls"] == [url]
    first = sqs("ListQueues", MaxResults=1)
    assert [len(first["QueueUrls"]), sqs("ListQueues", MaxResults=1, NextToken=first["NextToken"])["QueueUrls"]] == [
        1,
        [url.replace("orders", "other")],
    ]
    assert sqs("GetQueueUrl", QueueName="orders", QueueOwnerAWSAccountId="675696485075")["QueueUrl"] == url
    assert sqs("ListQueueTags", QueueUrl=url)["Tags"] == {"owner": "ada"}
    sqs("DeleteQueue", QueueUrl=url)
    assert refused(sqs, "GetQueueUrl", QueueName="orders")[0] == "AWS.SimpleQueueService.NonExistentQueue"


def test_the_address_on_a_slide_means_the_caller_s_own_queue(sqs, url):
    sqs("SendMessage", QueueUrl=SLIDE, MessageBody="from a slide")

    assert sqs("ReceiveMessage", QueueUrl="orders")["Messages"][0]["Body"] == "from a slide"


def test_dead_letters_have_a_policy_and_sources(sqs, url, ada_boto):
    arn = f"arn:aws:sqs:us-east-1:{ada_boto.account.pk}:orders"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    source = sqs("CreateQueue", QueueName="source", Attributes={"RedrivePolicy": policy})["QueueUrl"]

    assert sqs("ListDeadLetterSourceQueues", QueueUrl=url)["queueUrls"] == [source]
    attributes = sqs("GetQueueAttributes", QueueUrl=source, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"]) == json.loads(policy)
    task = sqs("StartMessageMoveTask", SourceArn=arn)["TaskHandle"]
    (listed,) = sqs("ListMessageMoveTasks", SourceArn=arn)["Results"]
    assert (listed["TaskHandle"], listed["Status"], listed["ApproximateNumberOfMessagesMoved"]) == (task, "RUNNING", 0)
    assert sqs("CancelMessageMoveTask", TaskHandle=task)["ApproximateNumberOfMessagesMoved"] == 0


def test_permissions_are_statements_of_the_policy(sqs, url):
    sqs("AddPermission", QueueUrl=url, Label="friend", AWSAccountIds=["668614515564"], Actions=["SendMessage"])

    policy = json.loads(sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert policy["Statement"][0]["Action"] == "SQS:SendMessage"
    sqs("RemovePermission", QueueUrl=url, Label="friend")
    assert (
        "Attributes" not in sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])
        or not sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    )


def test_a_queue_is_purged_once_a_minute(sqs, url):
    sqs("SendMessage", QueueUrl=url, MessageBody="x")
    sqs("PurgeQueue", QueueUrl=url)

    assert not sqs("ReceiveMessage", QueueUrl=url).get("Messages")
    assert refused(sqs, "PurgeQueue", QueueUrl=url) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "Only one PurgeQueue operation on orders is allowed every 60 seconds.",
        403,
    )


def test_a_fifo_queue_keeps_order_and_tells_numbers(sqs):
    given = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    fifo = sqs("CreateQueue", QueueName="orders.fifo", Attributes=given)["QueueUrl"]
    numbers = [
        sqs("SendMessage", QueueUrl=fifo, MessageBody=body, MessageGroupId="g")["SequenceNumber"] for body in "aba"
    ]

    received = sqs("ReceiveMessage", QueueUrl=fifo, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]

    assert [one["Body"] for one in received] == ["a", "b"]
    assert numbers[0] == numbers[2] == received[0]["Attributes"]["SequenceNumber"]
    assert received[0]["Attributes"]["MessageGroupId"] == "g"


def test_mistakes_are_answered_in_aws_s_words(sqs, url):
    sqs("CreateQueue", QueueName="f.fifo", Attributes={"FifoQueue": "true"})
    different = []
    for name, members, code, words in CODES + MORE_CODES:
        if isinstance(sqs, Form) and members.get("Entries") == []:
            continue  # a form cannot say that a list is there and empty
        found = refused(sqs, name, **members)
        if found[0] != code or words not in found[1] or not 400 <= found[2] < 500:
            different.append((name, members, found))

    assert different == []


def test_a_message_may_have_a_megabyte_whatever_its_characters_become_on_the_way(sqs, url):
    body = '"\n' * (1_048_576 // 2)
    sqs("SendMessage", QueueUrl=url, MessageBody=body)
    assert sqs("ReceiveMessage", QueueUrl=url)["Messages"][0]["Body"] == body


def test_the_two_protocols_name_a_missing_queue_each_in_its_way(ada_boto):
    json_, form = Json(ada_boto, "sqs"), Form(ada_boto, older_model(), signed_for="sqs")

    assert refused(json_, "PurgeQueue", QueueUrl="none")[1] == "The specified queue does not exist."
    assert (
        refused(form, "PurgeQueue", QueueUrl="none")[1] == "The specified queue does not exist for this wsdl version."
    )


def test_a_form_may_be_posted_to_the_queue_s_own_address(ada_boto):
    form = Form(ada_boto, older_model(), signed_for="sqs")
    url = form("CreateQueue", QueueName="orders")["QueueUrl"]

    form("SendMessage", path=url.removeprefix(ada_boto.endpoint), MessageBody="to the address")

    assert form("ReceiveMessage", QueueUrl=url)["Messages"][0]["Body"] == "to the address"


def test_every_operation_of_the_model_is_built():
    from aws import operation

    operation.discover()
    built = {name for service, name in operation.REGISTRY if service == "sqs"}
    assert built == set(model.service("sqs").operation_names)
