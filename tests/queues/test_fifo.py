"""FIFO queues: order within a group, and nothing twice."""

import pytest

from core import limits
from queues import services
from queues.errors import InvalidParameter, MissingParameter
from tests.queues.conftest import bodies, receive, send


def test_messages_of_a_group_come_in_the_order_they_were_sent(fifo):
    send(fifo, "a1", "a2", "a3", group_id="a")

    assert bodies(receive(fifo)) == ["a1", "a2", "a3"]


def test_while_a_message_is_in_flight_those_after_it_wait_and_other_groups_do_not(fifo, frozen_clock):
    send(fifo, "a1", "a2", group_id="a")
    send(fifo, "b1", group_id="b")
    (first,) = receive(fifo, limit=1)

    assert bodies(receive(fifo)) == ["b1"]
    services.delete_message(queue=fifo, handle=first.handle)
    assert bodies(receive(fifo)) == ["a2"]


def test_as_many_as_possible_come_from_the_group_whose_turn_it_is(fifo):
    send(fifo, "a1", group_id="a")
    send(fifo, "b1", group_id="b")
    send(fifo, "a2", "a3", group_id="a")
    send(fifo, "b2", group_id="b")

    assert bodies(receive(fifo, limit=4)) == ["a1", "a2", "a3", "b1"]


def test_a_message_that_is_held_longer_holds_back_those_after_it_only(fifo, frozen_clock):
    send(fifo, "foo", "bar", "baz", group_id="g")
    received = receive(fifo)
    services.change_message_visibility(queue=fifo, handle=received[1].handle, seconds=300)
    frozen_clock.advance(seconds=31)

    assert bodies(receive(fifo)) == ["foo"]


def test_a_group_comes_again_in_order_when_its_time_is_over(fifo, frozen_clock):
    send(fifo, "a1", "a2", group_id="a")
    receive(fifo)
    frozen_clock.advance(seconds=31)

    assert bodies(receive(fifo)) == ["a1", "a2"]


def test_the_same_content_is_accepted_once_in_five_minutes_even_after_it_was_deleted(fifo, frozen_clock):
    (first,) = send(fifo, "x", group_id="g")
    services.delete_message(queue=fifo, handle=receive(fifo)[0].handle)

    (second,) = send(fifo, "x", group_id="other")

    assert (second.message_id, second.sequence_number) == (first.message_id, first.sequence_number)
    assert receive(fifo) == []
    frozen_clock.advance(seconds=limits.DEDUPLICATION_S)
    send(fifo, "x", group_id="g")
    assert bodies(receive(fifo)) == ["x"]


def test_an_id_of_the_sender_decides_before_the_content(fifo):
    send(fifo, "x", group_id="g", deduplication_id="1")
    send(fifo, "x", group_id="g", deduplication_id="2")
    send(fifo, "y", group_id="g", deduplication_id="2")

    assert bodies(receive(fifo)) == ["x", "x"]


def test_duplicates_may_be_looked_for_within_each_group(ada):
    given = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    by_group = services.create_queue(account=ada, name="groups.fifo", given=given)
    for group in "aba":
        send(by_group, f"for {group}", group_id=group, deduplication_id="same")

    assert bodies(receive(by_group)) == ["for a", "for b"]


def test_what_a_fifo_queue_needs_is_asked_for(ada, fifo):
    plain = services.create_queue(account=ada, name="plain.fifo", given={"FifoQueue": "true"})

    with pytest.raises(MissingParameter, match="must contain the parameter MessageGroupId"):
        send(fifo, "x")
    with pytest.raises(InvalidParameter, match="ContentBasedDeduplication enabled or MessageDeduplicationId provided"):
        send(plain, "x", group_id="g")
    with pytest.raises(InvalidParameter, match="not valid for this queue type"):
        send(fifo, "x", group_id="g", delay_s=2)


def test_a_handle_whose_time_is_over_is_refused(fifo, frozen_clock):
    send(fifo, "x", group_id="g")
    (message,) = receive(fifo)
    frozen_clock.advance(seconds=30)

    with pytest.raises(InvalidParameter, match=r"The receipt handle has expired\."):
        services.delete_message(queue=fifo, handle=message.handle)


def test_a_receive_whose_answer_was_lost_can_be_repeated(fifo, frozen_clock):
    send(fifo, "a", "b", group_id="g")
    first = receive(fifo, attempt_id="try-1")
    frozen_clock.advance(seconds=20)

    again = receive(fifo, attempt_id="try-1")

    assert bodies(again) == ["a", "b"]
    assert receive(fifo, attempt_id="try-2") == []
    frozen_clock.advance(seconds=20)  # the repeated receive holds them anew
    assert receive(fifo) == []
    services.delete_message(queue=fifo, handle=first[0].handle)


def test_a_receive_cannot_be_repeated_when_its_messages_were_worked_on(fifo):
    send(fifo, "a", "b", group_id="g")
    first, _ = receive(fifo, attempt_id="try-1")
    services.delete_message(queue=fifo, handle=first.handle)

    assert receive(fifo, attempt_id="try-1") == []
