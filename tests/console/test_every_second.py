"""The jobs of every second: each is done, whatever becomes of the others."""

import pytest

from console import tasks
from console.celery import EVERY_SECOND, app


@pytest.fixture
def done(monkeypatch):
    """The names of the jobs that were begun."""
    begun = []
    for name in EVERY_SECOND:
        monkeypatch.setitem(app.tasks, name, lambda name=name: begun.append(name))
    return begun


def test_each_is_done_once(done):
    tasks.do_every_second()
    assert done == list(EVERY_SECOND)


def test_one_that_fails_keeps_none_from_being_done(done, monkeypatch):
    def fail():
        raise OSError("the database is gone")

    monkeypatch.setitem(app.tasks, EVERY_SECOND[0], fail)
    tasks.do_every_second()
    assert done == list(EVERY_SECOND[1:])
