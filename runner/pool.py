"""Warm execution environments: one set for each state of a function version, in this worker process.

What an invocation's path never does: removing an environment (the reaper's), starting what could have been started
before (the stock's). Memory is counted by MemorySize against a budget; when it is used up, the idle environment
that was used longest ago goes first, and when none is idle, callers wait in line.
"""

import logging
import queue
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core import clock
from runner.environment import InvokeRequest, OnLog
from runner.outcomes import Outcome
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxSpec
from runner.specs import RunSpec
from runner.startguard import StartGuard

log = logging.getLogger(__name__)


class Environment(Protocol):
    """What the pool asks of ``runner.environment.Environment``."""

    def wait_ready(self, timeout_s: float) -> bool: ...

    def init(self, spec: SandboxSpec, *, request_id: str, on_log: OnLog, timeout_s: float) -> Outcome: ...

    def invoke(self, request: InvokeRequest, on_log: OnLog) -> Outcome: ...

    def stop(self) -> None: ...


type Open = Callable[[Interpreter, int, bool], Environment]  # (interpreter, MB of /tmp, preload the SDK): a generic one


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one environment of one spec; ``environment`` is None until somebody starts it."""

    spec: RunSpec
    log_stream: str = ""
    environment: Environment | None = None
    expires_at: datetime | None = None  # its credentials end then
    last_used: float = 0.0

    @property
    def memory(self) -> int:
        return self.spec.version.memory_size


class OutOfPatience(Exception):
    """No memory became free in time."""


class Pool:
    """Reserve a slot, start its environment when it has none, invoke, release. Safe for many threads."""

    def __init__(self, *, budget_mb: int, idle_s: float, now: Callable[[], float] = clock.monotonic) -> None:
        self._budget, self._idle_s, self._now = budget_mb, idle_s, now
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._idle: defaultdict[str, list[Slot]] = defaultdict(list)  # by fingerprint, last used last
        self._current: dict[int, str] = {}  # version id -> the fingerprint that is not out of date
        self._used_mb = 0
        self._reaped: queue.SimpleQueue[Environment | None] = queue.SimpleQueue()
        self._reaper = threading.Thread(target=self._reap, name="reaper", daemon=True)
        self._reaper.start()
        self.guard = StartGuard(now=now)

    # -- the path of an invocation ------------------------------------------------------------------

    def reserve(self, spec: RunSpec, *, until: float, nested: bool = False) -> Slot:
        """A slot for ``spec``: a warm one, or an empty one with its memory counted.

        Waits for memory until the monotonic moment ``until``, then raises ``OutOfPatience``. ``nested``: somebody
        who holds memory waits for this invocation, so it must not wait for memory: it may exceed the budget.
        """
        with self._freed:
            self._note_current(spec)
            while True:
                if slot := self._take_warm(spec):
                    return slot
                if self._make_room(spec.version.memory_size) or nested:
                    self._used_mb += spec.version.memory_size
                    return Slot(spec)
                if (patience := until - self._now()) <= 0 or not self._freed.wait(patience):
                    raise OutOfPatience

    def release(self, slot: Slot, *, reusable: bool) -> None:
        """Give a slot back: kept warm when it may be used again, removed later by the reaper when not."""
        with self._freed:
            current = self._current.get(slot.spec.version.pk) == slot.spec.fingerprint
            if reusable and current and slot.environment is not None:
                slot.last_used = self._now()
                self._idle[slot.spec.fingerprint].append(slot)
            else:
                self._discard(slot)
            self._freed.notify_all()

    def _note_current(self, spec: RunSpec) -> None:
        """Environments of an older state of the version are of no use any more."""
        before = self._current.get(spec.version.pk)
        if before == spec.fingerprint:
            return
        self._current[spec.version.pk] = spec.fingerprint
        if before is not None:
            for slot in self._idle.pop(before, ()):
                self._discard(slot)

    def _take_warm(self, spec: RunSpec) -> Slot | None:
        """The warm environment that was used last; those whose credentials end too soon are thrown away."""
        slots = self._idle.get(spec.fingerprint)
        while slots:
            slot = slots.pop()
            if not slots:
                del self._idle[spec.fingerprint]
            left = (slot.expires_at - clock.now()).total_seconds() if slot.expires_at else float("inf")
            if left > spec.version.timeout:
                slot.spec = spec
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
        if slot.environment is not None:
            self._reaped.put(slot.environment)

    # -- housekeeping -------------------------------------------------------------------------------

    @property
    def used_mb(self) -> int:
        """Memory counted, by MemorySize."""
        return self._used_mb

    def idle_count(self) -> int:
        """How many environments wait warm."""
        with self._lock:
            return sum(len(slots) for slots in self._idle.values())

    def evict_idle(self) -> int:
        """Throw away environments nobody has used for the idle time; returns how many."""
        limit = self._now() - self._idle_s
        with self._freed:
            old = [slot for slots in self._idle.values() for slot in slots if slot.last_used <= limit]
            for slot in old:
                self._drop_idle(slot)
            if old:
                self._freed.notify_all()
        return len(old)

    def close(self, timeout_s: float = 10.0) -> None:
        """Throw everything idle away, and wait for the reaper to have done it."""
        with self._freed:
            for slot in [slot for slots in self._idle.values() for slot in slots]:
                self._drop_idle(slot)
        self._reaped.put(None)
        self._reaper.join(timeout_s)

    def _reap(self) -> None:
        while (environment := self._reaped.get()) is not None:
            try:
                environment.stop()
            except Exception:
                log.exception("An execution environment could not be stopped")
