"""Whoever could write into the messenger would wake workers, and change nothing: the database says what is to be done."""

import pickle
import uuid
from pathlib import Path

import pytest
from kombu import serialization
from kombu.exceptions import ContentDisallowed

from console.celery import app
from core import redis
from runner import bell, claims, services, tasks
from runner.models import Invocation, State
from runner.rendezvous import LANE


class Trap:
    """What a pickle does when somebody reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_pickled_task_is_refused_unread(tmp_path: Path):
    assert app.conf.accept_content == ["json"]
    with pytest.raises(ContentDisallowed):
        serialization.loads(
            pickle.dumps(Trap(tmp_path / "sprung")),
            "application/x-python-serialize",
            "binary",
            accept=serialization.prepare_accept_content(app.conf.accept_content),
        )
    assert not (tmp_path / "sprung").exists()


def test_what_is_no_call_is_left_and_the_next_call_is_served(engine, ada, make_function, tmp_path: Path):
    make_function(ada)
    rubbish = [b"", b"\n", b"[]\n{}", b'{"request_id": 1}\n', b"\xff\xfe", pickle.dumps(Trap(tmp_path / "sprung"))]
    redis.connection().rpush(LANE, *rubbish)

    assert services.invoke_and_wait(account=ada, reference="hello", payload=b"{}").function_error == ""
    assert not (tmp_path / "sprung").exists()
    assert Invocation.objects.filter(state=State.RUNNING).count() == 0


def test_a_bell_that_rings_for_nothing_executes_nothing(engine, ada, make_function, world, until):
    make_function(ada)
    for _ in range(20):
        redis.connection().rpush(bell.KEY, "anything")
    until(lambda: redis.connection().llen(bell.KEY) == 0)

    assert services.invoke_and_wait(account=ada, reference="hello", payload=b"{}").function_error == ""
    assert len(world.opened) == 1


def test_an_id_that_names_no_waiting_event_executes_nothing(engine, ada, make_function, world, until):
    make_function(ada)
    done = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    until(lambda: Invocation.objects.get(pk=done.pk).is_final)
    executed = len(world.executions)

    for forged in (str(done.pk), str(uuid.uuid4())):
        assert claims.claim_one(forged) is None
        tasks.run_invocation(forged)
    assert services.invoke_and_wait(account=ada, reference="hello", payload=b"{}").function_error == ""
    assert len(world.executions) == executed + 1
