"""Queues themselves: created, changed, emptied, deleted, tagged, permitted; and what goes by itself."""

import json
from datetime import timedelta

import pytest

from accounts.models import Account
from core import clock, limits, targets
from core.errors import InvalidParameterValue
from core.trace import carrying
from logs import metrics
from queues import access, attributes, meter, names, selectors, services, sweeping
from queues.errors import (
    InvalidAddress,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameter,
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
)
from queues.models import Message
from tests.queues.conftest import bodies, receive, send

LIMITS = [
    ("DelaySeconds", 0, 900),
    ("MaximumMessageSize", 1024, 1024 * 1024),
    ("MessageRetentionPeriod", 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20),
    ("VisibilityTimeout", 0, 43_200),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
]


def shown(queue):
    return attributes.render(queue, ["All"], selectors.counts(queue))


@pytest.mark.parametrize(("name", "low", "high"), LIMITS)
def test_an_attribute_is_between_its_limits(ada, queue, name, low, high):
    for value in (low, high):
        services.set_queue_attributes(account=ada, name="orders", given={name: str(value)})
    for value in (low - 1, high + 1, "x", "1.5", ""):
        with pytest.raises(InvalidAttributeValue, match=f"Invalid value for the parameter {name}"):
            services.set_queue_attributes(account=ada, name="orders", given={name: str(value)})


def test_creating_a_queue_again_with_the_same_attributes_returns_it(ada):
    given = {"VisibilityTimeout": "60", "DelaySeconds": "0"}
    first = services.create_queue(account=ada, name="orders", given=given)

    assert services.create_queue(account=ada, name="orders", given=given) == first
    assert services.create_queue(account=ada, name="orders") == first
    with pytest.raises(QueueNameExists, match="different value for attribute DelaySeconds"):
        services.create_queue(account=ada, name="orders", given={"DelaySeconds": "5"})


def test_attributes_that_only_fifo_queues_have_are_refused_elsewhere(ada, queue, fifo):
    for given, words in (
        ({"FifoQueue": "false"}, "Unknown Attribute FifoQueue"),
        ({"ContentBasedDeduplication": "true"}, "Unknown Attribute ContentBasedDeduplication"),
        ({"DeduplicationScope": "queue"}, "You can specify the DeduplicationScope only when FifoQueue"),
    ):
        with pytest.raises(InvalidAttributeName, match=words):
            services.create_queue(account=ada, name="plain", given=given)
    with pytest.raises(InvalidAttributeName, match="Unknown Attribute FifoQueue"):
        services.set_queue_attributes(account=ada, name="orders", given={"FifoQueue": "true"})
    services.set_queue_attributes(account=ada, name="orders.fifo", given={"FifoQueue": "true"})
    with pytest.raises(InvalidAttributeValue, match="Modifying queue type is not supported"):
        services.set_queue_attributes(account=ada, name="orders.fifo", given={"FifoQueue": "false"})


def test_one_kind_of_encryption_replaces_the_other(ada, queue):
    keyed = services.set_queue_attributes(account=ada, name="orders", given={"KmsMasterKeyId": "key"})
    assert (shown(keyed)["KmsMasterKeyId"], shown(keyed)["SqsManagedSseEnabled"]) == ("key", "false")
    with pytest.raises(InvalidAttributeName, match="one type of server-side encryption"):
        services.set_queue_attributes(
            account=ada, name="orders", given={"KmsMasterKeyId": "key", "SqsManagedSseEnabled": "true"}
        )
    managed = services.set_queue_attributes(account=ada, name="orders", given={"SqsManagedSseEnabled": "true"})
    assert "KmsMasterKeyId" not in shown(managed)


def test_the_attributes_of_a_new_queue_are_aws_s(ada, queue):
    assert (
        shown(queue).items()
        >= {
            "ApproximateNumberOfMessages": "0",
            "DelaySeconds": "0",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "345600",
            "QueueArn": f"arn:aws:sqs:us-east-1:{ada.pk}:orders",
            "ReceiveMessageWaitTimeSeconds": "0",
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "30",
        }.items()
    )
    assert not {"Policy", "RedrivePolicy", "FifoQueue", "KmsMasterKeyId"} & set(shown(queue))


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 81, "a.fifo", "a\x00"])
def test_a_name_that_no_standard_queue_can_have_is_refused(ada, name):
    with pytest.raises(InvalidParameter):
        services.create_queue(account=ada, name=name)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://127.0.0.1:4566/123456789012/orders", "orders"),
        ("https://sqs.eu-west-1.amazonaws.com/675696485075/orders.fifo", "orders.fifo"),
        ("/123456789012/orders", "orders"),
        ("orders", "orders"),
    ],
)
def test_a_queue_is_found_by_any_form_of_its_address(address, name):
    assert names.of_url(address) == name


