import base64
import json
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from django.db import transaction

from core import targets
from core.trace import carrying
from functions.policies import Permission
from functions.services.permissions import add_permission
from queues import services as queue_services
from queues.contents import AttributeValue
from runner.models import Invocation
from tests.queues.conftest import receive
from tests.topics.conftest import publish, received
from topics import messages, services, signing
from topics.errors import BatchEntryIdsNotDistinct, InvalidParameter
from topics.messages import Message
from topics.models import SigningKey

RED = {"colour": AttributeValue("String", "red"), "weight": AttributeValue("Number", "12")}


def test_a_queue_gets_the_notification(topic, open_queue, subscribe):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn)
    sent = publish(topic, "hello", subject="Greeting", attributes=RED)
    (found,) = received(queue)
    assert found["Type"] == "Notification"
    assert (found["MessageId"], found["Message"], found["Subject"]) == (sent.message_id, "hello", "Greeting")
    assert found["TopicArn"] == topic.arn
    assert found["MessageAttributes"]["weight"] == {"Type": "Number", "Value": "12"}


def test_a_signature_can_be_verified_with_the_certificate(topic, open_queue, subscribe):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn)
    publish(topic, "signed", subject="S")
    (found,) = received(queue)
    key = x509.load_pem_x509_certificate(signing.certificate().encode()).public_key()
    text = messages.signed_text(found)
    key.verify(base64.b64decode(found["Signature"]), text, padding.PKCS1v15(), hashes.SHA1())  # type: ignore[union-attr, call-arg]


def test_raw_delivery_sends_the_message_itself_with_its_attributes(topic, open_queue, subscribe):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn, RawMessageDelivery="true")
    publish(topic, "as it is", attributes=RED)
    (found,) = receive(queue)
    assert found.body == "as it is"
    assert found.attributes["colour"].value == "red"


def test_a_queue_whose_policy_says_nothing_of_the_topic_gets_nothing(ada, topic, subscribe):
    queue = queue_services.create_queue(account=ada, name="closed")
    subscribe(topic, "sqs", queue.arn)
    publish(topic)
    assert received(queue) == []


def test_what_cannot_be_delivered_is_a_dead_letter(ada, topic, open_queue, subscribe):
    dead = open_queue(topic, "dead")
    closed = queue_services.create_queue(account=ada, name="closed")
    subscribe(topic, "sqs", closed.arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    publish(topic, "lost?")
    assert [found["Message"] for found in received(dead)] == ["lost?"]


def test_a_function_gets_aws_s_event(ada, topic, make_function, subscribe):
    function = make_function(ada)
    permission = Permission(
        sid="sns", action="lambda:InvokeFunction", principal="sns.amazonaws.com", source_arn=topic.arn
    )
    arn = f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"
    subscription = subscribe(topic, "lambda", arn)
    publish(topic, "not allowed yet")
    add_permission(account=ada, name="hello", permission=permission)
    with carrying("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1"):
        publish(topic, "to code", attributes=RED)
    (row,) = Invocation.objects.filter(function_name="hello")
    (record,) = json.loads(bytes(row.payload))["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription.arn
    assert record["Sns"]["Message"] == "to code" and record["Sns"]["Subject"] is None
    assert record["Sns"]["MessageAttributes"]["colour"] == {"Type": "String", "Value": "red"}
    assert row.source == "sns" and row.trace.startswith("Root=1-5759e988")
    assert function is not None


@pytest.mark.parametrize(
    ("policy", "scope", "wanted"),
    [
        ({"colour": ["red"]}, "MessageAttributes", True),
        ({"colour": ["blue"]}, "MessageAttributes", False),
        ({"colour": [{"prefix": "r"}], "weight": [{"numeric": [">", 10]}]}, "MessageAttributes", True),
        ({"weight": [{"numeric": ["<", 10]}]}, "MessageAttributes", False),
        ({"size": [{"exists": False}]}, "MessageAttributes", True),
        ({"order": {"state": ["new"]}}, "MessageBody", True),
        ({"order": {"state": ["old"]}}, "MessageBody", False),
        ({}, "MessageAttributes", True),
    ],
)
def test_a_filter_policy_lets_through_what_is_wanted(topic, open_queue, subscribe, policy, scope, wanted):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
    publish(topic, '{"order": {"state": "new"}}', attributes=RED)
    assert bool(received(queue)) is wanted


def test_a_message_may_say_something_else_to_each_protocol(topic, open_queue, subscribe):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn)
    bodies = messages.read_bodies('{"default": "all", "sqs": "queues"}', structure="json")
    services.publish(topic=topic, message=Message(bodies=bodies))
    assert received(queue)[0]["Message"] == "queues"
    with pytest.raises(InvalidParameter, match="No default entry"):
        messages.read_bodies('{"sqs": "queues"}', structure="json")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message({"default": ""}), "Empty message"),
        (Message({"default": "x" * (256 * 1024 + 1)}), "Message too long"),
        (Message({"default": "x"}, subject="two\nlines"), "Subject"),
        (Message({"default": "x"}, attributes={"n": AttributeValue("Number", "ten")}), "Could not cast"),
        (Message({"default": "x"}, attributes={"n": AttributeValue("Text", "t")}), "invalid message attribute type"),
        (Message({"default": "x"}, deduplication_id="1"), "not valid for this topic type"),
    ],
)
def test_a_message_that_no_topic_takes_is_refused(topic, message, said):
    with pytest.raises(InvalidParameter, match=said):
        services.publish(topic=topic, message=message)


