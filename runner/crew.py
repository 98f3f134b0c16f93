"""Threads that run invocations: made when needed, kept while busy, gone after a minute without work."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from core import clock

log = logging.getLogger(__name__)

type Job = tuple[Callable[..., None], tuple[Any, ...]]


class Crew:
    """Runs each job at once on a thread of its own.

    There is no upper limit here and there must be none: an invocation that waits for another one holds its thread,
    so a full crew would wait for itself. Who hands in jobs counts slots.
    """

    _PATIENCE_S = 60.0

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._busy = 0
        self._second, self._begun, self._begun_before = 0, 0, 0
        self.freed: Callable[[], None] | None = None  # hears of every job that is over, on any thread
        self._at_rest = threading.Condition(self._lock)

    @property
    def busy(self) -> int:
        """How many jobs are handed in and not over."""
        return self._busy

    @property
    def demand(self) -> int:
        """How many jobs are handed in, or were within one of the last seconds, whichever is more."""
        with self._lock:
            self._turn()
            return max(self._busy, self._begun, self._begun_before)

    def _turn(self) -> None:
        """Another second may have begun."""
        second = int(clock.monotonic())
        if second != self._second:
            self._begun_before = self._begun if second == self._second + 1 else 0
            self._second, self._begun = second, 0

    def _enter(self) -> None:
        self._turn()
        self._busy += 1
        self._begun += 1

    def run(self, job: Callable[..., None], *args: Any) -> None:
        """Run ``job(*args)`` now."""
        with self._lock:
            self._enter()
            if self._idle:
                self._idle -= 1
                self._jobs.put((job, args))
                return
        threading.Thread(target=self._work, args=((job, args),), name=self._name, daemon=True).start()

    def enter(self) -> None:
        """Something that is not done by a thread of this crew counts as a job, until ``leave``."""
        with self._lock:
            self._enter()

    def leave(self) -> None:
        """One that entered is over."""
        with self._lock:
            self._busy -= 1
            if not self._busy:
                self._at_rest.notify_all()

    def wait_until_done(self, timeout_s: float) -> bool:
        """Wait for all jobs to end; False when some have not by then."""
        with self._at_rest:
            return self._at_rest.wait_for(lambda: self._busy == 0, timeout_s)

    def _work(self, first: Job) -> None:
        job: Job | None = first
        while job is not None:
            self._run(job)
            with self._lock:
                self._busy -= 1
                self._idle += 1
                if not self._busy:
                    self._at_rest.notify_all()
            if self.freed is not None:
                self.freed()
            job = self._next()

    def _run(self, job: Job) -> None:
        work, args = job
        try:
            work(*args)
        except Exception:
            log.exception("A job of the crew %s failed", self._name)
        finally:
            if connection.connection is not None:
                connection.close()  # a hundred idle threads need no hundred open files

    def _next(self) -> Job | None:
        try:
            return self._jobs.get(timeout=self._PATIENCE_S)
        except queue.Empty:
            with self._lock:
                if self._idle:
                    self._idle -= 1
                    return None
            return self._jobs.get()  # somebody counted on this thread a moment ago
