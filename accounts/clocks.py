"""The clocks of accounts: a teacher makes a class's time pass faster, holds it, moves it on; else it is real time.

Whatever waits for a moment of such a clock (a tick of a schedule, another attempt) keeps that moment in its row, and
beside it ``due_at``, the real moment when it will be, None while the clock stands. Only ``due_at`` is looked for, so
nobody who looks for work asks what time it is for whom. When a clock is changed, those rows are told afterwards, in
steps and as often as it takes (``settle``). Nothing is lost in between: who writes such a row holds the clock until
its commit (``held``), and who takes one compares the moment, so that a stale ``due_at`` costs a look and no more.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F

from accounts import signals
from accounts.errors import ClockRefused
from accounts.models import Account, AccountClock
from core import clock, database
from core.timeline import REAL, Timeline

log = logging.getLogger(__name__)

RATES = (1, 10, 60)
LONGEST_JUMP = timedelta(days=31)
FURTHEST = timedelta(days=366)  # ahead of real time

type Settler = Callable[[str], None]
"""Brings what waits in an account in line with its clock; again and again without harm."""

_settlers: list[Settler] = []


# -- reading ---------------------------------------------------------------------------------------


def read(account_id: str) -> Timeline:
    """The clock as it is now."""
    row = AccountClock.objects.filter(account_id=account_id).first()
    return row.timeline if row else REAL


def of(account: Account) -> Timeline:
    """The clock that was read with the account: ``select_related("account__clock")`` where there are many."""
    try:
        return account.clock.timeline
    except AccountClock.DoesNotExist:
        return REAL


def held(account_ids: Iterable[str]) -> dict[str, Timeline]:
    """The clocks, which nobody changes until the caller's transaction ends: for whoever writes a ``due_at``.

    Lock the rows that wait first, then hold their clocks.
    """
    wanted = sorted(set(account_ids))
    if connection.features.has_select_for_update:  # else only one writes at a time
        missing = set(wanted) - _share(wanted)
        if missing:
            AccountClock.objects.bulk_create([AccountClock(account_id=pk) for pk in missing], ignore_conflicts=True)
            _share(missing)
    rows = AccountClock.objects.filter(account_id__in=wanted)
    return dict.fromkeys(wanted, REAL) | {row.account_id: row.timeline for row in rows}


def _share(account_ids: Iterable[str]) -> set[str]:
    """Lock rows against changes and let others do the same; those that there are."""
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(AccountClock._meta.db_table)
        cursor.execute(f"SELECT account_id FROM {table} WHERE account_id = ANY(%s) FOR SHARE", [list(account_ids)])
        return {row[0] for row in cursor.fetchall()}


# -- changing --------------------------------------------------------------------------------------


def set_rate(*, account: Account, rate: int, by: str = "") -> Timeline:
    """Let time pass that many times as fast, one of ``RATES``; a paused clock stays paused. Raises ``ClockRefused``."""
    if rate not in RATES:
        raise ClockRefused("The rate must be one of " + ", ".join(map(str, RATES)) + ".")
    return _change(account, lambda timeline, now: timeline.changed(now, rate=rate, by=by))


def pause(*, account: Account, by: str = "") -> Timeline:
    """Hold the clock: no tick comes, no retry, and no event grows older."""
    return _change(account, lambda timeline, now: timeline.changed(now, is_paused=True, by=by))


def resume(*, account: Account, by: str = "") -> Timeline:
    """Let the clock go on from where it stands."""
    return _change(account, lambda timeline, now: timeline.changed(now, is_paused=False, by=by))


def jump(*, account: Account, by: str = "", forward: timedelta | None = None, to: datetime | None = None) -> Timeline:
    """Move the clock on, by ``forward`` or ``to`` a moment that it will show. Raises ``ClockRefused``."""

    def moved(timeline: Timeline, now: datetime) -> Timeline:
        shown = timeline.shown(now)
        target = to if to is not None else shown + (forward or timedelta(0))
        if target <= shown:
            raise ClockRefused("A clock is moved forward only.")
        if target - shown > LONGEST_JUMP or target - now > FURTHEST:
            raise ClockRefused("At most 31 days at once, and a year ahead of real time.")
        return timeline.changed(now, to=target, by=by)

    return _change(account, moved)


def follow_real_time(*, account: Account, by: str = "") -> Timeline:
    """Back to real time. A clock that was ahead shows again what it has shown: what comes then, comes again."""
    return _change(account, lambda timeline, now: timeline.changed(now, rate=1, is_paused=False, to=now, by=by))


def _change(account: Account, change: Callable[[Timeline, datetime], Timeline]) -> Timeline:
    """One short transaction; whoever holds the clock is waited for."""
    with database.turn(), transaction.atomic():
        AccountClock.objects.get_or_create(account_id=account.pk)
        row = AccountClock.objects.select_for_update().get(account_id=account.pk)
        timeline = change(row.timeline, clock.now())
        AccountClock.objects.filter(pk=row.pk).update(stretches=timeline.as_json(), changes=F("changes") + 1)
        transaction.on_commit(lambda: signals.clock_changed.send(AccountClock, account_id=account.pk))
    return timeline


# -- telling those who wait ------------------------------------------------------------------------


def register(settler: Settler) -> None:
    """Have ``settler`` called with the id of each account whose clock was changed."""
    _settlers.append(settler)


def settle() -> int:
    """Tell whatever waits of changed clocks; the number of accounts. Beat asks each second, so nothing stays untold."""
    unsettled = AccountClock.objects.exclude(settled=F("changes")).values_list("account_id", "changes")
    count = 0
    for account_id, changes in list(unsettled):
        try:
            for settler in _settlers:
                settler(account_id)
        except DatabaseError:
            log.exception("What waits in %s could not be told of its clock; the next second tries again", account_id)
            continue
        count += AccountClock.objects.filter(account_id=account_id, changes=changes).update(settled=changes)
    return count
