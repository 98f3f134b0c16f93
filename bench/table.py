"""The table that ``make bench`` prints, and ``docs/performance.md`` shows."""

from dataclasses import dataclass

HEAD = "| what | measured | first bar | goal |\n|---|---|---|---|"


@dataclass(frozen=True)
class Target:
    """Something to reach, and whether it was."""

    words: str
    met: bool

    def __str__(self) -> str:
        return f"{self.words} {'✓' if self.met else '✗'}"


@dataclass(frozen=True)
class Row:
    """One line. ``bar``: what must hold now; ``goal``: where it is to go."""

    what: str
    measured: str
    bar: Target | None = None
    goal: Target | None = None

    def __str__(self) -> str:
        return f"| {self.what} | {self.measured} | {self.bar or ''} | {self.goal or ''} |"


def at_most(
    value: float, bar: float | None, goal: float | None, unit: str, what: str = ""
) -> tuple[Target | None, Target | None]:
    """The targets of a figure that should be small."""
    words = f"{what} ≤ ".lstrip()
    return (
        None if bar is None else Target(f"{words}{bar:g} {unit}", value <= bar),
        None if goal is None else Target(f"{words}{goal:g} {unit}", value <= goal),
    )


def at_least(value: float, bar: float | None, goal: float | None, unit: str) -> tuple[Target | None, Target | None]:
    """The targets of a figure that should be large."""
    return (
        None if bar is None else Target(f"≥ {bar:,.0f}{unit}", value >= bar),
        None if goal is None else Target(f"≥ {goal:,.0f}{unit}", value >= goal),
    )
