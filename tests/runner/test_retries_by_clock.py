"""Retries and ages of events on an account's clock: faster, held, moved on."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts import clocks
from functions.services.event_invoke import put_function_event_invoke_config
from runner import claims, clockwork, services
from runner.models import Invocation, State
from tests.conftest import NOON
from tests.runner.fakes import Raises

pytestmark = pytest.mark.django_db


def send(account):
    return services.invoke_async(account=account, reference="hello", payload=b"{}")


def row(invocation):
    return Invocation.objects.get(pk=invocation.pk)


def fails(event, request):
    raise Raises("always")


def waits(account, *, minutes):
    """An event that was executed once and waits for another attempt by the account's clock."""
    event = send(account)
    aged = clocks.read(account.pk).aged(NOON) + timedelta(minutes=minutes)
    due = clocks.read(account.pk).real_of_aged(aged)
    Invocation.objects.filter(pk=event.pk).update(attempt=1, due_aged=aged, due_at=due)
    return event


def claimed(*events):
    return [event.pk for event in events if claims.claim_one(str(event.pk)) is not None]


# -- the whole of it -------------------------------------------------------------------------------


def test_at_sixty_times_the_speed_retries_come_after_one_and_then_two_seconds(
    frozen_clock, engine, ada, make_function, world, until
):
    make_function(ada)
    clocks.set_rate(account=ada, rate=60)
    world.handler = fails
    event = send(ada)
    for tries, pause in ((1, 1), (2, 2)):
        until(lambda tries=tries: row(event).attempt == tries)
        assert row(event).due_at == row(event).started_at + timedelta(seconds=pause)
        frozen_clock.advance(seconds=pause)
        engine.wake()
    until(lambda: row(event).state == State.DISCARDED)
    assert (row(event).attempt, row(event).reason) == (3, "RetriesExhausted")


def test_a_retry_waits_while_the_clock_stands_and_comes_when_it_goes_on(
    frozen_clock, engine, ada, make_function, world, until
):
    make_function(ada)
    world.handler = fails
    event = send(ada)
    until(lambda: row(event).attempt == 1)
    frozen_clock.advance(seconds=20)
    clocks.pause(account=ada)
    clocks.settle()
    assert row(event).due_at is None
    frozen_clock.advance(hours=7)
    clocks.resume(account=ada)
    clocks.settle()
    assert row(event).due_at == NOON + timedelta(hours=7, seconds=60)
    frozen_clock.advance(seconds=40)
    engine.wake()
    until(lambda: row(event).attempt == 2)


def test_a_first_attempt_does_not_wait_for_a_clock_that_stands(frozen_clock, engine, ada, make_function, until):
    make_function(ada)
    clocks.pause(account=ada)
    event = send(ada)
    until(lambda: row(event).state == State.SUCCEEDED)


# -- claiming --------------------------------------------------------------------------------------


def test_after_a_jump_of_two_minutes_a_retry_is_due(frozen_clock, messenger, ada, make_function):
    make_function(ada)
    event = waits(ada, minutes=2)
    assert claimed(event) == []
    clocks.jump(account=ada, forward=timedelta(minutes=2))
    clocks.settle()
    assert claimed(event) == [event.pk]


def test_a_retry_is_not_taken_by_a_time_that_was_changed_meanwhile(frozen_clock, messenger, ada, make_function):
    make_function(ada)
    event = waits(ada, minutes=2)
    clocks.pause(account=ada)
    frozen_clock.advance(minutes=2)  # its row does not know of the pause yet
    assert claimed(event) == []
    assert row(event).due_at is None
    assert claims.heads() == []


def test_an_event_of_six_hours_is_given_up_after_six_minutes_at_sixty_times_the_speed(
    frozen_clock, messenger, ada, make_function
):
    make_function(ada)
    clocks.set_rate(account=ada, rate=60)
    event = send(ada)
    frozen_clock.advance(minutes=6)
    assert claims.claim_one(str(event.pk)).give_up is None
    Invocation.objects.update(state=State.QUEUED)
    frozen_clock.advance(seconds=1)
    assert claims.claim_one(str(event.pk)).give_up == "EventAgeExceeded"


def test_an_event_grows_no_older_while_the_clock_stands(frozen_clock, messenger, ada, make_function):
    make_function(ada)
    put_function_event_invoke_config(account=ada, name="hello", maximum_event_age=60)
    event = send(ada)
    clocks.pause(account=ada)
    frozen_clock.advance(days=1)
    assert claims.claim_one(str(event.pk)).give_up is None


def test_an_event_is_no_younger_after_the_lesson(frozen_clock, messenger, ada, make_function):
    make_function(ada)
    event = send(ada)
    frozen_clock.advance(seconds=1)
    clocks.jump(account=ada, forward=timedelta(hours=6))
    frozen_clock.advance(seconds=1)
    clocks.follow_real_time(account=ada)
    assert claims.claim_one(str(event.pk)).give_up == "EventAgeExceeded"


def test_a_retry_that_waited_through_the_end_of_a_lesson_waits_for_what_was_left(
    frozen_clock, messenger, ada, make_function
):
    make_function(ada)
    clocks.jump(account=ada, forward=timedelta(hours=1))
    event = waits(ada, minutes=2)
    frozen_clock.advance(minutes=1)
    clocks.follow_real_time(account=ada)
    clocks.settle()
    assert row(event).due_at == NOON + timedelta(minutes=2)


# -- at the same time ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_paused_while_a_retry_is_written_is_heard_of_by_it(frozen_clock, messenger, ada, make_function):
    make_function(ada)
    event = send(ada)

    def pause():
        try:
            clocks.pause(account=ada)
            clocks.settle()
        finally:
            connection.close()

    pausing = threading.Thread(target=pause)
    with transaction.atomic():
        timeline = clocks.held([ada.pk])[ada.pk]
        pausing.start()
        aged = timeline.aged(NOON) + timedelta(minutes=1)
        Invocation.objects.filter(pk=event.pk).update(
            **clockwork.due(aged, ended=None, timeline=timeline, now=NOON), attempt=1
        )
    pausing.join()
    assert row(event).due_at is None


def test_what_waits_is_told_in_steps_and_as_often_as_one_likes(
    frozen_clock, messenger, ada, make_function, monkeypatch
):
    monkeypatch.setattr(clockwork, "_STEP", 3)
    make_function(ada)
    events = [waits(ada, minutes=minutes) for minutes in range(1, 11)]
    clocks.set_rate(account=ada, rate=60)
    assert [clocks.settle(), clocks.settle()] == [1, 0]
    clockwork.settle(ada.pk)
    assert [row(event).due_at for event in events] == [NOON + timedelta(seconds=seconds) for seconds in range(1, 11)]
