"""SendMessage and SendMessageBatch."""

import hashlib

import pytest

from core import limits
from queues import selectors, services
from queues.contents import AttributeValue, Draft
from queues.errors import (
    BatchRequestTooLong,
    InvalidMessageContents,
    InvalidParameter,
    MissingParameter,
    QueueDoesNotExist,
)
from tests.queues.conftest import bodies, receive, send


def test_a_message_that_was_sent_is_received_with_what_is_known_of_it(queue, frozen_clock):
    draft = Draft("hello", attributes={"Colour": AttributeValue("String", "red")}, trace="Root=1-a")

    sent = services.send_message(queue=queue, draft=draft, sender_id="AIDAADA")

    (message,) = receive(queue)
    assert (message.message_id, message.body) == (sent.message_id, "hello")
    assert message.md5_of_body == sent.md5_of_body == hashlib.md5(b"hello").hexdigest()
    assert (message.sender_id, message.trace, message.receive_count) == ("AIDAADA", "Root=1-a", 1)
    assert message.attributes == draft.attributes
    assert message.sent_ms == message.first_received_ms


def test_a_delayed_message_is_not_there_before_its_time(queue, frozen_clock):
    send(queue, "later", delay_s=10)

    assert receive(queue) == []
    frozen_clock.advance(seconds=10)
    assert bodies(receive(queue)) == ["later"]


def test_a_queue_delays_what_has_no_delay_of_its_own(ada, frozen_clock):
    slow = services.create_queue(account=ada, name="slow", given={"DelaySeconds": "5"})
    send(slow, "as the queue")
    send(slow, "at once", delay_s=0)

    assert bodies(receive(slow)) == ["at once"]
    assert selectors.counts(slow).delayed == 1


@pytest.mark.parametrize("body", ["a\x00", "a\x08", "\ud800", "\ufffe"])
def test_characters_that_no_message_can_hold_are_refused(queue, body):
    with pytest.raises(InvalidMessageContents):
        send(queue, body)


def test_tabs_lines_and_every_script_arrive_as_they_were_sent(queue):
    send(queue, "\t\r\n<b>é</b> 日本 😀 \u2028")

    assert bodies(receive(queue)) == ["\t\r\n<b>é</b> 日本 😀 \u2028"]


def test_an_empty_message_is_refused(queue):
    with pytest.raises(MissingParameter, match="must contain the parameter MessageBody"):
        send(queue, "")


def test_a_message_of_a_mebibyte_is_the_largest(queue):
    send(queue, "a" * limits.MESSAGE_SIZE)

    with pytest.raises(InvalidParameter, match="Message must be shorter than 1048576 bytes"):
        send(queue, "a" * limits.MESSAGE_SIZE, attributes={"a": AttributeValue("String", "b")})


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("", AttributeValue("String", "x"), "name '' is invalid"),
        (".a", AttributeValue("String", "x"), "must not start or end with a period"),
        ("a..b", AttributeValue("String", "x"), "must not have successive periods"),
        ("AWS.a", AttributeValue("String", "x"), "can not start with 'AWS.'"),
        ("a", AttributeValue("", "x"), "non-empty message attribute type"),
        ("a", AttributeValue("Text", "x"), "supported type prefixes: Binary, Number, String"),
        ("a", AttributeValue("String", ""), "must contain a non-empty value of type 'String'"),
        ("a", AttributeValue("Binary", "x"), "must use field 'BinaryValue'"),
        ("a", AttributeValue("Number", "one"), "Can't cast the value"),
        ("a", AttributeValue("String", "\x08"), "not valid"),
    ],
)
def test_an_attribute_that_no_message_can_have_is_refused(queue, name, value, reason):
    with pytest.raises(InvalidParameter, match=reason):
        send(queue, "x", attributes={name: value})


def test_more_than_ten_attributes_are_refused(queue):
    many = {f"a{n}": AttributeValue("Number.int", "1") for n in range(11)}

    with pytest.raises(InvalidParameter, match=r"Number of message attributes \[11\] exceeds"):
        send(queue, "x", attributes=many)


def test_of_a_batch_the_good_messages_are_sent_and_the_others_named(queue):
    small = services.set_queue_attributes(account=queue.account, name="orders", given={"MaximumMessageSize": "1024"})

    outcomes = services.send_message_batch(queue=small, drafts=[Draft("a" * 1024), Draft("a" * 1025), Draft("\x08")])

    assert outcomes[0].message_id
    assert "Message must be shorter than 1024 bytes" in outcomes[1].text
    assert isinstance(outcomes[2], InvalidMessageContents)
    assert len(receive(queue)) == 1


def test_a_batch_over_a_mebibyte_is_refused_whole(queue):
    half = "a" * (limits.MESSAGE_SIZE // 2)

    with pytest.raises(BatchRequestTooLong, match="You have sent 1048577 bytes"):
        services.send_message_batch(queue=queue, drafts=[Draft(half), Draft(half + "a")])


@pytest.mark.django_db(transaction=True)
def test_a_message_to_a_queue_that_was_deleted_meanwhile_is_refused(ada):
    queue = services.create_queue(account=ada, name="gone")
    services.delete_queue(account=ada, name="gone")

    with pytest.raises(QueueDoesNotExist):
        send(queue, "too late")
