"""How values are spread, in bounded space: enough for percentiles within half a percent.

Values are counted in buckets whose bounds grow by a constant factor, so the relative error is the same everywhere. When
there are more than ``BUCKETS`` buckets, neighbours are joined and the factor is squared. Two sketches can be merged, in
any order, whatever their factors. Source: Masson, Rim, Lee, "DDSketch"; Epicoco and others, "UDDSketch".
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BASE = 1.01
LOG_BASE = math.log(BASE)
BUCKETS = 256

_LARGEST_EXPONENT = 709.0  # of e, in a float


def bucket_of(value: float) -> int:
    """The bucket of a positive value before any are joined."""
    return math.ceil(math.log(value) / LOG_BASE)


@dataclass(slots=True)
class Sketch:
    """Counts by bucket of the values above and below zero; neighbours were joined ``level`` times."""

    level: int = 0
    above: dict[int, float] = field(default_factory=dict)
    below: dict[int, float] = field(default_factory=dict)
    zeros: float = 0.0

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> "Sketch":
        """Of values, each with how often it occurs."""
        made = cls()
        for value, count in values:
            made._add(value, count)
        made._shrink()
        return made

    @classmethod
    def of_buckets(cls, buckets: Mapping[int, float], zeros: float = 0.0) -> "Sketch":
        """Of positive values counted by ``bucket_of``, as a database does it."""
        made = cls(above=dict(buckets), zeros=zeros)
        made._shrink()
        return made

    def merge(self, other: "Sketch") -> "Sketch":
        """A sketch of the values of both."""
        level = max(self.level, other.level)
        made = Sketch(level, zeros=self.zeros + other.zeros)
        for one in (self, other):
            _pour(one.above, made.above, level - one.level)
            _pour(one.below, made.below, level - one.level)
        made._shrink()
        return made

    def quantile(self, share: float) -> float | None:
        """The value that ``share`` (0 to 1) of all values are not above, nearly; None when there are none."""
        ordered = self._ordered()
        wanted = share * sum(count for _, count in ordered)
        seen = 0.0
        for value, count in ordered:
            seen += count
            if seen >= wanted * (1 - 1e-12):
                return value
        return ordered[-1][0] if ordered else None

    def to_json(self) -> dict[str, Any]:
        """As ``from_json`` reads it."""
        return {"l": self.level, "a": _texts(self.above), "b": _texts(self.below), "z": self.zeros}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Sketch":
        return cls(stored["l"], _numbers(stored["a"]), _numbers(stored["b"]), stored["z"])

    def _add(self, value: float, count: float) -> None:
        if value == 0:
            self.zeros += count
            return
        side, bucket = (self.above if value > 0 else self.below), bucket_of(abs(value))
        side[bucket] = side.get(bucket, 0.0) + count

    def _shrink(self) -> None:
        while len(self.above) + len(self.below) > BUCKETS:
            above, below = self.above, self.below
            self.level, self.above, self.below = self.level + 1, {}, {}
            _pour(above, self.above, 1)
            _pour(below, self.below, 1)

    def _ordered(self) -> list[tuple[float, float]]:
        found = [(-self._value(bucket), count) for bucket, count in sorted(self.below.items(), reverse=True)]
        if self.zeros:
            found.append((0.0, self.zeros))
        return found + [(self._value(bucket), count) for bucket, count in sorted(self.above.items())]

    def _value(self, bucket: int) -> float:
        """The value in a bucket that is never further than its error from any other there."""
        width = LOG_BASE * 2**self.level
        upper = math.exp(min(bucket * width, _LARGEST_EXPONENT))
        return upper * 2 / (1 + math.exp(min(width, _LARGEST_EXPONENT)))


def _pour(source: Mapping[int, float], into: dict[int, float], levels: int) -> None:
    for bucket, count in source.items():
        joined = -(-bucket >> levels)  # rounded up
        into[joined] = into.get(joined, 0.0) + count


def _texts(side: Mapping[int, float]) -> dict[str, float]:
    return {str(bucket): count for bucket, count in side.items()}


def _numbers(side: Mapping[str, float]) -> dict[int, float]:
    return {int(bucket): count for bucket, count in side.items()}
