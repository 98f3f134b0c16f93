"""Which metric: namespace, name and dimensions; and which stretch of time."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from logs.metrics.summary import Summary

type Series = dict[int, Summary]
"""Summaries by the start of their period, in epoch seconds; a period without values is absent."""

SHORT_PERIODS = (1, 5, 10, 20, 30)
MINUTE = 60
_FINE_FOR = timedelta(hours=3)


@dataclass(frozen=True, slots=True, order=True)
class MetricId:
    """A metric of an account. Dimensions are (name, value) in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str] | Iterable[Sequence[str]] = ()) -> "MetricId":
        pairs = dimensions.items() if isinstance(dimensions, Mapping) else dimensions
        return cls(namespace, name, tuple(sorted((one, value) for one, value in pairs)))

    @property
    def dimensions_key(self) -> str:
        """Short enough for an index."""
        return hashlib.sha256(json.dumps(self.dimensions).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` to before ``end``, epoch seconds, in periods of so many seconds."""

    start: int
    end: int
    period: int

    @classmethod
    def covering(cls, start: datetime, end: datetime, period: int, *, now: datetime) -> "Window":
        """The window that CloudWatch looks at.

        The start is rounded down: to the period where that is shorter than a minute and the start not older than three
        hours, else to the minute; or older than 15 days to five minutes, older than 63 days to the hour.
        Source: API reference, GetMetricStatistics, "StartTime".
        """
        age = now - start
        if age > timedelta(days=63):
            grain = 3600
        elif age > timedelta(days=15):
            grain = 300
        else:
            grain = period if period < MINUTE and age <= _FINE_FOR else MINUTE
        seconds = int(start.timestamp())
        return cls(seconds - seconds % grain, -int(-end.timestamp() // 1), period)

    @property
    def length(self) -> int:
        """How many periods there are."""
        return -(-(self.end - self.start) // self.period)

    def moment(self, start: int) -> datetime:
        """The start of a period as a moment."""
        return datetime.fromtimestamp(start, UTC)


def is_period(seconds: int) -> bool:
    """1, 5, 10, 20, 30, or a multiple of 60, up to a day."""
    return seconds in SHORT_PERIODS or (seconds > 0 and seconds % MINUTE == 0 and seconds <= 86_400)


def merge(one: Series, other: Series) -> Series:
    """Both series in one."""
    merged = dict(one)
    for start, summary in other.items():
        merged[start] = merged[start].merge(summary) if start in merged else summary
    return merged
