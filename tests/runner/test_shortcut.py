"""Events for which an environment is warm: run by the lane, one after another, without a thread for each."""

import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from core import clock
from runner import lookup, specs
from runner.claims import Claimed
from runner.crew import Crew
from runner.outcomes import Kind, Outcome
from runner.pool import Slot
from runner.reactor import Timer
from runner.shortcut import Shortcut
from tests.runner.fakes import FakeEnvironment, FakeWorld


@dataclass
class Lane:
    """What the shortcut asks of the lane, at once and in this thread."""

    driven: list = field(default_factory=list)
    timers: list = field(default_factory=list)

    def soon(self, work):
        work()

    def at(self, moment, work):
        self.timers.append(Timer(work))
        return self.timers[-1]

    def drive(self, work, crew):
        crew.enter()
        self.driven.append(work)


@dataclass
class Pool:
    """One warm environment."""

    idle: list

    def take_idle(self, spec):
        return self.idle.pop() if self.idle else None


@dataclass
class Events:
    """Who has the events run: what ended here, and what was given to the crew."""

    ended: list = field(default_factory=list)
    given: list = field(default_factory=list)

    def on_slot(self, claimed, slot):
        pass

    def over(self, claimed, spec, executed):
        self.ended.append(claimed.id)

    def run(self, claimed, found):
        self.given.append(claimed.id)


class Waits(FakeEnvironment):
    def begin(self, request, on_log):
        return SimpleNamespace()


@pytest.fixture
def room(ada, make_function):
    """A shortcut with one warm environment of Ada's function."""
    version = make_function(ada)
    found = lookup.find(account_id=ada.id, reference="hello")
    spec = specs.load(version.pk)
    slot = Slot(spec, environment=Waits(FakeWorld()))
    pool, lane, events, crew = Pool([slot]), Lane(), Events(), Crew("event")
    crew.run = lambda job, *args: job(*args)
    workshop = SimpleNamespace(pool=pool, specs=SimpleNamespace(recall=lambda *key: spec))
    moment = [0.0]
    shortcut = Shortcut(workshop, lane=lane, crew=crew, events=events, now=lambda: moment[0])

    def offer():
        claimed = Claimed(uuid.uuid4(), "t", ada.id, uuid.uuid4(), "hello", "", b"{}", "api", clock.now(), 0, 0)
        shortcut.offer(claimed, found)
        return claimed.id

    def end(*, after_s=0.001):
        """The environment answers the event that it has."""
        moment[0] += after_s
        pool.idle.append(slot)
        executed = SimpleNamespace(outcome=Outcome(kind=Kind.OK, duration_ms=after_s * 1000))
        lane.driven.pop(0).over(executed)

    return SimpleNamespace(offer=offer, end=end, lane=lane, events=events, crew=crew)


def test_an_event_begins_when_the_one_before_has_ended(room):
    ids = [room.offer()]
    room.end()
    ids += [room.offer() for _ in range(3)]
    assert len(room.lane.driven) == 1
    for _ in range(3):
        room.end()
    assert (room.events.ended, room.events.given, room.crew.busy) == (ids, [], 0)


def test_who_would_wait_for_long_gets_a_thread(room):
    room.offer()
    room.end(after_s=1)
    room.offer()
    late = room.offer()
    assert room.events.given == [late]


def test_who_has_waited_for_long_gets_a_thread(room):
    room.offer()
    room.end()
    room.offer()
    late = room.offer()
    room.lane.timers[-1].work()
    room.end()
    assert (room.events.given, room.crew.busy) == ([late], 0)


def test_nobody_waits_for_a_function_of_which_nothing_is_known(room):
    room.offer()
    late = room.offer()
    assert room.events.given == [late]
