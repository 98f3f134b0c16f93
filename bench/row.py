"""One line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table. ``bar``: what must hold now; ``goal``: where it is to go."""

    what: str
    measured: str
    bar: str = ""
    goal: str = ""
    good: bool = True
