"""The one clock. Nothing else in the product asks the system for the time of day.

Tests set it with ``frozen``; durations inside one process are measured with ``monotonic``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: datetime | None = None


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def epoch_ms() -> int:
    """The current moment in whole milliseconds since 1970, as log events carry it."""
    return time.time_ns() // 1_000_000 if _frozen is None else int(_frozen.timestamp() * 1000)


def from_epoch_ms(epoch_ms: int) -> datetime:
    """The moment, aware, in UTC."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def monotonic() -> float:
    """Seconds on a clock that never jumps: for durations and deadlines inside one process."""
    return time.monotonic()


@contextmanager
def frozen(at: datetime) -> Iterator["Frozen"]:
    """Hold the clock at ``at``; the yielded handle moves it on."""
    global _frozen
    before, _frozen = _frozen, at
    try:
        yield Frozen()
    finally:
        _frozen = before


class Frozen:
    """Moves a frozen clock."""

    def advance(self, **delta: float) -> datetime:
        """Move on by ``timedelta(**delta)`` and return the new moment."""
        global _frozen
        assert _frozen is not None
        _frozen += timedelta(**delta)
        return _frozen
