"""Workers for one kind of work."""

import pytest

from runner import services
from runner.engine import Engine
from runner.models import Invocation, State


@pytest.fixture
def start(settings, transactional_db, messenger, world):
    engines = []

    def make(serves):
        settings.WORKER_SERVES, settings.PRESTARTED_ENVIRONMENTS = serves, 0
        engines.append(Engine(open_environment=world.open))
        engines[-1].start()

    yield make
    for engine in engines:
        engine.stop(patience_s=5)


def test_a_worker_for_calls_leaves_events_to_others(start, ada, make_function, world, until):
    make_function(ada)
    start(["calls"])
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")
    assert Invocation.objects.get(pk=event.pk).state == State.QUEUED
    start(["events"])
    until(lambda: Invocation.objects.get(pk=event.pk).state == State.SUCCEEDED)


def test_a_worker_for_events_leaves_calls_to_others(start, ada, make_function, world, until):
    from core import redis
    from runner import rendezvous

    make_function(ada)
    start(["events"])
    redis.connection().rpush(rendezvous.LANE, b"a call")
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    until(lambda: Invocation.objects.get(pk=event.pk).state == State.SUCCEEDED)
    assert redis.connection().llen(rendezvous.LANE) == 1
