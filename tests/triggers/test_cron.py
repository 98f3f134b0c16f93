"""Schedule expressions, as AWS means them; checked against a reference that looks at every minute."""

import calendar
import functools
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triggers.cron import InvalidExpression, parse_rule_expression, parse_schedule_expression, upcoming

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
ANCHOR = datetime(2026, 11, 23, 11, 59, 30, tzinfo=UTC)


def times(text, *, zone="UTC", after=NOON, count=3, parse=parse_schedule_expression):
    expression = parse(text, zone) if parse is parse_schedule_expression else parse(text)
    zoned = (
        moment.astimezone(ZoneInfo(zone)) for moment in upcoming(expression, after=after, anchor=ANCHOR, count=count)
    )
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in zoned]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-23 18:00", "2026-11-24 18:00", "2026-11-25 18:00"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-12-07 09:00", "2027-01-04 09:00", "2027-02-01 09:00"]),
        ("cron(0 9 ? * 6L *)", ["2026-11-27 09:00", "2026-12-25 09:00", "2027-01-29 09:00"]),
        ("cron(0 9 ? * L *)", ["2026-11-28 09:00", "2026-12-05 09:00", "2026-12-12 09:00"]),
        ("cron(0 9 L * ? *)", ["2026-11-30 09:00", "2026-12-31 09:00", "2027-01-31 09:00"]),
        ("cron(0 9 LW * ? *)", ["2026-11-30 09:00", "2026-12-31 09:00", "2027-01-29 09:00"]),
        ("cron(0 9 15W * ? *)", ["2026-12-15 09:00", "2027-01-15 09:00", "2027-02-15 09:00"]),
        ("cron(0 9 1W * ? *)", ["2026-12-01 09:00", "2027-01-01 09:00", "2027-02-01 09:00"]),
        ("cron(0/15 12 * * ? *)", ["2026-11-23 12:15", "2026-11-23 12:30", "2026-11-23 12:45"]),
        ("cron(/20 * * * ? *)", ["2026-11-23 12:20", "2026-11-23 12:40", "2026-11-23 13:00"]),
        ("cron(5,35 14 * * ? *)", ["2026-11-23 14:05", "2026-11-23 14:35", "2026-11-24 14:05"]),
        ("cron(0 22-1 ? * 1 *)", ["2026-11-29 00:00", "2026-11-29 01:00", "2026-11-29 22:00"]),
        ("cron(0 12 ? * FRI-MON *)", ["2026-11-27 12:00", "2026-11-28 12:00", "2026-11-29 12:00"]),
        ("cron(0 0 1 JAN ? 2030,2032)", ["2030-01-01 00:00", "2032-01-01 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2199)", ["2199-01-01 00:00"]),
        ("cron(0 0 29 2 ? 2097-2103)", []),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 1 1 ? 1970-2025)", []),
        ("at(2026-11-23T13:00:00)", ["2026-11-23 13:00"]),
        ("at(2026-11-23T12:00:00)", []),
        ("rate(5 minutes)", ["2026-11-23 12:04", "2026-11-23 12:09", "2026-11-23 12:14"]),
    ],
)
def test_an_expression_comes_round_when_aws_says(text, expected):
    assert times(text) == expected


def test_the_first_of_a_month_on_a_saturday_counts_on_the_monday_after():
    assert times("cron(0 9 1W 5 ? 2027)") == ["2027-05-03 09:00"]


def test_the_weekday_nearest_to_a_day_is_left_out_of_months_without_that_day():
    assert times("cron(0 9 31W 1-5 ? 2027)") == ["2027-01-29 09:00", "2027-03-31 09:00", "2027-05-31 09:00"]


def test_a_day_that_no_month_has_is_a_cron_expression_that_never_comes_round():
    assert times("cron(0 0 30 2 ? *)") == []


