"""SNS over the wire, by boto3."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from core import outgoing
from queues import services as queues
from topics.models import Notification, Subscription


@pytest.fixture
def sns(ada_boto):
    return ada_boto.client("sns")


def refused(call, **given):
    with pytest.raises(ClientError) as error:
        call(**given)
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_a_topic_is_made_once_and_described(sns):
    arn = sns.create_topic(Name="orders", Tags=[{"Key": "course", "Value": "cloud"}])["TopicArn"]
    assert sns.create_topic(Name="orders")["TopicArn"] == arn
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["SubscriptionsConfirmed"] == "0" and attributes["DisplayName"] == ""
    assert json.loads(attributes["Policy"])["Statement"][0]["Resource"] == arn
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "course", "Value": "cloud"}]
    assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [arn]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Orders")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "Orders"
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert refused(sns.get_topic_attributes, TopicArn=arn) == ("NotFound", "Topic does not exist")


def test_publish_reaches_a_queue(sns, ada_boto):
    topic = sns.create_topic(Name="orders")["TopicArn"]
    queue = queues.create_queue(account=ada_boto.account, name="inbox")
    queue_arn = queue.arn
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queues.set_queue_attributes(account=ada_boto.account, name="inbox", given={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)["SubscriptionArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)["SubscriptionArn"] == subscription
    sent = sns.publish(
        TopicArn=topic, Message="hello", MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}}
    )
    (message,) = queues.receive_message(queue=queue)
    assert json.loads(message.body)["MessageId"] == sent["MessageId"]
    batch = [{"Id": "a", "Message": "one"}, {"Id": "b", "Message": "x", "Subject": "bad\nsubject"}]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("b", "InvalidParameter", True)
    ]
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(row["Protocol"], row["SubscriptionArn"]) for row in listed] == [("sqs", subscription)]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"n": [{"numeric": [">", 1]}]}'
    )
    shown = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert shown["FilterPolicyScope"] == "MessageAttributes" and shown["RawMessageDelivery"] == "false"
    sns.unsubscribe(SubscriptionArn=subscription)
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_a_subscription_over_http_is_confirmed_by_its_link(sns, server, monkeypatch):
    monkeypatch.setattr(outgoing, "check", lambda url, schemes=(): None)
    topic = sns.create_topic(Name="orders")["TopicArn"]
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://hook.example/")
    assert answer["SubscriptionArn"] == "pending confirmation"
    body = json.loads(Notification.objects.get().body)
    link = f"{server}/_sns/{body['SubscribeURL'].partition('/_sns/')[2]}"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(link[:-1] + ("0" if link[-1] != "0" else "1"))
    with urllib.request.urlopen(link) as opened:
        assert b"<SubscriptionArn>arn:aws:sns:" in opened.read()
    assert Subscription.objects.get().is_confirmed
    with urllib.request.urlopen(f"{server}/_sns/certificate.pem") as opened:
        assert opened.read().startswith(b"-----BEGIN CERTIFICATE")


def test_a_permission_is_added_and_removed(sns):
    arn = sns.create_topic(Name="orders")["TopicArn"]
    sns.add_permission(TopicArn=arn, Label="friends", AWSAccountId=["111122223333"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert policy["Statement"][1]["Action"] == "SNS:Publish"
    sns.remove_permission(TopicArn=arn, Label="friends")
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert len(policy["Statement"]) == 1


@pytest.mark.parametrize(
    ("operation", "given", "code", "said"),
    [
        ("create_topic", {"Name": "a b"}, "InvalidParameter", "Topic Name"),
        ("create_topic", {"Name": "a", "Attributes": {"FifoTopic": "true"}}, "InvalidParameter", "must end with .fifo"),
        ("publish", {"TopicArn": "orders", "Message": "x"}, "InvalidParameter", "TopicArn"),
        (
            "publish",
            {"TopicArn": "arn:aws:sns:us-east-1:111122223333:none", "Message": "x"},
            "NotFound",
            "does not exist",
        ),
        ("publish", {"PhoneNumber": "+46701234567", "Message": "x"}, "InvalidParameter", "PhoneNumber"),
        ("unsubscribe", {"SubscriptionArn": "nothing"}, "InvalidParameter", "SubscriptionArn"),
    ],
)
def test_bad_input_is_answered_in_sns_s_words(sns, operation, given, code, said):
    found, message = refused(getattr(sns, operation), **given)
    assert found == code and said in message
