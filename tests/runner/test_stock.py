"""Environments that are started before anybody asks: a few always, more while functions are being changed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core import clock, limits
from runner import foresight
from runner.pool import Pool
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxFailure, Sdk
from runner.specs import load
from runner.stock import Stock
from tests.runner.fakes import FakeEnvironment, FakeWorld

PYTHON = Interpreter(family="python", version=(3, 13), executable=Path("/usr/bin/python3.13"), prefix=Path("/usr"))
MB = 512


class Opened(FakeWorld):
    """Remembers which were to load the SDK ahead; ``places``: for how many the host has room."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[Sdk] = []
        self.places = 100

    def open(self, interpreter: Interpreter, ephemeral_mb: int, sdk: Sdk) -> FakeEnvironment:
        if self.waiting >= self.places:
            raise SandboxFailure("Every sandbox slot is in use.")
        self.asked_for.append(sdk)
        return super().open(interpreter, ephemeral_mb, sdk)

    @property
    def waiting(self) -> int:
        return sum(not one.is_stopped for one in self.opened)


@pytest.fixture
def world() -> Opened:
    return Opened()


@pytest.fixture
def stock(world: Opened) -> Iterator[Stock]:
    made = Stock(open_environment=world.open, size=2, starters=2, room=lambda: 10)
    yield made
    made.close()


def test_a_few_wait_with_the_sdk_loaded(stock, world, until):
    stock.want(PYTHON)
    until(lambda: world.waiting == 2)
    assert world.asked_for == [Sdk.AHEAD, Sdk.AHEAD]


def test_as_many_more_as_are_expected_wait_while_there_is_room(stock, world, until):
    stock.expect({PYTHON: 5})
    until(lambda: world.waiting == 7)
    assert set(world.asked_for) != {Sdk.AHEAD}  # the SDK takes longer than all the rest: not while many are missing
    stock.expect({PYTHON: 500})
    until(lambda: world.waiting == 12)


def test_in_a_rush_such_as_were_asked_for_are_started_where_a_start_is_quick(world, until, monkeypatch):
    monkeypatch.setattr(Stock, "_is_calm", lambda _self: False)
    stock = Stock(open_environment=world.open, size=2, is_slow=False)
    stock.take(PYTHON, limits.EPHEMERAL_STORAGE_MB_DEFAULT, Sdk.UNUSED)
    until(lambda: len(stock._ready[PYTHON]) == 2)
    assert world.asked_for == [Sdk.UNUSED] * 3

    smaller = stock._ready[PYTHON][0].environment
    assert stock.take(PYTHON, limits.EPHEMERAL_STORAGE_MB_DEFAULT, Sdk.AT_HAND) is world.opened[3]
    assert stock.take(PYTHON, limits.EPHEMERAL_STORAGE_MB_DEFAULT, Sdk.UNUSED) is smaller
    until(lambda: world.asked_for.count(Sdk.UNUSED) == 4)
    stock.close()


def test_who_needs_no_sdk_takes_one_with_it_when_there_is_no_other(stock, world, until):
    stock.want(PYTHON)
    until(lambda: len(stock._ready[PYTHON]) == 2)
    assert stock.take(PYTHON, limits.EPHEMERAL_STORAGE_MB_DEFAULT, Sdk.UNUSED) in world.opened[:2]


def test_what_is_not_expected_any_more_goes_one_after_another(stock, world, until):
    stock.expect({PYTHON: 3})
    until(lambda: world.waiting == 5)
    for left in (4, 3, 2, 2):
        until(lambda: stock._coming[PYTHON] == 0)
        stock.expect({})
        assert world.waiting == left


def test_who_is_here_comes_before_who_is_expected(stock, world, until):
    stock.expect({PYTHON: 3})
    until(lambda: len(stock._ready[PYTHON]) == 5)
    world.places = 5
    assert not stock.take(PYTHON, 2 * MB, Sdk.UNUSED).is_dead
    assert world.waiting == 5 and len(stock._ready[PYTHON]) == 4


def test_a_function_that_was_changed_and_has_not_run_since_is_expected(ada, make_function, db, world):
    version = make_function(ada)
    pool = Pool(budget_mb=512, idle_s=600)
    try:
        (interpreter,) = foresight.expected(pool)
        assert foresight.expected(pool) == {interpreter: 1}
        pool.reserve(load(version.pk), until=clock.monotonic())
        assert not foresight.expected(pool)
        version.last_modified = clock.now() + timedelta(seconds=1)
        version.save()
        assert foresight.expected(pool) == {interpreter: 1}
    finally:
        pool.close()


def test_what_was_changed_long_ago_is_not_expected(ada, make_function, db):
    version = make_function(ada)
    version.last_modified = clock.now() - 2 * foresight.WINDOW
    version.save()
    pool = Pool(budget_mb=512, idle_s=600)
    try:
        assert not foresight.expected(pool)
    finally:
        pool.close()
