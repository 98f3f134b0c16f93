"""Charts as figures for an SVG: drawn here, no script. Numbers are written for SVG and for reading, never localised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import Any

WIDTH, HEIGHT = 560.0, 168.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 10.0, 22.0
TICKS = 5
DOT = "m-2.2 0a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0"  # a value that stands alone in a line


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a value for each period, None where nothing was measured. ``hue`` names a colour of the style sheet."""

    label: Any
    values: Sequence[float | None]
    hue: str = "accent"


@dataclass(frozen=True, slots=True)
class Row:
    """One period in words: for the pointer and for the table."""

    at: datetime
    values: tuple[str, ...]


class Chart:
    """Some series over the same periods, as bars (amounts) or lines (levels). ``starts`` are the periods' beginnings."""

    def __init__(
        self,
        *,
        key: str,
        title: Any,
        starts: Sequence[datetime],
        period: timedelta,
        lines: Sequence[Line],
        unit: str = "",
        bars: bool = False,
        summary: Any = "",
    ) -> None:
        self.key, self.title, self.unit, self.summary = key, title, unit, summary
        self.lines, self.bars, self.period = lines, bars, period
        self.starts = starts
        self.top = nice_top(max((value for line in lines for value in line.values if value is not None), default=0.0))
        self._step = (WIDTH - LEFT - RIGHT) / max(len(starts), 1)

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH:g} {HEIGHT:g}"

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured at all."""
        return all(value is None for line in self.lines for value in line.values)

    @property
    def grid(self) -> list[dict[str, str]]:
        """The horizontal lines, with what they stand for."""
        return [
            {"y": f"{self._y(value):.1f}", "label": short(value), "left": f"{LEFT:g}", "right": f"{WIDTH - RIGHT:g}"}
            for value in (0.0, self.top / 2, self.top)
            if value.is_integer() or not self.bars
        ]

    @property
    def ticks(self) -> list[dict[str, str]]:
        """The moments written under the chart, in UTC."""
        every = max(1, len(self.starts) // TICKS)
        form = "%H:%M" if self.period * len(self.starts) <= timedelta(days=1) else "%m-%d %H:%M"
        return [
            {"x": f"{self._x(index):.1f}", "label": f"{at.astimezone(UTC):{form}}", "y": f"{HEIGHT - 6:g}"}
            for index, at in enumerate(self.starts)
            if index % every == 0 and index + every // 2 < len(self.starts)
        ]

    @property
    def paths(self) -> list[dict[str, Any]]:
        """Each series as one path; a value that stands alone in a line is a dot."""
        draw = self._bar_path if self.bars else self._line_path
        return [{"label": line.label, "hue": line.hue, "d": draw(line, index)} for index, line in enumerate(self.lines)]

    @property
    def rows(self) -> list[Row]:
        """The periods in which something was measured."""
        return [
            Row(at, tuple(exact(line.values[index], self.unit) for line in self.lines))
            for index, at in enumerate(self.starts)
            if any(line.values[index] is not None for line in self.lines)
        ]

    @property
    def spots(self) -> list[dict[str, Any]]:
        """What the pointer meets: a column for each measured period, and what it says."""
        where = {at: index for index, at in enumerate(self.starts)}
        return [
            {
                "x": f"{LEFT + where[row.at] * self._step:.1f}",
                "width": f"{self._step:.2f}",
                "height": f"{HEIGHT - BOTTOM:g}",
                "at": f"{row.at.astimezone(UTC):%Y-%m-%d %H:%M}",
                "values": list(zip((line.label for line in self.lines), row.values, strict=True)),
            }
            for row in self.rows
        ]

    def _x(self, index: int) -> float:
        return LEFT + (index + 0.5) * self._step

    def _y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / self.top)

    def _bar_path(self, line: Line, place: int) -> str:
        wide = max(self._step * 0.72 / len(self.lines), 0.8)
        first = -wide * len(self.lines) / 2 + place * wide
        return "".join(
            f"M{self._x(index) + first:.1f} {self._y(0):.1f}V{self._y(value):.1f}h{wide:.1f}V{self._y(0):.1f}Z"
            for index, value in enumerate(line.values)
            if value
        )

    def _line_path(self, line: Line, _place: int) -> str:
        words: list[str] = []
        for index, value in enumerate(line.values):
            if value is None:
                continue
            joined = index > 0 and line.values[index - 1] is not None
            words.append(f"{'L' if joined else 'M'}{self._x(index):.1f} {self._y(value):.1f}")
            if not joined and (index + 1 == len(line.values) or line.values[index + 1] is None):
                words.append(DOT)
        return "".join(words)


def nice_top(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten: where an axis ends."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if value <= step * power * (1 + 1e-9))


def short(value: float) -> str:
    """A number for an axis: 0.5, 20, 1.5k, 2M."""
    for size, letter in ((1_000_000.0, "M"), (10_000.0, "k")):
        if value >= size:
            return f"{value / (1_000_000 if letter == 'M' else 1_000):g}{letter}"
    return f"{value:g}"


def exact(value: float | None, unit: str) -> str:
    """A number for reading, with its unit; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.4g} {unit}".rstrip() if abs(value) < 10_000 else f"{value:.0f} {unit}".rstrip()
