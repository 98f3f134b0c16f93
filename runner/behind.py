"""Events in line behind those that run, where a function runs as many as it may.

A thousand events of a function with a concurrency of one would each go round by the dispatcher, Redis and the
database before the next one begins. Instead some are claimed at once: as soon as one ends the next begins in its
place, with its lease. They wait for a moment only; those whose turn does not come are put back into the queue.
"""

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from core import clock
from runner.claims import Claimed, ClaimKey
from runner.lookup import Found

MOST = 50  # of a function
_WAIT_S = 0.25  # so long at most the last one should wait, as long as the events before it take
PATIENCE_S = 1.0  # and so long it does
_OVERHEAD_S = 0.001  # between the end of one and the start of the next
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """One event in line, since a monotonic moment."""

    claimed: Claimed
    found: Found
    since: float


class Behind:
    """The lines of a worker, by function; for any thread."""

    def __init__(self, *, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._lines: defaultdict[UUID, OrderedDict[ClaimKey, Place]] = defaultdict(OrderedDict)
        self._usual_s: dict[UUID, float] = {}  # how long one takes, of late
        self._begun: dict[ClaimKey, str] = {}  # out of line and not over: the account

    def took(self, function_id: UUID, seconds: float) -> None:
        """An event of this function was executed, and took so long."""
        with self._lock:
            if len(self._usual_s) > _REMEMBERED:
                self._usual_s.clear()
            self._usual_s[function_id] = (self._usual_s.get(function_id, seconds) + seconds) / 2

    def room(self, function_id: UUID, running: int) -> int:
        """How many more may stand behind so many that run; none while it is not known how long they take."""
        with self._lock:
            usual_s = self._usual_s.get(function_id)
            if usual_s is None:
                return 0
            fitting = min(MOST, int(running * _WAIT_S / (usual_s + _OVERHEAD_S)))
            return max(0, fitting - len(self._lines.get(function_id, ())))

    def put(self, claimed: Claimed, found: Found) -> None:
        """Stand in line."""
        with self._lock:
            self._lines[claimed.function_id][claimed.key] = Place(claimed, found, self._now())

    def begin(self, function_id: UUID) -> Place | None:
        """The first in line leaves it, to be executed; one that has waited for too long is left where it is."""
        with self._lock:
            line = self._lines.get(function_id)
            if not line:
                return None
            place = next(iter(line.values()))
            if self._now() - place.since > PATIENCE_S:  # this process may have slept: somebody else may have it
                return None
            self._remove(place.claimed)
            self._begun[place.claimed.key] = place.claimed.account_id
            return place

    def over(self, key: ClaimKey) -> None:
        """One that began has ended."""
        with self._lock:
            self._begun.pop(key, None)

    def running(self) -> Counter[str]:
        """How many of those that began run, by account: their rows do not tell yet."""
        with self._lock:
            return Counter(self._begun.values())

    def withdraw(self, wanted: Callable[[Place], bool] = lambda _place: True) -> list[Claimed]:
        """Take out of line whoever is ``wanted``, all others stay."""
        with self._lock:
            found = [place.claimed for line in self._lines.values() for place in line.values() if wanted(place)]
            for claimed in found:
                self._remove(claimed)
            return found

    def _remove(self, claimed: Claimed) -> None:
        line = self._lines[claimed.function_id]
        del line[claimed.key]
        if not line:
            del self._lines[claimed.function_id]
