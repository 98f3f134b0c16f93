"""Events for which a warm environment is there, or will be in a moment: run by the lane, without a thread for each.

A thousand short events of one function go through one or two environments. Here each begins when the one before has
ended, on the thread that heard of it; on threads of the crew every one would wait for its turn twice.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core import clock
from runner.claims import Claimed
from runner.crew import Crew
from runner.execution import Executed, Request, Running
from runner.lane import Lane
from runner.lookup import Found
from runner.pool import Slot
from runner.quick import PAYLOAD
from runner.reactor import Timer
from runner.specs import RunSpec
from runner.workshop import Workshop

log = logging.getLogger(__name__)

_WORTH_WAITING_S = 0.05  # who would wait longer gets a thread, and perhaps an environment more
_PATIENCE_S = 0.2  # and so does who has waited for so long
_REMEMBERED = 1_000


class Events(Protocol):
    """Who has the events run; all but ``run`` and ``end`` on the lane's thread."""

    def on_slot(self, claimed: Claimed, slot: Slot) -> None: ...

    def over(self, claimed: Claimed, spec: RunSpec, executed: Executed) -> None: ...

    def run(self, claimed: Claimed, found: Found) -> None:
        """Run it from the beginning, on a thread."""

    def rest(self, claimed: Claimed, spec: RunSpec, work: Callable[[], Executed]) -> None:
        """Do what is left of it, on a thread."""


@dataclass(slots=True, eq=False)
class _Place:
    """One event in line."""

    claimed: Claimed
    found: Found
    spec: RunSpec
    timer: Timer | None = None
    begun: float = 0.0


class Shortcut:
    """``offer`` events, from any thread; everything else here belongs to the lane's."""

    def __init__(
        self,
        workshop: Workshop,
        *,
        lane: Lane,
        crew: Crew,
        events: Events,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._workshop, self._lane, self._crew, self._events = workshop, lane, crew, events
        self._now = now
        self._lines: defaultdict[str, deque[_Place]] = defaultdict(deque)  # by fingerprint
        self._running: defaultdict[str, int] = defaultdict(int)
        self._usual_s: dict[str, float] = {}  # how long one takes, of late

    def offer(self, claimed: Claimed, found: Found) -> None:
        """Have an event run: here, or by the crew."""
        self._crew.enter()
        self._lane.soon(lambda: self._begin(claimed, found))

    def _begin(self, claimed: Claimed, found: Found) -> None:
        spec = self._workshop.specs.recall(found.version_id, found.stamp)
        if spec is None or len(claimed.payload) > PAYLOAD:
            self._give_to_crew(claimed, found)
            return
        place = _Place(claimed, found, spec)
        if self._starts(place):
            return
        if self._wait_s(spec.fingerprint) > _WORTH_WAITING_S:
            self._give_to_crew(claimed, found)
            return
        place.timer = self._lane.at(self._now() + _PATIENCE_S, lambda: self._leave(place))
        self._lines[spec.fingerprint].append(place)

    def _give_to_crew(self, claimed: Claimed, found: Found) -> None:
        self._crew.run(self._events.run, claimed, found)
        self._crew.leave()

    # -- in line -----------------------------------------------------------------------------------

    def _wait_s(self, fingerprint: str) -> float:
        """How long one more would wait; long, when nothing is known."""
        running = self._running.get(fingerprint, 0)
        if not running or fingerprint not in self._usual_s:
            return float("inf")
        return (len(self._lines.get(fingerprint, ())) + 1) * self._usual_s[fingerprint] / running

    def _leave(self, place: _Place) -> None:
        """It has waited for long enough."""
        line = self._lines[place.spec.fingerprint]
        line.remove(place)
        if not line:
            del self._lines[place.spec.fingerprint]
        self._give_to_crew(place.claimed, place.found)

    def _serve_line(self, fingerprint: str) -> None:
        line = self._lines.get(fingerprint)
        while line and self._starts(line[0]):
            place = line.popleft()
            if place.timer is not None:
                place.timer.cancel()
            if not line:
                del self._lines[fingerprint]

    # -- in its environment ------------------------------------------------------------------------

    def _starts(self, place: _Place) -> bool:
        """Begin with an event, if a warm environment is there for it."""
        pool = self._workshop.pool
        slot = pool.take_idle(place.spec)
        if slot is None:
            return False
        self._events.on_slot(place.claimed, slot)
        try:
            running = Running(place.spec, request(place.claimed, place.found), slot, pool)
        except Exception:
            log.exception("Event %s could not begin in its environment", place.claimed.id)
            pool.release(slot, reusable=False)
            self._give_to_crew(place.claimed, place.found)
            return True
        place.begun = self._now()
        self._running[place.spec.fingerprint] += 1
        self._lane.drive(_Work(self, place, running), self._crew)
        self._crew.leave()  # ``drive`` counts it from here on
        return True

    def over(self, place: _Place, executed: Executed) -> None:
        """It has ended on the lane's thread."""
        fingerprint, took_s = place.spec.fingerprint, self._now() - place.begun
        if len(self._usual_s) > _REMEMBERED:
            self._usual_s.clear()
        self._usual_s[fingerprint] = (self._usual_s.get(fingerprint, took_s) + took_s) / 2
        self._events.over(place.claimed, place.spec, executed)
        self._crew.leave()
        self.left(place)

    def rest(self, place: _Place, running: Running) -> None:
        """It needs a thread for what is left."""
        try:
            self._events.rest(place.claimed, place.spec, running.rest)
        finally:
            self._lane.soon(lambda: self.left(place))

    def left(self, place: _Place) -> None:
        """One runs less."""
        fingerprint = place.spec.fingerprint
        self._running[fingerprint] -= 1
        if not self._running[fingerprint]:
            del self._running[fingerprint]
        self._serve_line(fingerprint)


@dataclass(slots=True)
class _Work:
    """An event as the lane sees it."""

    shortcut: Shortcut
    place: _Place
    running: Running

    def over(self, executed: Executed) -> None:
        self.shortcut.over(self.place, executed)

    def rest(self) -> None:
        self.shortcut.rest(self.place, self.running)


def request(claimed: Claimed, found: Found, *, until: float = 0.0) -> Request:
    """An event as an environment gets it; ``until``: how long it may wait in line for one."""
    return Request(
        request_id=str(claimed.id),
        payload=claimed.payload,
        invoked_arn=found.invoked_arn,
        until=until,
        patient=True,
        trace_id=claimed.trace,
    )