def test_a_fifo_topic_keeps_order_and_takes_a_message_once(ada, subscribe, open_queue):
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = services.create_topic(account=ada, name="orders.fifo", given=fifo)
    queue = open_queue(topic, "orders.fifo", FifoQueue="true")
    subscribe(topic, "sqs", queue.arn)
    first = publish(topic, "one", group_id="g")
    again = publish(topic, "one", group_id="g")
    publish(topic, "two", group_id="g")
    assert first == again
    assert [found["Message"] for found in received(queue)] == ["one", "two"]
    with pytest.raises(InvalidParameter, match="MessageGroupId parameter is required"):
        publish(topic, "three")


def test_a_batch_publishes_what_it_can(topic, open_queue, subscribe):
    queue = open_queue(topic)
    subscribe(topic, "sqs", queue.arn)
    entries = [services.Entry("a", Message({"default": "good"})), services.Entry("b", Message({"default": ""}))]
    outcomes = services.publish_batch(topic=topic, entries=entries)
    assert [entry.id for entry, found in outcomes if isinstance(found, InvalidParameter)] == ["b"]
    assert [found["Message"] for found in received(queue)] == ["good"]
    with pytest.raises(BatchEntryIdsNotDistinct):
        services.publish_batch(topic=topic, entries=[entries[0], entries[0]])


def test_a_dead_letter_queue_that_is_closed_to_the_topic_gets_nothing(ada, topic, subscribe):
    closed, dead = (queue_services.create_queue(account=ada, name=name) for name in ("closed", "dead"))
    subscribe(topic, "sqs", closed.arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    publish(topic)
    assert receive(dead) == []


class TestTheKeyThatSigns:
    @pytest.mark.django_db(transaction=True)
    def test_it_is_read_once_in_a_process(self, django_assert_num_queries):
        document = {"Message": "hello", "SignatureVersion": "1"}
        first = signing.sign(document)
        with django_assert_num_queries(0):
            assert signing.sign(document) == first
            signing.certificate()

    @pytest.mark.django_db(transaction=True)
    def test_a_key_whose_making_was_taken_back_is_not_used_again(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            signing.sign({"Message": "hello"})
            _ = 1 / 0
        signing.sign({"Message": "hello"})
        assert SigningKey.objects.get().certificate_pem == signing.certificate()


class TestWhatIsDeliveredToTheLetter:
    """Sources: SNS developer guide, "Amazon SNS message formats"; Lambda developer guide, "Using Lambda with SNS"."""

    def test_a_queues_notification_has_aws_s_members_in_aws_s_order(self, topic, open_queue, subscribe):
        queue = open_queue(topic)
        subscribe(topic, "sqs", queue.arn)
        publish(topic, "hello", subject="Greeting", attributes=RED)
        (found,) = received(queue)
        assert list(found) == [
            *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion"),
            *("Signature", "SigningCertURL", "UnsubscribeURL", "MessageAttributes"),
        ]
        assert found["MessageAttributes"]["weight"] == {"Type": "Number", "Value": "12"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["Timestamp"])

    def test_without_a_subject_and_attributes_a_queue_sees_neither(self, topic, open_queue, subscribe):
        queue = open_queue(topic)
        subscribe(topic, "sqs", queue.arn)
        publish(topic, "hello")
        (found,) = received(queue)
        assert {"Subject", "MessageAttributes"} & set(found) == set()

    def test_a_functions_record_has_all_members_also_the_empty_ones(self, ada, topic, make_function, subscribe):
        make_function(ada)
        permission = Permission(sid="sns", action="lambda:InvokeFunction", principal="sns.amazonaws.com")
        add_permission(account=ada, name="hello", permission=permission)
        subscription = subscribe(topic, "lambda", f"arn:aws:lambda:us-east-1:{ada.pk}:function:hello")
        publish(topic, "hello")
        [record] = json.loads(bytes(Invocation.objects.get().payload))["Records"]
        assert list(record) == ["EventSource", "EventVersion", "EventSubscriptionArn", "Sns"]
        assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
        assert record["EventSubscriptionArn"] == subscription.arn
        assert list(record["Sns"]) == [
            *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion"),
            *("Signature", "SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"),
        ]
        assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == (None, {})

    def test_a_dead_letter_of_a_function_has_its_error_code_as_a_number(self, ada, topic, open_queue, subscribe):
        queue = open_queue(topic)
        subscribe(topic, "sqs", queue.arn)
        letter = {"RequestID": "r", "ErrorCode": 200, "ErrorMessage": "always"}
        targets.deliver(account_id=ada.pk, arn=topic.arn, event={"the": "event"}, attributes=letter)
        (found,) = received(queue)
        assert json.loads(found["Message"]) == {"the": "event"}
        assert found["MessageAttributes"] == {
            "RequestID": {"Type": "String", "Value": "r"},
            "ErrorCode": {"Type": "Number", "Value": "200"},
            "ErrorMessage": {"Type": "String", "Value": "always"},
        }
