"""Warm environments: reused, bounded, replaced and thrown away."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import runner.pool
from functions.models import Function, Version
from runner.pool import OutOfPatience, Pool, Slot
from runner.sandboxes.base import Sdk
from runner.specs import RunSpec
from tests.runner.conftest import PYTHON
from tests.runner.fakes import FakeEnvironment, FakeWorld


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spec(pk: int = 1, fingerprint: str = "", memory: int = 128) -> RunSpec:
    version = Version(pk=pk, function=Function(name=f"f{pk}"), memory_size=memory, timeout=3)
    return RunSpec(
        version, PYTHON, Path("/code"), (), Sdk.UNUSED, fingerprint or f"fingerprint of {pk}", "/aws/lambda/f", False
    )


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture
def pool(now: Clock) -> Iterator[Pool]:
    made = Pool(budget_mb=512, idle_s=600, parallel_starts=2, now=now)
    yield made
    made.close()


def start(pool: Pool, slot: Slot, world: FakeWorld | None = None) -> FakeEnvironment:
    """Give a slot its environment."""
    environment = FakeEnvironment(world or FakeWorld())
    slot.environment = environment
    pool.started(slot)
    return environment


def used(pool: Pool, what: RunSpec) -> FakeEnvironment:
    """Reserve, start and release: one warm environment."""
    slot = pool.reserve(what, until=0)
    environment = start(pool, slot)
    pool.release(slot, reusable=True)
    return environment


def is_stopped(environment: FakeEnvironment) -> bool:
    return environment.world.stopped.acquire(timeout=60) and environment.is_stopped


def test_an_environment_is_used_again(pool):
    environment = used(pool, spec())
    assert pool.reserve(spec(), until=0).environment is environment


def test_the_one_used_last_is_used_first(pool):
    first, second = pool.reserve(spec(), until=0), pool.reserve(spec(), until=0)
    start(pool, first), start(pool, second)
    pool.release(first, reusable=True)
    pool.release(second, reusable=True)
    assert pool.reserve(spec(), until=0) is second


def test_environments_are_not_shared_between_functions(pool):
    used(pool, spec(1))
    assert pool.reserve(spec(2), until=0).environment is None


def test_what_must_not_be_used_again_is_stopped(pool):
    slot = pool.reserve(spec(), until=0)
    environment = start(pool, slot)
    pool.release(slot, reusable=False)
    assert is_stopped(environment)
    assert pool.used_mb == 0


def test_a_changed_version_gets_rid_of_its_old_environments(pool):
    old = used(pool, spec(1, "before"))
    assert pool.reserve(spec(1, "after"), until=0).environment is None
    assert is_stopped(old)


def test_an_environment_that_was_busy_during_the_change_is_not_kept(pool):
    slot = pool.reserve(spec(1, "before"), until=0)
    old = start(pool, slot)
    start(pool, pool.reserve(spec(1, "after"), until=0))
    pool.release(slot, reusable=True)
    assert is_stopped(old)


def test_the_least_recently_used_goes_when_memory_is_wanted(pool, now):
    oldest = used(pool, spec(1, memory=256))
    now.now += 1
    newer = used(pool, spec(2, memory=256))
    start(pool, pool.reserve(spec(3, memory=256), until=0))
    assert is_stopped(oldest)
    assert not newer.is_stopped


def test_memory_in_use_is_never_exceeded(pool):
    start(pool, pool.reserve(spec(1, memory=512), until=0))
    with pytest.raises(OutOfPatience):
        pool.reserve(spec(2, memory=128), until=0)
    assert pool.used_mb == 512


def test_a_nested_call_does_not_wait_for_the_memory_its_caller_holds(pool):
    start(pool, pool.reserve(spec(1, memory=512), until=0))
    assert pool.reserve(spec(2, memory=128), until=0, nested=True).environment is None


def test_a_function_larger_than_the_budget_runs_alone(pool):
    slot = pool.reserve(spec(1, memory=4096), until=0)
    start(pool, slot)
    with pytest.raises(OutOfPatience):
        pool.reserve(spec(2), until=0)
    pool.release(slot, reusable=False)
    assert pool.reserve(spec(2), until=0).environment is None


def test_few_environments_start_at_once(pool):
    first, second = pool.reserve(spec(), until=0), pool.reserve(spec(), until=0)
    with pytest.raises(OutOfPatience):
        pool.reserve(spec(), until=0)
    start(pool, first), start(pool, second)
    pool.reserve(spec(), until=0)


def test_whoever_waits_in_line_takes_the_environment_that_is_given_back(pool, now):
    slots = [pool.reserve(spec(), until=0) for _ in range(2)]
    environment = start(pool, slots[0])
    got: list[Slot] = []
    waiter = threading.Thread(target=lambda: got.append(pool.reserve(spec(), until=now.now + 60)))
    second = pool.reserve(spec(), until=0)  # both places to start in are taken again
    waiter.start()
    while not pool._line:
        pass
    pool.release(slots[0], reusable=True)
    waiter.join(60)
    assert got[0].environment is environment
    assert second.environment is None


def test_whoever_waits_for_a_moment_is_told_how_many_are_before_him(pool, now, monkeypatch):
    monkeypatch.setattr(runner.pool, "_TELL_S", 0.01)
    slots = [pool.reserve(spec(), until=0) for _ in range(2)]
    heard: queue.Queue[int] = queue.Queue()
    first = threading.Thread(target=pool.reserve, args=[spec(2)], kwargs={"until": now.now + 60})
    first.start()
    while not pool._line:
        pass
    second = threading.Thread(target=pool.reserve, args=[spec(3)], kwargs={"until": now.now + 60, "on_wait": heard.put})
    second.start()
    assert heard.get(timeout=60) == 1
    start(pool, slots[0])
    assert heard.get(timeout=60) == 0
    start(pool, slots[1])
    for waiter in (first, second):
        waiter.join(60)
    assert heard.empty()


@pytest.fixture
def quick(pool, now):
    """A function whose one environment is in use, and was given back after a moment the last time."""
    what = spec()
    used(pool, what)
    slot = pool.reserve(what, until=0)
    now.now += 0.05
    pool.release(slot, reusable=True)
    pool.reserve(what, until=0)
    return what


def test_who_is_patient_starts_nothing_where_an_environment_will_be_free_in_a_moment(pool, now, quick):
    with pytest.raises(OutOfPatience):
        pool.reserve(quick, until=now(), patient=True)


def test_who_is_not_patient_gets_an_environment_of_their_own(pool, now, quick):
    assert pool.reserve(quick, until=now()).environment is None


def test_also_the_patient_get_another_one_when_a_quick_function_has_become_slow(pool, now, quick):
    now.now += 1
    assert pool.reserve(quick, until=now(), patient=True).environment is None


def test_a_long_line_of_patient_ones_starts_some_environments_not_one_for_each(pool, now, quick):
    started: list[Slot] = []

    def run() -> None:
        slot = pool.reserve(quick, until=now() + 60, patient=True)
        if slot.environment is None:
            started.append(slot)
            start(pool, slot)
        pool.release(slot, reusable=True)

    line = [threading.Thread(target=run) for _ in range(60)]
    for waiter in line:
        waiter.start()
    for waiter in line:
        waiter.join(30)
    assert not any(waiter.is_alive() for waiter in line)
    assert 1 <= len(started) < 20


def test_idle_environments_go_after_their_time(pool, now):
    environment = used(pool, spec())
    now.now += 599
    assert pool.evict_idle() == 0
    now.now += 1
    assert pool.evict_idle() == 1
    assert is_stopped(environment)


def test_an_environment_whose_credentials_end_soon_is_not_used(pool, frozen_clock):
    slot = pool.reserve(spec(), until=0)
    environment = start(pool, slot)
    slot.expires_at = frozen_clock.advance(seconds=0)
    pool.release(slot, reusable=True)
    assert pool.reserve(spec(), until=0).environment is None
    assert is_stopped(environment)


def test_a_crash_loop_starts_ever_more_slowly(pool, now):
    for _ in range(3):
        assert pool.crashes.pause_s("f") == 0
        pool.crashes.crashed("f")
    assert pool.crashes.pause_s("f") == 0.25
    now.now += 0.25
    pool.crashes.crashed("f")
    assert pool.crashes.pause_s("f") == 0.5
    for _ in range(20):
        pool.crashes.crashed("f")
    assert pool.crashes.pause_s("f") == 5
    pool.crashes.went_well("f")
    assert pool.crashes.pause_s("f") == 0


def test_a_crash_loop_keeps_nobody_else_from_starting(pool, now):
    looping, other = spec(1, "looping"), spec(2)
    for _ in range(1000):
        pool.crashes.crashed("looping")

    with pytest.raises(OutOfPatience):
        pool.reserve(looping, until=now.now)
    start(pool, pool.reserve(other, until=now.now))


def test_closing_stops_every_idle_environment(now):
    pool = Pool(budget_mb=512, idle_s=600, now=now)
    environments = [used(pool, spec(n)) for n in range(3)]
    pool.close()
    assert all(environment.is_stopped for environment in environments)


def test_a_spec_that_differs_in_anything_has_another_fingerprint(ada, make_function):
    from runner import specs

    version = make_function(ada)
    before = specs.fingerprint(version, [])
    for name, value in {"memory_size": 256, "handler": "a.b", "environment": {"a": "b"}}.items():
        changed = Version.objects.get(pk=version.pk)
        setattr(changed, name, value)
        assert specs.fingerprint(changed, []) != before
    assert specs.fingerprint(version, ["layer"]) != before


def test_an_environment_that_died_while_it_was_idle_is_not_given_out(pool):
    dead = used(pool, spec())
    dead.is_dead = True
    assert pool.reserve(spec(), until=0).environment is None
    assert is_stopped(dead)