@pytest.mark.parametrize("address", ["", "http://host/", "http://host/orders", "http://[/a/b", "x" * 3000])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidAddress):
        names.of_url(address)


def test_a_deleted_queue_is_gone_with_its_messages_and_its_name_for_a_minute(ada, queue, frozen_clock):
    send(queue, "x")
    services.delete_queue(account=ada, name="orders")

    assert not Message.objects.exists()
    with pytest.raises(QueueDoesNotExist):
        selectors.get_queue(account=ada, name="orders")
    with pytest.raises(QueueDeletedRecently):
        services.create_queue(account=ada, name="orders")
    frozen_clock.advance(seconds=60)
    services.create_queue(account=ada, name="orders")


def test_purging_removes_everything_and_is_allowed_once_a_minute(ada, queue, frozen_clock):
    send(queue, "a", "b")
    receive(queue, limit=1)

    services.purge_queue(account=ada, name="orders")

    assert selectors.counts(queue) == attributes.Counts(0, 0, 0)
    with pytest.raises(PurgeQueueInProgress, match="on orders is allowed every 60 seconds"):
        services.purge_queue(account=ada, name="orders")
    frozen_clock.advance(seconds=60)
    services.purge_queue(account=ada, name="orders")


def test_nobody_sees_the_queues_of_another_account(queue, mallory):
    with pytest.raises(QueueDoesNotExist):
        selectors.get_queue(account=mallory, name="orders")
    with pytest.raises(QueueDoesNotExist):
        selectors.queue_of_arn(account=mallory, arn=queue.arn)
    assert selectors.list_queues(account=mallory)[0] == []
    for change in (services.delete_queue, services.purge_queue):
        with pytest.raises(QueueDoesNotExist):
            change(account=mallory, name="orders")


def test_tags_are_added_changed_and_removed(ada, queue):
    services.tag_queue(account=ada, name="orders", tags={"a": "1", "b": ""})
    services.tag_queue(account=ada, name="orders", tags={"a": "2"})
    services.untag_queue(account=ada, name="orders", keys=["b", "none"])

    assert selectors.get_queue(account=ada, name="orders").tags == {"a": "2"}
    for bad in ({"": "x"}, {"aws:x": "y"}, {"k" * 129: "x"}, {"k": "v" * 257}, {f"{n}": "" for n in range(51)}):
        with pytest.raises(InvalidParameter):
            services.tag_queue(account=ada, name="orders", tags=bad)


def test_permissions_become_statements_of_the_policy_and_go_again(ada, queue):
    permit = {"account": ada, "name": "orders", "principals": ["668614515564"]}
    services.add_permission(**permit, label="friend", actions=["SendMessage", "ReceiveMessage"])

    policy = json.loads(selectors.get_queue(account=ada, name="orders").policy)
    assert policy["Statement"] == [
        {
            "Sid": "friend",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::668614515564:root"},
            "Action": ["SQS:SendMessage", "SQS:ReceiveMessage"],
            "Resource": queue.arn,
        }
    ]
    with pytest.raises(InvalidParameter, match="Already exists"):
        services.add_permission(**permit, label="friend", actions=["*"])
    with pytest.raises(InvalidParameter, match="Only the queue owner is allowed"):
        services.add_permission(**permit, label="other", actions=["DeleteQueue"])
    with pytest.raises(OverLimit, match="8 Actions were found"):
        services.add_permission(**permit, label="other", actions=["SendMessage"] * 8)
    services.remove_permission(account=ada, name="orders", label="friend")
    assert selectors.get_queue(account=ada, name="orders").policy == ""
    with pytest.raises(InvalidParameter, match="can't find label"):
        services.remove_permission(account=ada, name="orders", label="friend")


