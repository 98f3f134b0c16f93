"""Warm execution environments: one set for each state of a function version, in this worker process.

What an invocation's path never does: removing an environment (the reaper's), starting what could have been started
before (the stock's). Memory is counted by MemorySize against a budget; when it is used up, the idle environment
that was used longest ago goes first, and when none is idle, callers wait in line.
"""

import logging
import math
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core import clock
from runner.crashes import CrashLoops
from runner.environment import Conversation, InvokeRequest, OnLog
from runner.outcomes import Outcome
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxSpec, Sdk
from runner.specs import RunSpec

log = logging.getLogger(__name__)

_WORTH_A_START_S = 0.2  # who would wait longer than this has another environment started
_REAPERS = 2  # a container engine takes a tenth of a second to remove one, most of it waiting
_TELL_S = 0.5  # who waits for so long is told how many are before him
_LOOK_AGAIN_S = 1.0  # a function may have become slower than it was


class Environment(Protocol):
    """What the pool asks of ``runner.environment.Environment``."""

    @property
    def is_dead(self) -> bool: ...

    def wait_ready(self, timeout_s: float) -> bool: ...

    def init(self, spec: SandboxSpec, *, request_id: str, on_log: OnLog, timeout_s: float) -> Outcome: ...

    def invoke(self, request: InvokeRequest, on_log: OnLog) -> Outcome: ...

    def begin(self, request: InvokeRequest, on_log: OnLog) -> Conversation | None: ...

    def stop(self) -> None: ...


type Open = Callable[[Interpreter, int, Sdk], Environment]  # (interpreter, MB of /tmp, …): a generic one


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one environment of one spec; ``environment`` is None until somebody starts it."""

    spec: RunSpec
    log_stream: str = ""
    environment: Environment | None = None
    expires_at: datetime | None = None  # its credentials end then
    last_used: float = 0.0
    taken: float = 0.0  # when it was last handed out ready to be used

    @property
    def memory(self) -> int:
        return self.spec.version.memory_size


class OutOfPatience(Exception):
    """No environment became free, and none could be started, in time."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody in line for a slot."""

    spec: RunSpec
    patient: bool = False
    called: threading.Event = field(default_factory=threading.Event)
    slot: Slot | None = None


@dataclass(slots=True)
class _Pace:
    """How quickly the environments of one fingerprint come free."""

    count: int = 0  # in use, idle or starting
    usual_s: float | None = None  # how long an invocation holds one, of late
    moved: float = 0.0  # when one was last taken or given back

    def note(self, held_s: float, now: float) -> None:
        self.usual_s = held_s if self.usual_s is None else 0.8 * self.usual_s + 0.2 * held_s
        self.moved = now

    def wait_s(self, place: int, now: float) -> float:
        """How long somebody with so many in line before him will wait, as far as can be told."""
        if not self.count or self.usual_s is None:
            return math.inf
        return (place + 1) * max(self.usual_s, now - self.moved) / self.count


