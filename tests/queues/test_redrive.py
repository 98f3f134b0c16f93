"""Dead-letter queues, and moving messages out of them."""

import json

import pytest

from queues import selectors, services
from queues.errors import InvalidParameter, ResourceNotFound
from queues.models import MoveTask
from tests.queues.conftest import bodies, receive, send


@pytest.fixture
def dead(ada):
    return services.create_queue(account=ada, name="dead")


def failing(account, dead, count=2, name="work", **given):
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": count})
    return services.create_queue(account=account, name=name, given={"RedrivePolicy": policy, **given})


def fail(queue, frozen_clock, times):
    for _ in range(times):
        receive(queue)
        frozen_clock.advance(seconds=30)


def test_what_was_received_too_often_goes_to_the_dead_letters(ada, dead, frozen_clock):
    work = failing(ada, dead)
    (sent,) = send(work, "poison")
    fail(work, frozen_clock, 2)
    assert receive(dead) == []

    assert receive(work) == []

    (letter,) = receive(dead)
    assert (letter.body, letter.message_id, letter.receive_count) == ("poison", sent.message_id, 3)
    assert letter.dead_letter_source == work.arn
    assert letter.sent_ms < letter.first_received_ms + 1


def test_good_messages_come_in_place_of_a_bad_one(ada, dead, frozen_clock):
    work = failing(ada, dead, count=1)
    send(work, "bad")
    fail(work, frozen_clock, 1)
    frozen_clock.advance(milliseconds=1)
    send(work, "good")

    assert bodies(receive(work, limit=1)) == ["good"]
    assert bodies(receive(dead)) == ["bad"]


def test_the_retention_goes_on_counting_in_a_dead_letter_queue(ada, dead, frozen_clock):
    work = failing(ada, dead, count=1, MessageRetentionPeriod="3600")
    services.set_queue_attributes(account=ada, name="dead", given={"MessageRetentionPeriod": "60"})
    send(work, "old")
    fail(work, frozen_clock, 2)

    assert receive(work) == []
    assert receive(selectors.get_queue(account=ada, name="dead")) == []


def test_a_fifo_queue_goes_on_without_its_dead_letter(ada, frozen_clock):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    dead = services.create_queue(account=ada, name="dead.fifo", given=fifo)
    work = failing(ada, dead, count=1, name="work.fifo", **fifo)
    send(work, "poison", "next", group_id="g")
    receive(work, limit=1)
    frozen_clock.advance(seconds=30)

    assert bodies(receive(work, limit=1)) == ["next"]
    (letter,) = receive(dead)
    assert (letter.body, letter.group_id) == ("poison", "g")


def test_without_its_dead_letter_queue_a_message_stays(ada, dead, frozen_clock):
    work = failing(ada, dead, count=1)
    services.delete_queue(account=ada, name="dead")
    send(work, "x")
    fail(work, frozen_clock, 1)

    assert bodies(receive(work)) == ["x"]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("no", "not a valid JSON map"),
        ("[]", "not a valid JSON map"),
        ({"maxReceiveCount": 1}, "mandatory attribute: deadLetterTargetArn"),
        ({"deadLetterTargetArn": "DEAD"}, "mandatory attribute: maxReceiveCount"),
        ({"deadLetterTargetArn": "DEAD", "maxReceiveCount": 0}, "from 1 to 1000 both inclusive"),
        ({"deadLetterTargetArn": "DEAD", "maxReceiveCount": "many"}, "from 1 to 1000 both inclusive"),
        ({"deadLetterTargetArn": "dummy", "maxReceiveCount": 1}, "Invalid value for deadLetterTargetArn"),
        ({"deadLetterTargetArn": "NONE", "maxReceiveCount": 1}, "Dead letter target does not exist"),
        ({"deadLetterTargetArn": "FIFO", "maxReceiveCount": 1}, "must be same type of queue as the source"),
    ],
)
def test_a_redrive_policy_that_cannot_be_is_refused(ada, dead, fifo, policy, reason):
    arns = {"DEAD": dead.arn, "NONE": f"{dead.arn}-none", "FIFO": fifo.arn}
    if isinstance(policy, dict):
        policy = {name: arns.get(value, value) for name, value in policy.items()}
        policy = json.dumps(policy)

    with pytest.raises(InvalidParameter, match=reason):
        services.create_queue(account=ada, name="work", given={"RedrivePolicy": policy})


