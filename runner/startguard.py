"""How many environments may start at once, and how soon one that keeps crashing may start again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core import clock

_FREE_CRASHES = 3
_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.25, 5.0
_REMEMBERED = 10_000


class StartGuard:
    """Starts are bounded; a version that crashes again and again starts ever more slowly, up to five seconds apart."""

    def __init__(self, *, parallel: int = 4, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._places = threading.BoundedSemaphore(parallel)
        self._lock = threading.Lock()
        self._crashes: OrderedDict[str, tuple[int, float]] = OrderedDict()  # fingerprint: in a row, last one's moment

    @contextmanager
    def place(self, *, nested: bool = False) -> Iterator[None]:
        """Hold one of the places to start in. ``nested`` never waits: its caller may hold a place."""
        if nested:
            yield
            return
        with self._places:
            yield

    def pause_s(self, fingerprint: str) -> float:
        """How long to wait before starting ``fingerprint`` once more."""
        with self._lock:
            crashes, last = self._crashes.get(fingerprint, (0, 0.0))
        if crashes < _FREE_CRASHES:
            return 0.0
        pause = min(_PAUSE_FIRST_S * (1 << min(crashes - _FREE_CRASHES, 10)), _PAUSE_MAX_S)
        return max(0.0, last + pause - self._now())

    def wait(self, fingerprint: str) -> None:
        """Wait as long as ``pause_s`` says."""
        if pause := self.pause_s(fingerprint):
            time.sleep(pause)

    def crashed(self, fingerprint: str) -> None:
        """An environment of it did not live through its init phase, or ended during an invocation."""
        with self._lock:
            crashes, _last = self._crashes.pop(fingerprint, (0, 0.0))
            self._crashes[fingerprint] = (crashes + 1, self._now())
            while len(self._crashes) > _REMEMBERED:
                self._crashes.popitem(last=False)

    def went_well(self, fingerprint: str) -> None:
        """It answered: whatever happened before is forgotten."""
        if fingerprint in self._crashes:
            with self._lock:
                self._crashes.pop(fingerprint, None)