class Pool:
    """Reserve a slot, start its environment when it has none, invoke, release. Safe for many threads.

    Few environments start at a time: whoever waits in line takes what comes first, one that somebody gives back or
    a place to start another. Who is ``patient``, as an asynchronous event is, does not start one where a warm one
    will be free sooner. So a thousand short events do not start a thousand environments.
    """

    def __init__(
        self,
        *,
        budget_mb: int,
        idle_s: float,
        parallel_starts: int = 4,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._budget, self._idle_s, self._parallel_starts, self._now = budget_mb, idle_s, parallel_starts, now
        self._lock = threading.Lock()
        self._line: list[_Waiter] = []
        self._idle: defaultdict[str, list[Slot]] = defaultdict(list)  # by fingerprint, last used last
        self._paces: defaultdict[str, _Pace] = defaultdict(_Pace)  # by fingerprint
        self._current: dict[int, str] = {}  # version id -> the fingerprint that is not out of date
        self._seen: dict[int, datetime] = {}  # version id -> its last change, when it was last asked for
        self._used_mb = 0
        self._starting = 0
        self._reaped: queue.SimpleQueue[Environment | None] = queue.SimpleQueue()
        self._reapers = [threading.Thread(target=self._reap, name="reaper", daemon=True) for _ in range(_REAPERS)]
        for reaper in self._reapers:
            reaper.start()
        self.crashes = CrashLoops(now=now)

    # -- the path of an invocation ------------------------------------------------------------------

    def reserve(
        self,
        spec: RunSpec,
        *,
        until: float,
        nested: bool = False,
        patient: bool = False,
        on_wait: Callable[[int], None] | None = None,
    ) -> Slot:
        """A slot for ``spec``: a warm one, or an empty one to start (then say ``started``).

        Waits in line until the monotonic moment ``until``, then raises ``OutOfPatience``. ``nested``: somebody who
        holds memory, or a place to start in, waits for this invocation, so it must wait for neither. ``on_wait`` hears
        how many are before it, when it waits for more than a moment and whenever that has changed.
        """
        with self._lock:
            self._note_current(spec)
            slot = self._take_warm(spec)
            if slot is None and not (patient and self._is_served_soon(spec, self._before(spec))):
                slot = self._begin(spec, nested=nested)
            if slot is not None:
                return slot
            waiter = _Waiter(spec, patient)
            self._line.append(waiter)
        return self._wait(waiter, until, on_wait)

    def take_idle(self, spec: RunSpec) -> Slot | None:
        """A warm slot for ``spec`` if there is one and nobody is in line; never waits."""
        with self._lock:
            self._note_current(spec)
            return None if self._line else self._take_warm(spec)

    def started(self, slot: Slot) -> None:
        """The start of this slot's environment is over, however it went: another may start."""
        with self._lock:
            self._starting -= 1
            slot.taken = self._now()
            self._serve_line()

    def release(self, slot: Slot, *, reusable: bool) -> None:
        """Give a slot back: kept warm when it may be used again, removed later by the reaper when not."""
        with self._lock:
            now = self._now()
            if slot.environment is not None:
                self._paces[slot.spec.fingerprint].note(now - slot.taken, now)
            current = self._current.get(slot.spec.version.pk) == slot.spec.fingerprint
            if reusable and current and slot.environment is not None:
                slot.last_used = now
                self._idle[slot.spec.fingerprint].append(slot)
            else:
                self._discard(slot)
            self._serve_line()

    def _wait(self, waiter: _Waiter, until: float, on_wait: Callable[[int], None] | None) -> Slot:
        told: int | None = None
        while True:
            patience = max(0.0, until - self._now())
            pause = self.crashes.pause_s(waiter.spec.fingerprint) or (_LOOK_AGAIN_S if waiter.patient else 0.0)
            if on_wait is not None:
                pause = min(pause, _TELL_S) if pause else _TELL_S
            waiter.called.wait(min(patience, pause) if pause else patience)
            with self._lock:
                if waiter.slot is None:
                    self._serve_line()  # a pause may be over
                if waiter.slot is not None:
                    return waiter.slot
                ahead = self._line.index(waiter)
                if self._now() >= until:
                    self._line.remove(waiter)
                    raise OutOfPatience
            if on_wait is not None and ahead != told:
                on_wait(ahead)
                told = ahead

    def _serve_line(self) -> None:
        """Give those in line what there is, first come, first served.

        When the memory that somebody needs is not there, nobody behind takes new memory either: a large function
        is not passed over for ever.
        """
        if not self._line:
            return
        may_start = True
        before: Counter[str] = Counter()  # who stays in line, by fingerprint
        for waiter in list(self._line):
            fingerprint = waiter.spec.fingerprint
            slot = self._take_warm(waiter.spec)
            if (
                slot is None
                and may_start
                and not self.crashes.pause_s(fingerprint)
                and not (waiter.patient and self._is_served_soon(waiter.spec, before[fingerprint]))
            ):
                slot = self._begin(waiter.spec)
                may_start = slot is not None
            if slot is None:
                before[fingerprint] += 1
            else:
                self._line.remove(waiter)
                waiter.slot = slot
                waiter.called.set()

    def _is_served_soon(self, spec: RunSpec, before: int) -> bool:
        """Whether an environment comes free for somebody in line before another one could be started."""
        pace = self._paces.get(spec.fingerprint)
        return pace is not None and pace.wait_s(before, self._now()) < _WORTH_A_START_S

    def _before(self, spec: RunSpec) -> int:
        return sum(waiter.spec.fingerprint == spec.fingerprint for waiter in self._line)

    def _begin(self, spec: RunSpec, *, nested: bool = False) -> Slot | None:
        """An empty slot with its memory counted and a place to start in, if there is both."""
        if not nested:
            if self._starting >= self._parallel_starts or self.crashes.pause_s(spec.fingerprint):
                return None
            if not self._make_room(spec.version.memory_size):
                return None
        self._starting += 1
        self._used_mb += spec.version.memory_size
        self._paces[spec.fingerprint].count += 1
        return Slot(spec)

    def _note_current(self, spec: RunSpec) -> None:
        """Environments of an older state of the version are of no use any more."""
        before = self._current.get(spec.version.pk)
        self._seen[spec.version.pk] = spec.version.last_modified
        if before == spec.fingerprint:
            return
        self._current[spec.version.pk] = spec.fingerprint
        if before is not None:
            for slot in self._idle.pop(before, ()):
                self._discard(slot)

    def _take_warm(self, spec: RunSpec) -> Slot | None:
        """The warm environment that was used last; those that died, or whose credentials end too soon, are thrown away."""
        slots = self._idle.get(spec.fingerprint)
        while slots:
            slot = slots.pop()
            if not slots:
                del self._idle[spec.fingerprint]
            left = (slot.expires_at - clock.now()).total_seconds() if slot.expires_at else float("inf")
            if left > spec.version.timeout and slot.environment is not None and not slot.environment.is_dead:
                slot.spec = spec
                slot.taken = self._paces[spec.fingerprint].moved = self._now()
                return slot
            self._discard(slot)
        return None

    def _make_room(self, memory_mb: int) -> bool:
        while self._used_mb + memory_mb > self._budget:
            oldest = min((slots[0] for slots in self._idle.values()), key=lambda slot: slot.last_used, default=None)
            if oldest is None:
                return self._used_mb == 0  # one that is larger than the whole budget runs alone
            self._drop_idle(oldest)
        return True

    def _drop_idle(self, slot: Slot) -> None:
        slots = self._idle[slot.spec.fingerprint]
        slots.remove(slot)
        if not slots:
            del self._idle[slot.spec.fingerprint]
        self._discard(slot)

    def _discard(self, slot: Slot) -> None:
        self._used_mb -= slot.memory
        pace = self._paces[slot.spec.fingerprint]
        pace.count -= 1
        if not pace.count:
            del self._paces[slot.spec.fingerprint]
        if slot.environment is not None:
            self._reaped.put(slot.environment)

    # -- housekeeping -------------------------------------------------------------------------------

    @property
    def used_mb(self) -> int:
        """Memory counted, by MemorySize."""
        return self._used_mb

    @property
    def free_mb(self) -> int:
        """What is left of the budget."""
        return max(0, self._budget - self._used_mb)

    def has_run(self, version_id: int, *, since: datetime) -> bool:
        """Whether somebody has asked for this version, as it was at ``since`` or later."""
        seen = self._seen.get(version_id)
        return seen is not None and seen >= since

    def idle_count(self) -> int:
        """How many environments wait warm."""
        with self._lock:
            return sum(len(slots) for slots in self._idle.values())

    def evict_idle(self) -> int:
        """Throw away environments nobody has used for the idle time; returns how many."""
        limit = self._now() - self._idle_s
        with self._lock:
            old = [slot for slots in self._idle.values() for slot in slots if slot.last_used <= limit]
            for slot in old:
                self._drop_idle(slot)
        return len(old)

    def close(self, timeout_s: float = 10.0) -> None:
        """Throw everything idle away, and wait for the reaper to have done it."""
        with self._lock:
            for slot in [slot for slots in self._idle.values() for slot in slots]:
                self._drop_idle(slot)
        for _ in self._reapers:
            self._reaped.put(None)
        until = clock.monotonic() + timeout_s
        for reaper in self._reapers:
            reaper.join(max(0.0, until - clock.monotonic()))

    def _reap(self) -> None:
        while (environment := self._reaped.get()) is not None:
            try:
                environment.stop()
            except Exception:
                log.exception("An execution environment could not be stopped")
