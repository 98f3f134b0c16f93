"""What clients did and what they were told, and whether that fits what the product has in the end.

In the manner of Jepsen's total-queue: a client puts values in, every attempt ends as ``ok`` (acknowledged), ``fail``
(certainly not done) or ``info`` (nobody knows: a time-out, a broken connection), and what came out is compared with
that. An attempt that was begun and never completed is ``info`` too. Unknown is not failed.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass(slots=True)
class Attempt:
    """One try to put ``value`` in. ``reference``: what the product called it when it acknowledged it."""

    value: int
    outcome: Outcome = Outcome.INFO
    reference: str = ""
    said: str = ""  # for whoever reads a failing test


@dataclass(frozen=True, slots=True)
class Verdict:
    """Values by what became of them.

    ``lost``        acknowledged, and never came out
    ``unexpected``  came out, and nobody put it in: never tried, or every attempt certainly failed
    ``duplicated``  came out more often than it can have been put in
    ``recovered``   came out although no attempt was acknowledged: allowed, and worth knowing
    """

    acknowledged: int
    lost: frozenset[int]
    unexpected: frozenset[int]
    duplicated: frozenset[int]
    recovered: frozenset[int]

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.unexpected or self.duplicated)

    def __str__(self) -> str:
        counts = {name: len(getattr(self, name)) for name in ("lost", "unexpected", "duplicated", "recovered")}
        return f"{self.acknowledged} acknowledged, " + ", ".join(f"{number} {name}" for name, number in counts.items())


@dataclass
class History:
    """All attempts of many threads."""

    attempts: list[Attempt] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, value: int) -> Attempt:
        """An attempt begins; until ``complete`` its outcome is unknown."""
        attempt = Attempt(value)
        with self._lock:
            self.attempts.append(attempt)
        return attempt

    @staticmethod
    def complete(attempt: Attempt, outcome: Outcome, *, reference: str = "", said: str = "") -> None:
        attempt.reference, attempt.said = reference, said
        attempt.outcome = outcome

    def acknowledged(self) -> dict[str, int]:
        """What was promised: reference → value."""
        with self._lock:
            return {one.reference: one.value for one in self.attempts if one.outcome is Outcome.OK}

    def count(self, outcome: Outcome) -> int:
        with self._lock:
            return sum(one.outcome is outcome for one in self.attempts)

    def judge(self, came_out: Iterable[int]) -> Verdict:
        """Compare with the values that came out, each as often as it did."""
        ended = Counter(came_out)
        possible: Counter[int] = Counter(one.value for one in self.attempts if one.outcome is not Outcome.FAIL)
        acknowledged = Counter(one.value for one in self.attempts if one.outcome is Outcome.OK)
        return Verdict(
            acknowledged=acknowledged.total(),
            lost=frozenset(value for value, times in acknowledged.items() if ended[value] < times),
            unexpected=frozenset(value for value in ended if not possible[value]),
            duplicated=frozenset(value for value, times in ended.items() if times > possible[value] > 0),
            recovered=frozenset(value for value in ended if possible[value] and not acknowledged[value]),
        )


def out_of_order(sent: Sequence[int], received: Iterable[int]) -> list[int]:
    """What overtook another one of its group: it came though the one sent before it had not come just before.

    What came before may come again, when whoever had it died before it was deleted; then those behind it do, too.
    """
    places = {value: place for place, value in enumerate(sent)}
    wrong, last = [], -1
    for value in received:
        if places[value] > last + 1:
            wrong.append(value)
        last = places[value]
    return wrong