def test_a_rate_is_counted_from_the_beginning_and_not_from_now():
    late = NOON + timedelta(days=9)
    day = parse_rule_expression("rate(1 day)")
    assert day.next_after(late, anchor=ANCHOR) == ANCHOR + timedelta(days=10)
    assert day.next_after(ANCHOR - timedelta(days=3), anchor=ANCHOR) == ANCHOR + timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate(5 minute)",
        "rate(1 minutes)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(1.5 hours)",
        "rate(1  day)",
        "rate(5 seconds)",
        "at(2026-11-23T13:00:00)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(0 12 * * ?)",
        "cron(0 12 * * ? * *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 0 * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 * 13 ? *)",
        "cron(0 12 ? * 0 *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * 2#6 *)",
        "cron(0 12 ? * 2#1,3#1 *)",
        "cron(0 12 ? * MON#1,TUE *)",
        "cron(0 12 L,1 * ? *)",
        "cron(0 12 1,15W * ? *)",
        "cron(0 12 L-3 * ? *)",
        "cron(0 12 * * ? 1969)",
        "cron(0 12 * * ? 2200)",
        "cron(0 12 * * ? 2030-2026)",
        "cron(*/0 12 * * ? *)",
        "cron(0/99 12 * * ? *)",
        "cron(, 12 * * ? *)",
        "cron(1- 12 * * ? *)",
        "cron(0 12 * FOO ? *)",
        "cron(0 12 * MON ? *)",
        "cron(H 12 * * ? *)",
        "cron(@daily)",
        "cron(١ 12 * * ? *)",
        "CRON(0 12 * * ? *)",
        "cron(0 12 * * ? *) ",
    ],
)
def test_a_rule_takes_only_what_aws_takes(text):
    with pytest.raises(InvalidExpression):
        parse_rule_expression(text)


