"""The synchronous lane, on the worker's side: calls come from a Redis list, answers go to another.

It runs inside the Celery worker's process beside Celery's own consumer, and costs a fifth of a millisecond where a
Celery task there and back costs two.
"""

import logging
import threading
from collections.abc import Callable

from core import redis
from runner import bell
from runner.crew import Crew
from runner.rendezvous import LANE, NESTED_LANE

log = logging.getLogger(__name__)

_WAIT_S, _WAIT_WHILE_FULL_S = 2.0, 0.05
_PAUSE_AFTER_ERROR_S = 0.5


class Lane:
    """Pops calls while there is a free slot and hands each to ``serve`` on a thread of ``crew``; hears the bell.

    Calls of functions that wait for other functions come on a list of their own, which is served whether or not a
    slot is free: their callers hold slots until they are answered. Either ``serve`` or ``on_bell`` may be None: a
    worker for one kind of work leaves the other's messages to others.
    """

    def __init__(
        self,
        *,
        crew: Crew,
        slots: int,
        serve: Callable[[bytes], None] | None,
        on_bell: Callable[[], None] | None,
    ) -> None:
        self._crew, self._slots, self._serve, self._on_bell = crew, slots, serve, on_bell
        self._over = threading.Event()
        self._waiter = redis.Waiter()
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more calls; those already taken are served."""
        self._over.set()
        self._waiter.interrupt()
        self._thread.join(_WAIT_S + 5)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._take_one()
            except redis.Unavailable as error:
                log.warning("Waiting for Redis to come back: %s", error)
                self._over.wait(_PAUSE_AFTER_ERROR_S)
        self._waiter.close()

    def _take_one(self) -> None:
        is_full = self._serve is not None and self._crew.busy >= self._slots
        popped = self._waiter.pop(self._lists(is_full=is_full), _WAIT_WHILE_FULL_S if is_full else _WAIT_S)
        if popped is None:
            return
        key, raw = popped
        if key == bell.KEY and self._on_bell is not None:
            self._on_bell()
        elif self._serve is not None:
            self._crew.run(self._serve, raw)

    def _lists(self, *, is_full: bool) -> list[str]:
        """What to listen to, the most urgent first."""
        bells = [bell.KEY] if self._on_bell is not None else []
        if self._serve is None:
            return bells
        return [*bells, NESTED_LANE] if is_full else [*bells, NESTED_LANE, LANE]
