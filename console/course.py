"""How an invocation went on before it was stopped, read from what it wrote and when: where did the time go?"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

FUNCTION = "f"  # the source of a line that the function's own code wrote

type Written = tuple[int, str, str]  # epoch milliseconds, text, source


@dataclass(frozen=True, slots=True)
class Course:
    """``last`` is the last line the code wrote, ``longest_ms`` its longest step, ``after`` the line before that step.

    Both texts are empty where there is no such line.
    """

    last: str
    longest_ms: int
    after: str


def course(log: Iterable[Written]) -> Course | None:
    """None where nothing is known. The platform's lines say when it began and ended."""
    lines = [(moment, text.strip() if source == FUNCTION else "") for moment, text, source in log]
    if len(lines) < 2:
        return None
    steps = [(after[0] - before[0], before[1]) for before, after in pairwise(lines)]
    longest_ms, after = max(steps, key=lambda step: step[0])
    return Course(next((text for _, text in reversed(lines) if text), ""), longest_ms, after)
