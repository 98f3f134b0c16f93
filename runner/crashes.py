"""Versions whose environments crash again and again start ever more slowly: a loop must not take the machine."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from core import clock

_FREE_CRASHES = 3
_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.25, 5.0
_REMEMBERED = 10_000


class CrashLoops:
    """After three crashes in a row the next start waits a quarter of a second, then half … at most five seconds."""

    def __init__(self, *, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._crashes: OrderedDict[str, tuple[int, float]] = OrderedDict()  # fingerprint: in a row, last one's moment

    def pause_s(self, fingerprint: str) -> float:
        """How long to wait before starting ``fingerprint`` once more."""
        crashes, last = self._crashes.get(fingerprint, (0, 0.0))
        if crashes < _FREE_CRASHES:
            return 0.0
        pause = min(_PAUSE_FIRST_S * (1 << min(crashes - _FREE_CRASHES, 10)), _PAUSE_MAX_S)
        return max(0.0, last + pause - self._now())

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
