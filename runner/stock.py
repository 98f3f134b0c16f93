"""Generic sandboxes that wait, started before anybody asks: the dear part of a cold start is over already."""

import logging
import threading
from collections import defaultdict

from core import limits
from core.errors import ServiceError
from runner.pool import Environment, Open
from runner.runtimes import Interpreter

log = logging.getLogger(__name__)

_READY_WITHIN_S = 30.0
_PAUSE_AFTER_FAILURE_S = 5.0


class Stock:
    """Keeps ``size`` generic environments ready for each interpreter in use: one thread, one start at a time."""

    def __init__(self, *, open_environment: Open, size: int) -> None:
        self._open, self._size = open_environment, size
        self._ready: defaultdict[Interpreter, list[Environment]] = defaultdict(list)
        self._wanted: set[Interpreter] = set()
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._refill, name="stock", daemon=True)
        self._thread.start()

    def want(self, interpreter: Interpreter) -> None:
        """Functions of this interpreter are in use: keep some ready."""
        if interpreter in self._wanted or not self._size:
            return
        with self._changed:
            self._wanted.add(interpreter)
            self._changed.notify()

    def take(self, interpreter: Interpreter, ephemeral_mb: int) -> Environment:
        """A generic environment: a waiting one when it fits, else a new one. Raises ``SandboxFailure``."""
        self.want(interpreter)
        if ephemeral_mb == limits.EPHEMERAL_STORAGE_MB_DEFAULT:
            while (waiting := self._take_ready(interpreter)) is not None:
                if not waiting.is_dead:
                    return waiting
                waiting.stop()
        return self._open(interpreter, ephemeral_mb, False)

    def _take_ready(self, interpreter: Interpreter) -> Environment | None:
        with self._changed:
            self._changed.notify()
            return self._ready[interpreter].pop() if self._ready[interpreter] else None

    def close(self) -> None:
        """Stop refilling and throw away what waits."""
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join(_READY_WITHIN_S)
        for waiting in self._ready.values():
            for environment in waiting:
                environment.stop()
        self._ready.clear()

    def _missing(self) -> Interpreter | None:
        return next((one for one in self._wanted if len(self._ready[one]) < self._size), None)

    def _refill(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._missing())
                if self._over:
                    return
                interpreter = self._missing()
            if interpreter is not None and not self._add(interpreter):
                with self._changed:
                    self._changed.wait_for(lambda: self._over, _PAUSE_AFTER_FAILURE_S)

    def _add(self, interpreter: Interpreter) -> bool:
        try:
            environment = self._open(interpreter, limits.EPHEMERAL_STORAGE_MB_DEFAULT, True)
        except ServiceError as error:
            log.warning("No environment could be started ahead for %s: %s", interpreter.label, error.text)
            return False
        if not environment.wait_ready(_READY_WITHIN_S):
            log.warning("An environment started ahead for %s did not come up", interpreter.label)
            environment.stop()
            return False
        with self._changed:
            self._ready[interpreter].append(environment)
        return True
