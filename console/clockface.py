"""An account's clock as pages show it: what it shows, how it goes, who may set it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import clocks
from accounts.models import Account, User
from accounts.selectors import may_set_clock
from core import clock
from core.timeline import Stretch, Timeline

_CHANGES = 10


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done to a clock: when, what it showed from then on, and in words."""

    real: datetime
    shows: datetime
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class Face:
    """The clock of one account at one real moment, for whoever looks at it."""

    account: Account
    user: Any
    timeline: Timeline
    now: datetime

    @property
    def is_real(self) -> bool:
        return self.timeline.is_real

    @property
    def is_paused(self) -> bool:
        return self.timeline.is_paused

    @property
    def rate(self) -> int:
        return self.timeline.rate

    @property
    def was_set(self) -> bool:
        """Whether it was ever anything but real, so that moments of the past may differ."""
        return bool(self.timeline.stretches)

    @property
    def shows(self) -> datetime:
        return self.timeline.shown(self.now)

    @property
    def state(self) -> str:
        """How it goes, in words."""
        if self.is_paused:
            return _("paused")
        if self.is_real:
            return _("real time")
        return f"×{self.rate}" if self.rate > 1 else _("as fast as real time")

    @property
    def may_change(self) -> bool:
        return isinstance(self.user, User) and may_set_clock(user=self.user, account=self.account)

    def coming(self, moments: list[datetime]) -> list[tuple[datetime, datetime | None]]:
        """Moments of this clock, each with the real one where that is known and another."""
        return [(moment, None if self.is_real else self.timeline.real_of(moment)) for moment in moments]

    def changes(self) -> list[Change]:
        """What was done to it, the latest first."""
        stretches = self.timeline.stretches[-_CHANGES - 1 :]
        return [_change(before, after) for before, after in pairwise(stretches)][::-1]


def of(account: Account, user: Any = None) -> Face:
    """The clock of an account now."""
    return Face(account, user, clocks.of(account), clock.now())


def _change(before: Stretch, after: Stretch) -> Change:
    return Change(after.real, after.shows, " · ".join(_words(before, after)), after.by)


def _words(before: Stretch, after: Stretch) -> Iterator[str]:
    moved = after.shows - (before.shows + before.passed(after.real))
    if moved:
        yield _("moved on by %(time)s") % {"time": length(moved)} if moved > timedelta(0) else _("put back")
    if after.is_paused != before.is_paused:
        yield _("paused") if after.is_paused else _("goes on")
    if after.rate != before.rate or not (moved or after.is_paused != before.is_paused):
        yield f"×{after.rate}"


def length(passed: timedelta) -> str:
    """A stretch of time to the second: 0:01:00, 2 days, 3:00:00."""
    whole = timedelta(seconds=round(passed.total_seconds()))
    days = ngettext("%(count)s day", "%(count)s days", whole.days) % {"count": whole.days} if whole.days else ""
    return ", ".join(filter(None, (days, str(whole - timedelta(days=whole.days)))))
