"""How much a log group may take: so much a second, and so much in all. Nothing a function prints fills the disk."""

from collections import OrderedDict
from threading import Lock

from core.limits import MIB

RATE = 5 * MIB  # bytes a second
BURST = 2 * RATE
_REMEMBERED = 20_000


class Budget[K]:
    """A bucket for each key that fills with ``RATE`` bytes a second up to ``BURST``."""

    def __init__(self, *, rate: int = RATE, burst: int = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._levels: OrderedDict[K, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: K, size: int, *, now: float) -> bool:
        """Whether ``size`` bytes more fit now (seconds on any clock that does not jump); they count if they do."""
        with self._lock:
            level, at = self._levels.pop(key, (float(self._burst), now))
            level = min(self._burst, level + (now - at) * self._rate)
            fits = size <= level
            self._levels[key] = (level - size if fits else level, now)
            if len(self._levels) > _REMEMBERED:
                self._levels.popitem(last=False)
            return fits
