"""What workers tell of themselves, and what happens when one falls silent."""

import asyncio
import threading

import pytest

from core import redis
from runner import messages, presence, rendezvous, services
from runner.errors import EnvironmentFailure, NoWorker
from runner.models import Invocation, State
from runner.presence import Waiting


def test_the_callers_of_a_dead_worker_are_told(engine, ada, make_function, frozen_clock):
    meeting = rendezvous.of_this_process()
    reply = meeting.expect("call-1")
    presence.announce("dead", [Waiting("call-1", meeting.address, "lease:x")])
    frozen_clock.advance(seconds=11)
    engine.beat()
    assert "is gone" in reply.result(timeout=10).failure


def test_a_dead_workers_calls_are_told_to_one_survivor_only(messenger, frozen_clock):
    presence.announce("dead", [Waiting("call-1", "answers:x", "lease:x")])
    assert presence.left_behind() == []
    frozen_clock.advance(seconds=11)
    assert [call.request_id for call in presence.left_behind()] == ["call-1"]
    assert presence.left_behind() == []


def test_without_any_worker_the_caller_is_told_soon(messenger, ada, make_function, monkeypatch):
    make_function(ada)
    monkeypatch.setattr(services, "FIRST_LOOK_S", 0.01)
    with pytest.raises(NoWorker, match="No worker answered"):
        services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")


def test_without_any_worker_a_caller_in_the_event_loop_is_told_too(
    transactional_db, messenger, ada, make_function, monkeypatch
):
    make_function(ada)
    monkeypatch.setattr(services, "FIRST_LOOK_S", 0.01)
    with pytest.raises(NoWorker):
        asyncio.run(services.invoke(account=ada, reference="hello", payload=b"{}"))


def test_a_call_that_redis_hands_out_twice_is_served_once(engine, ada, make_function, world, until):
    make_function(ada)
    calls = []
    begin = engine.calls.begin
    engine.calls.begin = lambda call: (calls.append(call), begin(call))[1]
    services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")
    redis.connection().rpush(rendezvous.LANE, messages.encode_call(calls[0]))
    services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")
    until(lambda: len(calls) == 3)
    assert len(world.executions) == 2


def test_an_event_that_somebody_else_has_by_now_is_stopped(engine, ada, make_function, world, until):
    make_function(ada)
    entered, leave = threading.Event(), threading.Event()

    def handler(event, request):
        entered.set()
        leave.wait(10)

    world.handler = handler
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    assert entered.wait(10)
    Invocation.objects.filter(pk=event.pk).update(token="theirs")
    engine.events.renew()
    assert world.opened[0].is_stopped
    leave.set()
    until(lambda: engine.events.held_count() == 0)
    row = Invocation.objects.get(pk=event.pk)
    assert (row.state, row.token) == (State.RUNNING, "theirs")


def test_a_stopping_worker_gives_back_what_does_not_end_in_time(transactional_db, messenger, ada, make_function, world):
    from runner.engine import Engine

    make_function(ada)
    entered, leave = threading.Event(), threading.Event()

    def handler(event, request):
        entered.set()
        leave.wait(20)

    world.handler = handler
    engine = Engine(open_environment=world.open)
    engine.start()
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    assert entered.wait(10)
    engine.stop(patience_s=0.05)
    row = Invocation.objects.get(pk=event.pk)
    assert (row.state, row.attempt, row.infra_attempts) == (State.QUEUED, 0, 0)
    leave.set()


def test_a_worker_that_cannot_start_an_environment_says_why(engine, ada, make_function, world):
    from runner.sandboxes.base import SandboxFailure

    make_function(ada)

    def refuse(interpreter, ephemeral_mb, sdk):
        raise SandboxFailure("no more processes")

    engine.workshop.stock._open = refuse
    with pytest.raises(EnvironmentFailure, match="no more processes"):
        services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")