def test_a_service_may_send_where_the_policy_says_so(ada, queue):
    topic = f"arn:aws:sns:us-east-1:{ada.pk}:news"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    open_ = services.set_queue_attributes(
        account=ada, name="orders", given={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    )

    assert not access.may_send(queue=queue, service="sns.amazonaws.com", source_arn=topic).allowed
    assert access.may_send(queue=open_, service="sns.amazonaws.com", source_arn=topic).allowed
    assert not access.may_send(queue=open_, service="sns.amazonaws.com", source_arn=f"{topic}2").allowed
    assert not access.may_send(queue=open_, service="events.amazonaws.com", source_arn=topic).allowed


@pytest.mark.parametrize(
    "policy", ["no", "[]", "{}", '{"Statement": 1}', '{"Statement": {"Effect": "Maybe"}}', '{"Statement": ' + "[" * 300]
)
def test_what_is_no_policy_is_refused(ada, queue, policy):
    with pytest.raises(InvalidAttributeValue, match="Policy"):
        services.set_queue_attributes(account=ada, name="orders", given={"Policy": policy})


# -- as a target of events -------------------------------------------------------------------------


def test_an_event_that_is_delivered_to_a_queue_is_a_message_in_it(ada, queue):
    with carrying("Root=1-a;Parent=b"):
        targets.deliver(
            account_id=ada.pk, arn=queue.arn, event={"a": "é\u0000"}, attributes={"ErrorCode": "200", "RequestID": ""}
        )

    (message,) = receive(queue)
    assert json.loads(message.body) == {"a": "é\u0000"}
    assert message.trace == "Root=1-a;Parent=b"
    assert {name: one.value for name, one in message.attributes.items()} == {"ErrorCode": "200"}


def test_an_event_for_somebody_else_s_queue_is_refused(queue, mallory: Account):
    with pytest.raises(InvalidParameterValue):
        targets.deliver(account_id=mallory.pk, arn=queue.arn, event={})


# -- what goes by itself ---------------------------------------------------------------------------


def test_what_outlived_its_retention_is_removed(ada, queue, frozen_clock):
    send(queue, "old")
    frozen_clock.advance(days=4)
    send(queue, "new")

    sweeping.sweep()

    assert list(Message.objects.values_list("body", flat=True)) == ["new"]


def read(account, metric, statistic, queue="orders"):
    now = clock.now()
    points = metrics.get_metric_statistics(
        account=account,
        metric=metrics.MetricId.of(meter.NAMESPACE, metric, [("QueueName", queue)]),
        start=now - timedelta(minutes=5),
        end=now + timedelta(minutes=1),
        period=60,
        statistics=[statistic],
    )
    return [point.statistics[statistic] for point in points]


def test_what_happens_in_a_queue_is_in_its_metrics(ada, queue, frozen_clock, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send(queue, "four", "seventeen letters")
        first, _ = receive(queue)
        services.delete_message(queue=queue, handle=first.handle)
        receive(queue)
        send(queue, "later", delay_s=60)
    frozen_clock.advance(seconds=20)
    meter.flush()
    sweeping.measure()

    assert read(ada, meter.SENT, "Sum") == [3.0]
    assert read(ada, meter.RECEIVED, "Sum") == [2.0]
    assert read(ada, meter.DELETED, "Sum") == [1.0]
    assert read(ada, meter.EMPTY, "Sum") == [1.0]
    assert read(ada, meter.SIZE, "Maximum") == [17.0]
    assert read(ada, "ApproximateNumberOfMessagesNotVisible", "Maximum") == [1.0]
    assert read(ada, "ApproximateNumberOfMessagesDelayed", "Maximum") == [1.0]
    assert read(ada, "ApproximateAgeOfOldestMessage", "Maximum") == [20.0]
    services.purge_queue(account=ada, name="orders")
    frozen_clock.advance(seconds=60)
    sweeping.measure()
    assert read(ada, "ApproximateNumberOfMessagesNotVisible", "Maximum") == [1.0, 0.0]


def test_the_largest_event_of_lambda_fits_into_a_queue():
    assert limits.MESSAGE_SIZE >= limits.INVOKE_ASYNC_PAYLOAD


def test_attributes_of_several_queues_are_counted_with_one_query(ada, queue, django_assert_num_queries):
    others = [services.create_queue(account=ada, name=f"q{number}") for number in range(5)]
    send(others[0], "x")

    with django_assert_num_queries(1):
        counts = selectors.count_many([queue, *others])

    assert [counts[one.pk].visible for one in (queue, others[0])] == [0, 1]
    assert bodies(receive(others[0])) == ["x"]
