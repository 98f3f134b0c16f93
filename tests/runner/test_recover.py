"""What a worker does when what it leans on breaks, or the clock jumps: it goes on, and holds what is its own."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

from core import redis
from runner import claims, engine, leases, queued, services
from runner.leases import Allowance
from runner.models import Invocation, State


class Stuck:
    """A handler that stays until it is let go."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def __call__(self, event, request):
        self.entered.set()
        self.leave.wait(30)
        return event


@pytest.fixture
def stuck(world):
    handler = world.handler = Stuck()
    yield handler
    handler.leave.set()


@pytest.fixture
def running(engine, ada, make_function, stuck):
    """An event that is being executed."""
    make_function(ada)
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    assert stuck.entered.wait(30)
    return event


@pytest.fixture
def quick_heart(monkeypatch, settings):
    settings.EVENT_LEASE_S = 4
    monkeypatch.setattr(engine, "_HEARTBEAT_S", 0.02)


def lease_of(event):
    return Invocation.objects.get(pk=event.pk).lease_until


def test_what_runs_is_held_while_redis_is_away(quick_heart, settings, running, until, tmp_path):
    before = lease_of(running)
    settings.REDIS_URL = f"unix://{tmp_path}/nobody?db=0"
    redis.connection.cache_clear()
    until(lambda: lease_of(running) > before + timedelta(seconds=1))


def test_what_runs_counts_against_its_concurrency_again_after_redis_has_lost_everything(engine, running, stuck, until):
    allowance = Allowance.of(
        account_id=running.account_id, function_id=str(running.function_id), reserved=None, unreserved_limit=10
    )
    redis.connection().flushall()
    assert leases.held(allowance) == 0
    engine.events.renew()
    assert leases.held(allowance) == 1
    stuck.leave.set()
    until(lambda: leases.held(allowance) == 0)


def test_an_event_that_cannot_be_begun_is_left_to_the_sweep(engine, ada, make_function, monkeypatch):
    """Otherwise it would be held for ever by a worker that does nothing about it."""
    engine._dispatcher.stop()
    make_function(ada)
    services.invoke_async(account=ada, reference="hello", payload=b"{}")
    ((claimed,), _) = claims.claim(claims.heads()[0], limit=1)

    def gone(**_asked):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(queued.lookup, "find", gone)
    with pytest.raises(OperationalError):
        engine.take_event(claimed)
    assert engine.events.held_count() == 0


def test_a_script_that_redis_refuses_is_the_messengers_trouble_also_when_it_was_not_loaded(messenger):
    redis.connection().script_flush()
    with pytest.raises(redis.Unavailable, match="MISCONF"):
        redis.run_script("return redis.error_reply('MISCONF no more')", keys=[], args=[])


# -- the clock jumps -------------------------------------------------------------------------------


def test_a_clock_that_jumps_ahead_runs_an_event_again_and_ends_it_once(
    frozen_clock, running, engine, world, stuck, until
):
    frozen_clock.advance(hours=2)
    claims.sweep()
    frozen_clock.advance(seconds=5)
    engine.wake()
    until(lambda: len(world.executions) == 2)
    stuck.leave.set()
    until(lambda: engine.events.held_count() == 0)
    row = Invocation.objects.get(pk=running.pk)
    assert (row.state, row.attempt, row.infra_attempts) == (State.SUCCEEDED, 1, 1)


def test_a_clock_that_jumps_back_changes_nothing_for_what_runs(frozen_clock, running, engine, world, stuck, until):
    frozen_clock.advance(hours=-1)
    claims.sweep()
    engine.wake()
    stuck.leave.set()
    until(lambda: engine.events.held_count() == 0)
    assert Invocation.objects.get(pk=running.pk).state == State.SUCCEEDED
    assert len(world.executions) == 1


def test_a_lost_events_lease_is_not_longer_for_a_clock_that_jumped_back(
    frozen_clock, transactional_db, messenger, ada, make_function
):
    """Its worker died before the clock was put right: nobody waits for the time that was wrong."""
    make_function(ada)
    frozen_clock.advance(hours=3)
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    claims.claim(claims.heads()[0], limit=1)
    frozen_clock.advance(hours=-3)
    claims.sweep()
    assert Invocation.objects.get(pk=event.pk).state == State.RUNNING
    frozen_clock.advance(seconds=46)
    claims.sweep()
    assert Invocation.objects.get(pk=event.pk).state == State.QUEUED
