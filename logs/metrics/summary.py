"""What is known of a metric's values in one period, and the statistics that can be told from it. Pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from logs.metrics.sketch import Sketch

_PERCENTILE = re.compile(r"p(100(?:\.0{1,10})?|\d{1,2}(?:\.\d{1,10})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Summary:
    """Of ``count`` values; ``sketch`` is None when it is not known how they are spread."""

    count: float
    total: float
    minimum: float
    maximum: float
    sketch: Sketch | None = None

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> "Summary":
        """Of at least one value, each with how often it occurs."""
        known = list(values)
        return cls(
            count=sum(count for _, count in known),
            total=sum(value * count for value, count in known),
            minimum=min(value for value, _ in known),
            maximum=max(value for value, _ in known),
            sketch=Sketch.of(known),
        )

    def merge(self, other: "Summary") -> "Summary":
        """The summary of the values of both."""
        spread = self.sketch.merge(other.sketch) if self.sketch is not None and other.sketch is not None else None
        return Summary(
            count=self.count + other.count,
            total=self.total + other.total,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            sketch=spread,
        )

    def percentile(self, percent: float) -> float | None:
        """Within half a percent for an ordinary spread; None where that is not known, as from statistic sets."""
        value = self.sketch.quantile(percent / 100) if self.sketch is not None else None
        return None if value is None else min(max(value, self.minimum), self.maximum)


type Statistic = Callable[[Summary], float | None]

BASIC: dict[str, Statistic] = {
    "SampleCount": lambda summary: summary.count,
    "Average": lambda summary: summary.total / summary.count if summary.count else None,
    "Sum": lambda summary: summary.total,
    "Minimum": lambda summary: summary.minimum,
    "Maximum": lambda summary: summary.maximum,
}


def find_statistic(name: str) -> Statistic | None:
    """``SampleCount``, ``Average``, ``Sum``, ``Minimum``, ``Maximum`` or a percentile (``p95``, ``p99.9``), else None."""
    if name in BASIC:
        return BASIC[name]
    if match := _PERCENTILE.fullmatch(name):
        percent = float(match[1])
        return lambda summary: summary.percentile(percent)
    return None


def needs_spread(name: str) -> bool:
    """Whether a statistic is more than sums and extremes."""
    return name not in BASIC