def test_a_queue_may_refuse_to_be_others_dead_letter_queue(ada, dead):
    services.set_queue_attributes(
        account=ada, name="dead", given={"RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})}
    )

    with pytest.raises(InvalidParameter, match="does not have permission"):
        failing(ada, dead)


def test_an_arn_from_a_slide_means_the_caller_s_own_dead_letter_queue(ada, dead):
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:675696485075:dead", "maxReceiveCount": "3"}

    work = services.create_queue(account=ada, name="work", given={"RedrivePolicy": json.dumps(policy)})

    assert (work.dead_letter_arn, work.max_receive_count) == (dead.arn, 3)
    services.set_queue_attributes(account=ada, name="work", given={"RedrivePolicy": ""})
    assert selectors.get_queue(account=ada, name="work").dead_letter_arn == ""


# -- move tasks ------------------------------------------------------------------------------------


def bury(work, dead, frozen_clock, *letters):
    send(work, *letters)
    fail(work, frozen_clock, work.max_receive_count)
    receive(work)


def run(frozen_clock, steps=1):
    for _ in range(steps):
        services.move_messages()
        frozen_clock.advance(seconds=1)


def test_dead_letters_go_back_to_where_they_came_from_as_new_messages(ada, dead, frozen_clock):
    first, second = failing(ada, dead, count=1, name="one"), failing(ada, dead, count=1, name="two")
    (sent,) = send(first, "of one")
    bury(second, dead, frozen_clock, "of two")
    fail(first, frozen_clock, 1)
    receive(first)

    services.start_message_move_task(account=ada, source_arn=dead.arn)
    run(frozen_clock)

    (moved,) = receive(first)
    assert (moved.body, moved.receive_count) == ("of one", 1)
    assert moved.message_id != sent.message_id
    assert bodies(receive(second)) == ["of two"]
    (task,) = selectors.list_message_move_tasks(account=ada, source_arn=dead.arn)
    assert (task.status, task.moved, task.to_move) == (MoveTask.Status.COMPLETED, 2, 2)


def test_a_task_moves_so_many_a_second_and_can_be_cancelled(ada, dead, frozen_clock):
    work = failing(ada, dead, count=1)
    other = services.create_queue(account=ada, name="other")
    bury(work, dead, frozen_clock, "a", "b", "c")
    task = services.start_message_move_task(account=ada, source_arn=dead.arn, destination_arn=other.arn, per_second=1)
    with pytest.raises(InvalidParameter, match="already a task running"):
        services.start_message_move_task(account=ada, source_arn=dead.arn)
    run(frozen_clock, 2)

    services.cancel_message_move_task(account=ada, handle=services.task_handle(task))
    run(frozen_clock, 2)

    task.refresh_from_db()
    assert (task.status, task.moved) == (MoveTask.Status.CANCELLED, 2)
    assert len(receive(other)) == 2
    assert len(receive(dead)) == 1


def test_a_task_whose_destination_is_gone_fails(ada, dead, frozen_clock):
    work = failing(ada, dead, count=1)
    keep = failing(ada, dead, count=1, name="keep")
    bury(work, dead, frozen_clock, "a")
    services.start_message_move_task(account=ada, source_arn=dead.arn)
    services.delete_queue(account=ada, name="work")

    run(frozen_clock)

    (task,) = selectors.list_message_move_tasks(account=ada, source_arn=dead.arn)
    assert (task.status, task.failure_reason) == (
        MoveTask.Status.FAILED,
        "AWS.SimpleQueueService.NonExistentQueue",
    )
    assert keep.dead_letter_arn == dead.arn


def test_a_task_needs_a_dead_letter_queue_and_a_destination_that_is_there(ada, dead):
    with pytest.raises(InvalidParameter, match="must be configured as a Dead Letter Queue"):
        services.start_message_move_task(account=ada, source_arn=dead.arn)
    failing(ada, dead)
    with pytest.raises(ResourceNotFound, match="DestinationArn"):
        services.start_message_move_task(account=ada, source_arn=dead.arn, destination_arn=f"{dead.arn}-none")
    with pytest.raises(ResourceNotFound, match="SourceArn"):
        services.start_message_move_task(account=ada, source_arn="arn:aws:sqs:us-east-1:1:none")
