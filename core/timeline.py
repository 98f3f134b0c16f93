"""An account's time beside the real one: faster, paused, moved on, put back. Pure: the real moment is an argument.

A timeline is the list of what was done to a clock. It is read in two ways. What it *shows* is the moment that a
``cron()`` means; it goes back when the clock is put back. How far it has *aged* is what pauses and ages are measured
on; it never goes back, so that an event gets neither younger nor lost by the end of a lesson.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Self

KEPT = 100  # changes that are remembered; only what waited through all of them could tell


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``real`` on, time passes ``rate`` times as fast, or not at all.

    ``shows`` and ``aged`` are the account's readings at its beginning, ``era`` counts how often the clock was put back
    until then, ``by`` is who did it.
    """

    real: datetime
    shows: datetime
    aged: datetime
    rate: int = 1
    is_paused: bool = False
    era: int = 0
    by: str = ""

    @property
    def speed(self) -> int:
        """Seconds of the account in a second."""
        return 0 if self.is_paused else self.rate

    def passed(self, real: datetime) -> timedelta:
        """What has passed on the account's clock since the beginning; before it, time was real."""
        since = real - self.real
        return since * self.speed if since > timedelta(0) else since

    def real_after(self, passed: timedelta) -> datetime | None:
        """When so much has passed, the beginning at the earliest; None while the clock stands."""
        if passed <= timedelta(0):
            return self.real
        if not self.speed:
            return None
        try:
            return self.real - (-passed // self.speed)  # rounded up: it has passed by then
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Reached:
    """When a clock came to a moment; ``jumped_to`` is what it showed next when it jumped there, or over it."""

    real: datetime
    jumped_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A clock's stretches, oldest first; none at all is real time."""

    stretches: tuple[Stretch, ...] = ()

    @property
    def is_real(self) -> bool:
        """Whether the clock shows real time now and goes on with it."""
        return not self.stretches or (self._last.speed == 1 and self._last.shows == self._last.real)

    @property
    def rate(self) -> int:
        return self._last.rate if self.stretches else 1

    @property
    def is_paused(self) -> bool:
        return bool(self.stretches) and self._last.is_paused

    @property
    def era(self) -> int:
        """How often the clock was put back: what it shows after that, it may have shown before."""
        return self._last.era if self.stretches else 0

    @property
    def era_began(self) -> datetime:
        """What the clock showed when it was last put back."""
        return next(stretch.shows for stretch in self.stretches if stretch.era == self.era)

    @property
    def _last(self) -> Stretch:
        return self.stretches[-1]

    def _at(self, real: datetime) -> Stretch:
        place = bisect_right(self.stretches, real, key=lambda stretch: stretch.real)
        return self.stretches[max(0, place - 1)]

    # -- readings ----------------------------------------------------------------------------------

    def shown(self, real: datetime) -> datetime:
        """What the account's clock shows at a real moment, one of the past as well."""
        if not self.stretches:
            return real
        stretch = self._at(real)
        return stretch.shows + stretch.passed(real)

    def aged(self, real: datetime) -> datetime:
        """How far it has come, not counting that it was put back."""
        if not self.stretches:
            return real
        stretch = self._at(real)
        return stretch.aged + stretch.passed(real)

    def age(self, since: datetime, until: datetime) -> timedelta:
        """How much time of the account lies between two real moments."""
        return self.aged(until) - self.aged(since)

    def real_of(self, moment: datetime) -> datetime | None:
        """When the clock shows a moment: its last change at the earliest, None while it stands before it."""
        return self._last.real_after(moment - self._last.shows) if self.stretches else moment

    def real_of_aged(self, aged: datetime) -> datetime | None:
        """When it has come so far: its last change at the earliest, None while it stands before it."""
        return self._last.real_after(aged - self._last.aged) if self.stretches else aged

    def is_early(self, due_aged: datetime | None, real: datetime) -> bool:
        """Whether it has not come so far yet: a row that was found due and is not, its clock having been changed."""
        return due_aged is not None and due_aged > self.aged(real)

    def reached(self, moment: datetime) -> Reached:
        """When, since it was last put back, the clock came to a moment that it shows or has passed by now."""
        if not self.stretches:
            return Reached(moment)
        of_era = [stretch for stretch in self.stretches if stretch.era == self.era]
        if moment <= of_era[0].shows:
            return Reached(of_era[0].real - (of_era[0].shows - moment))
        for before, after in pairwise(of_era):
            if moment <= before.shows + before.passed(after.real):
                return Reached(before.real_after(moment - before.shows) or after.real)
            if moment <= after.shows:
                return Reached(after.real, jumped_to=after.shows)
        return Reached(self.real_of(moment) or self._last.real)

    # -- changes -----------------------------------------------------------------------------------

    def changed(
        self,
        now: datetime,
        *,
        rate: int | None = None,
        is_paused: bool | None = None,
        to: datetime | None = None,
        by: str = "",
    ) -> Self:
        """The timeline with another stretch from ``now`` on; what is not given stays. ``to`` is what the clock is to show."""
        stretches = self.stretches or (Stretch(now, now, now),)
        now = max(now, stretches[-1].real)  # the real clock may have been put back meanwhile
        begun = replace(self, stretches=stretches)
        shows = begun.shown(now)
        to = shows if to is None else to
        stretch = Stretch(
            real=now,
            shows=to,
            aged=begun.aged(now) + max(to - shows, timedelta(0)),
            rate=begun.rate if rate is None else rate,
            is_paused=begun.is_paused if is_paused is None else is_paused,
            era=begun.era + (to < shows),
            by=by,
        )
        return replace(self, stretches=(*stretches, stretch)[-KEPT:])

    # -- storing -----------------------------------------------------------------------------------

    def as_json(self) -> list[list[Any]]:
        """Rows of plain values."""
        return [
            [
                stretch.real.isoformat(),
                stretch.shows.isoformat(),
                stretch.aged.isoformat(),
                stretch.rate,
                stretch.is_paused,
                stretch.era,
                stretch.by,
            ]
            for stretch in self.stretches
        ]

    @classmethod
    def from_json(cls, rows: Iterable[list[Any]]) -> Self:
        """What ``as_json`` gave."""
        return cls(
            tuple(Stretch(_moment(real), _moment(shows), _moment(aged), *rest) for real, shows, aged, *rest in rows)
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


REAL = Timeline()
