"""When rules and schedules fire next, on their account's clock: kept in the transaction that changes them."""

from datetime import datetime, timedelta
from functools import lru_cache

from accounts import clocks
from core import clock
from core.timeline import Timeline
from triggers.cron import At, Expression, Rate, parse_rule_expression, parse_schedule_expression
from triggers.models import Rule, Schedule, Timetable

_INSTANT = timedelta(microseconds=1)


@lru_cache(maxsize=10_000)
def _of_rule(text: str) -> Expression:
    return parse_rule_expression(text)


@lru_cache(maxsize=10_000)
def _of_schedule(text: str, zone: str) -> Expression:
    return parse_schedule_expression(text, zone)


def expression_of(timetable: Timetable) -> Expression:
    """Its expression, which was checked when it was set."""
    if timetable.rule_id is not None:
        return _of_rule(timetable.expression)
    return _of_schedule(timetable.expression, timetable.zone)


def next_after(timetable: Timetable, moment: datetime) -> datetime | None:
    """The first tick after ``moment``, None when none is left."""
    found = expression_of(timetable).next_after(moment, anchor=timetable.anchor)
    return None if found is not None and timetable.ends_at is not None and found > timetable.ends_at else found


def upcoming(timetable: Timetable, *, count: int = 5) -> list[datetime]:
    """The next ticks from what is due on; empty while it is off."""
    found: list[datetime] = []
    moment = timetable.next_at
    while moment is not None and len(found) < count:
        found.append(moment)
        moment = next_after(timetable, moment)
    return found


def keep_for_rule(rule: Rule) -> None:
    """A rate is counted from the moment its expression was set; what is off has no next tick."""
    if not rule.schedule_expression:
        Timetable.objects.filter(rule=rule).delete()
        return
    timeline = clocks.held([rule.account_id])[rule.account_id]
    shown = timeline.shown(clock.now())
    row = Timetable.objects.filter(rule=rule).first() or Timetable(rule=rule, account_id=rule.account_id)
    if row.expression != rule.schedule_expression:
        row.expression, row.anchor = rule.schedule_expression, shown
    _plan(row, timeline, shown)
    align(row, timeline)
    row.save()


def keep_for_schedule(schedule: Schedule) -> None:
    """A rate begins at its start date, or at once; an ``at()`` that is over is looked at once more and found late."""
    timeline = clocks.held([schedule.account_id])[schedule.account_id]
    shown = timeline.shown(clock.now())
    row = Timetable.objects.filter(schedule=schedule).first()
    row = row or Timetable(schedule=schedule, account_id=schedule.account_id, anchor=shown)
    expression = _of_schedule(schedule.expression, schedule.zone)
    if isinstance(expression, Rate) and (row.expression != schedule.expression or schedule.starts_at is not None):
        row.anchor = (schedule.starts_at or shown) - expression.period
    row.expression, row.zone, row.ends_at = schedule.expression, schedule.zone, schedule.ends_at
    _plan(row, timeline, shown)
    align(row, timeline)
    row.save()


def align(row: Timetable, timeline: Timeline) -> None:
    """Set ``due_at`` by its account's clock; once that was put back, look for the next tick anew. Nothing is saved."""
    if row.era != timeline.era:
        if row.schedule is None or row.schedule.starts_at is None:
            row.anchor = min(row.anchor, timeline.era_began)
        _plan(row, timeline, timeline.era_began)
    row.due_at = timeline.real_of(row.next_at) if row.next_at is not None else None


def _plan(row: Timetable, timeline: Timeline, shown: datetime) -> None:
    """The first tick from what the clock shows on."""
    if row.rule is not None:
        row.next_at = next_after(row, shown) if row.rule.is_enabled else None
    elif row.schedule is not None:
        row.next_at = _first(row, row.schedule, shown)
    row.era = timeline.era


def _first(row: Timetable, schedule: Schedule, shown: datetime) -> datetime | None:
    expression = expression_of(row)
    if schedule.state == Schedule.State.DISABLED:
        return None
    if isinstance(expression, At):
        return _once(row, expression.moment, schedule)
    return next_after(row, max(schedule.starts_at or shown, shown) - _INSTANT)


def _once(row: Timetable, moment: datetime, schedule: Schedule) -> datetime | None:
    """A one-time schedule's only tick, unless it lies outside its dates or is done."""
    too_early = schedule.starts_at is not None and moment < schedule.starts_at
    too_late = row.ends_at is not None and moment > row.ends_at
    done = row._state.adding is False and row.firings.filter(nominal_at=moment).exists()
    return None if too_early or too_late or done else moment
