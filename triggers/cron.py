"""AWS's schedule expressions, ``rate()``, ``cron()`` and ``at()``, and when they come round next. Pure.

croniter finds the days; what AWS means by a field (day of week 1 to 7 from Sunday, ``?``, ``L``, ``LW``, years) is
taken apart here and handed to it as plain lists. A time zone's clock is put forward and back as EventBridge Scheduler
does it: a local time that does not exist is left out, one that comes twice counts once, and ``rate(1 day)`` is 24 hours.
Sources: EventBridge user guide, "Setting a schedule pattern"; EventBridge Scheduler user guide, "Schedule types".
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

FIRST_YEAR, LAST_YEAR = 1970, 2199
_RAREST_YEARS = 50  # no day of any expression is rarer: a fifth Monday of February may take forty years
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if number}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_RATE = re.compile(r"rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]{9,200})\)")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", re.ASCII)
_NAMED = re.compile(r"(\d{1,4}|[A-Z]{3})", re.ASCII)


class InvalidExpression(ValueError):
    """Not an expression that AWS takes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, counted from a schedule's beginning: an hour is 60 minutes whatever the clocks on the wall do."""

    period: timedelta

    def next_after(self, moment: datetime, *, anchor: datetime) -> datetime | None:
        """The first whole number of periods after ``anchor``, at least one, that lies after ``moment``."""
        passed = max(0, (moment - anchor) // self.period)
        try:
            return anchor + (passed + 1) * self.period
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    moment: datetime

    def next_after(self, moment: datetime, *, anchor: datetime) -> datetime | None:
        """The moment, while it is still to come."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that all fields name, on the clock of ``zone``.

    ``fields`` are croniter's five; ``years`` are ranges; ``last_weekday`` says that of the days found only the last
    weekday of the month counts; ``nearest`` is the day to which the one found is the nearest weekday: a month that does not
    have it is left out.
    """

    fields: str
    years: tuple[tuple[int, int], ...] = ((FIRST_YEAR, LAST_YEAR),)
    last_weekday: bool = False
    zone: tzinfo = field(default=UTC)
    nearest: int = 1

    def next_after(self, moment: datetime, *, anchor: datetime) -> datetime | None:
        """The next time after ``moment``, in UTC; None when there is none until the end of 2199."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        for wall in self._walls_after(local):
            found = wall.replace(tzinfo=self.zone).astimezone(UTC)
            exists = found.astimezone(self.zone).replace(tzinfo=None) == wall
            if exists and found > moment:
                return found
        return None

    def _walls_after(self, local: datetime) -> Iterator[datetime]:
        """Times on the wall after ``local``, in order, whether the clock ever shows them or not."""
        for first, last in self.years:
            start = max(local, local.replace(first, 1, 1, 0, 0) - timedelta(minutes=1))
            while start.year <= last:
                patience = min(_RAREST_YEARS, last - start.year + 1)
                try:
                    start = croniter(self.fields, start, max_years_between_matches=patience).get_next(datetime)
                except CroniterBadDateError:
                    break
                if start.year > last:
                    break
                if self._is_a_day(start.date()):
                    yield start

    def _is_a_day(self, found: date) -> bool:
        last = calendar.monthrange(found.year, found.month)[1]
        return self.nearest <= last and (not self.last_weekday or found.day == _last_weekday(found))


type Expression = Rate | Cron | At


def parse_rule_expression(text: str) -> Expression:
    """What PutRule takes: ``rate()`` with the number of its unit right, and ``cron()`` in UTC. Raises ``InvalidExpression``."""
    if match := _RATE.fullmatch(text):
        value, unit, plural = int(match[1]), match[2], match[3]
        if (value == 1) == bool(plural):
            raise InvalidExpression(text)
        return _rate(value, unit, text)
    return _cron(text, UTC)


def parse_schedule_expression(text: str, zone: str = "UTC") -> Expression:
    """What EventBridge Scheduler takes: ``rate()``, ``cron()`` and ``at()`` on the clock of ``zone``.

    Raises ``InvalidExpression``; ``zone`` must be one that ``find_zone`` knows.
    """
    if match := _RATE.fullmatch(text):
        return _rate(int(match[1]), match[2], text)
    found = find_zone(zone)
    if found is None:
        raise InvalidExpression(zone)
    if match := _AT.fullmatch(text):
        try:
            return At(datetime.fromisoformat(match[1]).replace(tzinfo=found).astimezone(UTC))
        except (ValueError, OverflowError):
            raise InvalidExpression(text) from None
    return _cron(text, found)


def find_zone(name: str) -> tzinfo | None:
    """The time zone of that IANA name, or None."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError when no data is installed, else an OSError
        return None
    except KeyError:
        return None


def upcoming(expression: Expression, *, after: datetime, anchor: datetime, count: int = 5) -> list[datetime]:
    """The next times, at most ``count``."""
    found: list[datetime] = []
    moment = after
    while len(found) < count and (following := expression.next_after(moment, anchor=anchor)) is not None:
        found.append(following)
        moment = following
    return found


def _rate(value: int, unit: str, text: str) -> Rate:
    try:
        return Rate(timedelta(**{f"{unit}s": value}))
    except OverflowError:
        raise InvalidExpression(text) from None


# -- cron() ----------------------------------------------------------------------------------------


def _cron(text: str, zone: tzinfo) -> Cron:
    match = _CRON.fullmatch(text)
    fields = match[1].upper().split() if match else []
    if len(fields) != 6:
        raise InvalidExpression(text)
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise InvalidExpression(text)
    try:
        last_weekday = day == "LW"
        days = "26-31" if last_weekday else _days_of_month(day)  # the last weekday is never more than two days early
        listed = [
            _listed(_numbers(minute, 0, 59)),
            _listed(_numbers(hour, 0, 23)),
            days,
            _listed(_numbers(month, 1, 12, _MONTHS)),
            _days_of_week(weekday),
        ]
        years = _ranges(_numbers(year, FIRST_YEAR, LAST_YEAR))
    except InvalidExpression:
        raise InvalidExpression(text) from None
    nearest = int(day[:-1]) if day.endswith("W") and not last_weekday else 1
    return Cron(" ".join(listed), years, last_weekday, zone, nearest)


def _days_of_month(text: str) -> str:
    if text in ("?", "*"):
        return "*"
    if text == "L":
        return "L"
    if text.endswith("W"):
        return f"{_number(text[:-1], 1, 31, {})}W"
    return _listed(_numbers(text, 1, 31))


def _days_of_week(text: str) -> str:
    """Sunday is 1 for AWS and 0 for croniter."""
    if text in ("?", "*"):
        return "*"
    if text == "L":
        return "6"
    if text.endswith("L"):
        return f"L{_number(text[:-1], 1, 7, _DAYS) - 1}"
    if "#" in text:
        day, _, which = text.partition("#")
        return f"{_number(day, 1, 7, _DAYS) - 1}#{_number(which, 1, 5, {})}"
    return _listed([number - 1 for number in _numbers(text, 1, 7, _DAYS)])


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> list[int]:
    """The numbers that a field's list of numbers, ranges and steps means, in order."""
    found: set[int] = set()
    for item in text.split(","):
        found.update(_item(item, low, high, names or {}))
    return sorted(found)


def _item(item: str, low: int, high: int, names: dict[str, int]) -> list[int]:
    whole, slash, step_text = item.partition("/")
    step = _number(step_text, 1, high, {}) if slash else 1
    first_text, dash, last_text = whole.partition("-")
    if whole == "*" or (slash and not whole):
        first, last = low, high
    elif dash:
        first, last = _number(first_text, low, high, names), _number(last_text, low, high, names)
    else:
        first = _number(whole, low, high, names)
        last = high if slash else first
    if first <= last:
        return list(range(first, last + 1, step))
    if low == FIRST_YEAR:
        raise InvalidExpression(item)
    around = [*range(first, high + 1), *range(low, last + 1)]  # FRI-MON, 22-2
    return around[::step]


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not _NAMED.fullmatch(text) or not text.isdigit() or not low <= int(text) <= high:
        raise InvalidExpression(text)
    return int(text)


def _listed(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))


def _ranges(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Consecutive numbers as ranges: 2026, 2027, 2030 is 2026-2027 and 2030."""
    groups = (list(group) for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]))
    return tuple((group[0][1], group[-1][1]) for group in groups)


def _last_weekday(day: date) -> int:
    last = calendar.monthrange(day.year, day.month)[1]
    weekday = calendar.weekday(day.year, day.month, last)
    return last - max(0, weekday - calendar.FRIDAY)