def test_scheduler_takes_a_plural_of_one_and_no_impossible_moment():
    assert parse_schedule_expression("rate(1 minutes)") == parse_rule_expression("rate(1 minute)")
    for text in ("at(2026-02-30T00:00:00)", "at(2026-11-23)", "at(2026-11-23T25:00:00)"):
        with pytest.raises(InvalidExpression):
            parse_schedule_expression(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a\x00b", "Europe"])
def test_a_time_zone_must_be_one(zone):
    with pytest.raises(InvalidExpression):
        parse_schedule_expression("cron(0 12 * * ? *)", zone)


def test_an_expression_that_never_fires_is_found_out_quickly():
    begin = time.thread_time()
    assert times("cron(0 0 31 2,4,6,9,11 ? 1970/2)") == []
    assert time.thread_time() - begin < 2.0


# -- the nights when clocks are changed ------------------------------------------------------------


def test_in_spring_a_time_that_does_not_exist_is_left_out():
    before = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    expected = ["2027-03-29 02:30", "2027-03-30 02:30", "2027-03-31 02:30"]
    assert times("cron(30 2 * * ? *)", zone="Europe/Berlin", after=before) == expected


def test_in_autumn_a_time_that_comes_twice_counts_once():
    before = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    found = upcoming(
        parse_schedule_expression("cron(30 2 * * ? *)", "Europe/Berlin"), after=before, anchor=before, count=2
    )
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_a_day_of_a_rate_has_24_hours_on_every_day_of_the_year():
    begin = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    found = upcoming(parse_schedule_expression("rate(1 day)", "Europe/Berlin"), after=begin, anchor=begin, count=2)
    assert found == [begin + timedelta(days=1), begin + timedelta(days=2)]


# -- against a reference ---------------------------------------------------------------------------


def _values(text, low, high):
    if text in ("*", "?"):
        return set(range(low, high + 1))
    found = set()
    for item in text.split(","):
        if "/" in item:
            start, step = item.split("/")
            found |= set(range(low if start == "*" else int(start), high + 1, int(step)))
        elif "-" in item:
            first, last = map(int, item.split("-"))
            found |= set(range(first, last + 1))
        else:
            found.add(int(item))
    return found


def _is_day(day, text):
    last = calendar.monthrange(day.year, day.month)[1]
    weekdays = [number for number in range(1, last + 1) if calendar.weekday(day.year, day.month, number) < 5]
    if text == "L":
        return day.day == last
    if text == "LW":
        return day.day == weekdays[-1]
    if text.endswith("W"):
        wanted = int(text[:-1])
        return wanted <= last and day.day == min(weekdays, key=lambda number: (abs(number - wanted), number))
    return day.day in _values(text, 1, 31)


def _is_weekday(day, text):
    number = day.isoweekday() % 7 + 1
    if text == "L":
        return number == 7
    if text.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return number == int(text[:-1]) and day.day + 7 > last
    if "#" in text:
        weekday, which = map(int, text.split("#"))
        return number == weekday and (day.day - 1) // 7 + 1 == which
    return number in _values(text, 1, 7)


@functools.cache
def _walls(zone, start, minutes):
    """Every minute of the time line, and what the wall's clock shows; a time that it shows twice, only the first time."""
    moments = [start + timedelta(minutes=passed) for passed in range(1, minutes + 1)]
    return [(moment, wall) for moment in moments if not (wall := moment.astimezone(ZoneInfo(zone))).fold]


def _slowly(fields, zone, start, minutes):
    """Look at the clock every minute."""
    minute, hour, day, month, weekday = fields
    sets = _values(minute, 0, 59), _values(hour, 0, 23), _values(month, 1, 12)
    return [
        moment
        for moment, wall in _walls(zone, start, minutes)
        if wall.minute in sets[0]
        and wall.hour in sets[1]
        and wall.month in sets[2]
        and _is_day(wall, day)
        and _is_weekday(wall, weekday)
    ]


def _lists(low, high):
    return st.lists(st.integers(low, high), min_size=1, max_size=3).map(lambda some: ",".join(map(str, some)))


def _steps(low, high):
    start = st.one_of(st.just("*"), st.integers(low, high).map(str))
    return st.builds(lambda start, step: f"{start}/{step}", start, st.integers(1, max(1, high // 2)))


def _ranges(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda pair: f"{min(pair)}-{max(pair)}")


def _field(low, high):
    return st.one_of(st.just("*"), _lists(low, high), _steps(low, high), _ranges(low, high))


_days = st.one_of(_field(1, 31), st.just("L"), st.just("LW"), st.integers(1, 31).map(lambda day: f"{day}W"))
_weekdays = st.one_of(
    _field(1, 7),
    st.just("L"),
    st.integers(1, 7).map(lambda day: f"{day}L"),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
)
_fields = st.one_of(
    st.tuples(_field(0, 59), _field(0, 23), _days, _field(1, 12), st.just("?")),
    st.tuples(_field(0, 59), _field(0, 23), st.just("?"), _field(1, 12), _weekdays),
)
NIGHTS = {
    "UTC": [datetime(2026, 12, 30, 22, 0), datetime(2028, 2, 28, 12, 0), datetime(2027, 1, 29, 3, 17)],
    "Europe/Berlin": [datetime(2027, 3, 27, 13, 0), datetime(2026, 10, 24, 13, 0)],
    "America/New_York": [datetime(2027, 3, 13, 13, 0), datetime(2026, 10, 31, 13, 0)],
    "Australia/Lord_Howe": [datetime(2026, 10, 3, 1, 0), datetime(2027, 4, 3, 1, 0)],
}


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fields=_fields,
    place=st.sampled_from([(zone, start) for zone, starts in NIGHTS.items() for start in starts]),
)
def test_the_times_are_those_of_a_clock_that_is_looked_at_every_minute(fields, place):
    zone, start = place
    start = start.replace(tzinfo=UTC)
    minutes = 2 * 24 * 60
    expression = parse_schedule_expression(f"cron({' '.join(fields)} *)", zone)

    end = start + timedelta(minutes=minutes)
    found = [moment for moment in upcoming(expression, after=start, anchor=start, count=40) if moment <= end]

    assert found == _slowly(fields, zone, start, minutes)[:40]
