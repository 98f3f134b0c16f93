"""ReceiveMessage, DeleteMessage and ChangeMessageVisibility, in standard queues."""

import pytest

from queues import selectors, services
from queues.contents import AttributeValue, chosen
from queues.errors import InvalidParameter, OverLimit, ReceiptHandleIsInvalid
from queues.services import receiving
from tests.queues.conftest import bodies, receive, send


def test_what_somebody_has_received_nobody_else_gets_before_its_time(queue, frozen_clock):
    send(queue, "once")

    assert bodies(receive(queue)) == ["once"]
    assert receive(queue) == []
    frozen_clock.advance(seconds=30)
    (again,) = receive(queue)
    assert (again.body, again.receive_count) == ("once", 2)
    assert again.first_received_ms == again.sent_ms


def test_a_receive_may_have_a_visibility_timeout_of_its_own(queue, frozen_clock):
    send(queue, "soon")

    receive(queue, visibility_timeout=5)

    frozen_clock.advance(seconds=5)
    assert bodies(receive(queue)) == ["soon"]


def test_no_more_than_the_limit_is_taken_oldest_first(queue, frozen_clock):
    for body in ("a", "b", "c"):
        send(queue, body)
        frozen_clock.advance(milliseconds=1)

    assert bodies(receive(queue, limit=2)) == ["a", "b"]
    assert bodies(receive(queue)) == ["c"]


@pytest.mark.parametrize("limit", [0, 11, -1])
def test_a_receive_is_for_one_to_ten_messages(queue, limit):
    with pytest.raises(InvalidParameter, match="Must be between 1 and 10, if provided"):
        receive(queue, limit=limit)


def test_a_deleted_message_does_not_come_back(queue, frozen_clock):
    send(queue, "done")
    (message,) = receive(queue)

    services.delete_message(queue=queue, handle=message.handle)

    services.delete_message(queue=queue, handle=message.handle)  # a second time it is gone already, and nobody minds
    frozen_clock.advance(hours=13)
    assert receive(queue) == []


def test_a_handle_is_good_after_its_time_while_nobody_else_has_received_the_message(queue, frozen_clock):
    send(queue, "late")
    (message,) = receive(queue)
    frozen_clock.advance(seconds=31)

    services.delete_message(queue=queue, handle=message.handle)

    assert receive(queue) == []


def test_the_handle_of_an_earlier_receive_deletes_nothing(queue, frozen_clock):
    send(queue, "whose")
    (first,) = receive(queue)
    frozen_clock.advance(seconds=30)
    (second,) = receive(queue)

    services.delete_message(queue=queue, handle=first.handle)

    frozen_clock.advance(seconds=30)
    assert bodies(receive(queue)) == ["whose"]
    assert first.handle != second.handle


@pytest.mark.parametrize("handle", ["", "garbage", "A" * 60, "é" * 60, "AQEA" + "A" * 56])
def test_what_is_no_handle_of_this_queue_is_refused(queue, handle):
    with pytest.raises(ReceiptHandleIsInvalid):
        services.delete_message(queue=queue, handle=handle)


def test_the_handle_of_another_queue_is_refused(ada, queue):
    other = services.create_queue(account=ada, name="other")
    send(other, "x")
    (message,) = receive(other)

    with pytest.raises(ReceiptHandleIsInvalid):
        services.delete_message(queue=queue, handle=message.handle)


def test_a_receiver_may_take_longer_or_give_a_message_back(queue, frozen_clock):
    send(queue, "slow")
    (message,) = receive(queue)

    services.change_message_visibility(queue=queue, handle=message.handle, seconds=100)
    frozen_clock.advance(seconds=99)
    assert receive(queue) == []
    services.change_message_visibility(queue=queue, handle=message.handle, seconds=0)

    assert bodies(receive(queue)) == ["slow"]


def test_nothing_is_invisible_for_more_than_twelve_hours(queue, frozen_clock):
    send(queue, "x")
    (message,) = receive(queue)
    frozen_clock.advance(seconds=10)

    with pytest.raises(InvalidParameter, match=r"beyond the limit \[43200 seconds\]"):
        services.change_message_visibility(queue=queue, handle=message.handle, seconds=43_200)
    services.change_message_visibility(queue=queue, handle=message.handle, seconds=43_190)


def test_the_visibility_of_a_deleted_message_cannot_change(queue):
    send(queue, "x")
    (message,) = receive(queue)
    services.delete_message(queue=queue, handle=message.handle)

    with pytest.raises(InvalidParameter, match="Message does not exist or is not available for visibility"):
        services.change_message_visibility(queue=queue, handle=message.handle, seconds=1)


def test_of_a_batch_each_entry_has_an_outcome_of_its_own(queue):
    send(queue, "a", "b")
    first, second = receive(queue)

    changed = services.change_message_visibility_batch(
        queue=queue, changes=[(first.handle, 0), ("no", 0), (second.handle, 50_000)]
    )
    deleted = services.delete_message_batch(queue=queue, handles=[second.handle, "no"])

    assert changed[0] is None
    assert [type(one) for one in changed[1:]] == [ReceiptHandleIsInvalid, InvalidParameter]
    assert [deleted[0], type(deleted[1])] == [None, ReceiptHandleIsInvalid]
    assert bodies(receive(queue)) == ["a"]


def test_messages_go_when_their_retention_is_over(ada, frozen_clock):
    short = services.create_queue(account=ada, name="short", given={"MessageRetentionPeriod": "60"})
    send(short, "old")
    frozen_clock.advance(seconds=60)
    send(short, "new")

    assert selectors.counts(short).visible == 1
    assert bodies(receive(short)) == ["new"]


def test_only_so_many_messages_may_be_in_flight(queue, monkeypatch):
    monkeypatch.setattr("core.limits.MESSAGES_IN_FLIGHT", 2)
    monkeypatch.setattr(receiving, "_room", receiving._Room())
    send(queue, "a", "b", "c")
    receive(queue)

    with pytest.raises(OverLimit):
        receive(queue)


def test_attributes_are_chosen_by_name_or_by_their_beginning():
    many = {name: AttributeValue("String", "x") for name in ("Hello", "Help.Me", "General")}

    assert set(chosen(many, ["All"])) == set(chosen(many, [".*"])) == set(many)
    assert set(chosen(many, ["Hel.*"])) == {"Hello", "Help.Me"}
    assert set(chosen(many, ["General", "None"])) == {"General"}
    assert chosen(many, []) == {}
