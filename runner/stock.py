"""Generic sandboxes that wait, started before anybody asks: the dear part of a cold start is over already."""

import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core import clock, limits
from core.errors import ServiceError
from runner.pool import Environment, Open
from runner.runtimes import Interpreter
from runner.sandboxes.base import Sdk

log = logging.getLogger(__name__)

MOST = 64  # for one interpreter, whatever is expected
_READY_WITHIN_S = 30.0
_FEW, _RUSH_S = 6, 3.0  # so many within so long are a rush
_ENDED_AT_ONCE = 4  # sixty, one after another, take longer than who stops us waits
_PAUSE_AFTER_FAILURE_S = 5.0


@dataclass(frozen=True, slots=True)
class _Ready:
    """An environment that waits, and how it came by the SDK."""

    sdk: Sdk
    environment: Environment

    def serves(self, sdk: Sdk) -> bool:
        return self.sdk is not Sdk.UNUSED or sdk is Sdk.UNUSED


class Stock:
    """Keeps ``size`` generic environments ready for each interpreter in use, and as many more as are expected.

    ``starters`` are started at a time. ``room`` says for how many more than ``size`` there is memory to spare. While
    many are missing or taken they are started without the SDK, where that takes longer than all the rest (``is_slow``);
    else such as was asked for last.
    """

    def __init__(
        self,
        *,
        open_environment: Open,
        size: int,
        starters: int = 1,
        is_slow: bool = True,
        room: Callable[[], int] = lambda: MOST,
    ) -> None:
        self._open, self._size, self._is_slow, self._room = open_environment, size, is_slow, room
        self._ready: defaultdict[Interpreter, list[_Ready]] = defaultdict(list)
        self._coming: Counter[Interpreter] = Counter()
        self._wanted: set[Interpreter] = set()
        self._taken: deque[float] = deque(maxlen=_FEW)  # when
        self._asked_for = Sdk.AT_HAND  # by the last who took one
        self._expected: Mapping[Interpreter, int] = {}
        self._changed = threading.Condition()
        self._over = False
        self._threads = [
            threading.Thread(target=self._refill, name=f"stock-{number}", daemon=True) for number in range(starters)
        ]
        for thread in self._threads:
            thread.start()

    def want(self, interpreter: Interpreter) -> None:
        """Functions of this interpreter are in use: keep some ready."""
        if interpreter in self._wanted or not self._size:
            return
        with self._changed:
            self._wanted.add(interpreter)
            self._changed.notify_all()

    def expect(self, expected: Mapping[Interpreter, int]) -> None:
        """So many will soon be asked for; of what is ready and not expected any more, one each is thrown away."""
        for interpreter in expected:
            self.want(interpreter)
        with self._changed:
            self._expected = expected
            self._changed.notify_all()
            spare = [ready.pop(0) for one, ready in self._ready.items() if len(ready) > self._target(one)]
        for one in spare:
            one.environment.stop()

    def take(self, interpreter: Interpreter, ephemeral_mb: int, sdk: Sdk) -> Environment:
        """A generic environment: a waiting one when it fits, else a new one, by ``sdk``. Raises ``SandboxFailure``."""
        self.want(interpreter)
        self._taken.append(clock.monotonic())
        self._asked_for = sdk
        if ephemeral_mb == limits.EPHEMERAL_STORAGE_MB_DEFAULT:
            while (waiting := self._take_ready(interpreter, sdk)) is not None:
                if not waiting.is_dead:
                    return waiting
                waiting.stop()
        try:
            return self._open(interpreter, ephemeral_mb, sdk)
        except ServiceError:
            if not self._make_room():
                raise
        return self._open(interpreter, ephemeral_mb, sdk)

    def _is_calm(self) -> bool:
        """Whether no more than two a second have been taken of late."""
        return len(self._taken) < _FEW or clock.monotonic() - self._taken[0] > _RUSH_S

    def _take_ready(self, interpreter: Interpreter, sdk: Sdk) -> Environment | None:
        with self._changed:
            self._changed.notify_all()
            ready = self._ready[interpreter]
            fitting = [one for one in ready if one.serves(sdk)]
            best = next((one for one in fitting if one.sdk is sdk), fitting[-1] if fitting else None)
            if best is None:
                return None
            ready.remove(best)
            return best.environment

    def _make_room(self) -> bool:
        """Who is here comes before who is expected: give one up, of whichever there are most."""
        with self._changed:
            most = max(self._ready.values(), key=len, default=[])
            spare = most.pop(0) if most else None
        if spare is not None:
            spare.environment.stop()
        return spare is not None

    def close(self) -> None:
        """Stop refilling and throw away what waits."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_READY_WITHIN_S)
        left = [one.environment for ready in self._ready.values() for one in ready]
        self._ready.clear()
        with ThreadPoolExecutor(_ENDED_AT_ONCE) as several:
            for environment in left:
                several.submit(environment.stop)

    def _target(self, interpreter: Interpreter) -> int:
        return self._size + max(0, min(self._expected.get(interpreter, 0), MOST, self._room()))

    def _shortage(self, interpreter: Interpreter) -> int:
        return self._target(interpreter) - len(self._ready[interpreter]) - self._coming[interpreter]

    def _missing(self) -> Interpreter | None:
        return next((one for one in self._wanted if self._shortage(one) > 0), None)

    def _refill(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._missing())
                if self._over:
                    return
                if (interpreter := self._missing()) is None:
                    continue
                if self._is_calm() and self._shortage(interpreter) <= self._size:
                    sdk = Sdk.AHEAD
                else:
                    sdk = Sdk.AT_HAND if self._is_slow else self._asked_for
                self._coming[interpreter] += 1
            came = False
            try:
                came = self._add(interpreter, sdk)
            finally:
                with self._changed:
                    self._coming[interpreter] -= 1
                    if not came:
                        self._changed.wait_for(lambda: self._over, _PAUSE_AFTER_FAILURE_S)

    def _add(self, interpreter: Interpreter, sdk: Sdk) -> bool:
        try:
            environment = self._open(interpreter, limits.EPHEMERAL_STORAGE_MB_DEFAULT, sdk)
        except ServiceError as error:
            log.warning("No environment could be started ahead for %s: %s", interpreter.label, error.text)
            return False
        if not environment.wait_ready(_READY_WITHIN_S):
            log.warning("An environment started ahead for %s did not come up", interpreter.label)
            environment.stop()
            return False
        with self._changed:
            self._ready[interpreter].append(_Ready(sdk, environment))
        return True
