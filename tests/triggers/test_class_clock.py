"""Schedules on an account's clock: faster, held, moved on, and back to real time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import clocks
from core.errors import TooManyRequests
from core.timeline import REAL
from runner.models import Invocation
from tests.conftest import NOON
from triggers import delivering, firing, selectors, timetables
from triggers.models import Delivery, Firing, Timetable
from triggers.services import rules, schedules

pytestmark = pytest.mark.django_db

MIDNIGHT = "cron(0 0 * * ? *)"


def tick():
    """What happens each second."""
    clocks.settle()
    fired = firing.fire_due()
    delivering.deliver_due()
    return fired


def times(events):
    """What the events say, in order: those of one jump were accepted at one moment."""
    return sorted(event["time"] for event in events)


def states(of):
    return [fired.firing.state for fired in reversed(selectors.last_firings(of))]


# -- faster ----------------------------------------------------------------------------------------


def test_at_sixty_times_the_speed_a_rule_of_each_minute_fires_each_second(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)")
    clocks.set_rate(account=ada, rate=60)
    for _ in range(3):
        tick()
        frozen_clock.advance(seconds=1)
    assert tick() == 1
    assert times(events_of(ada)) == ["2026-11-23T12:01:00Z", "2026-11-23T12:02:00Z", "2026-11-23T12:03:00Z"]


def test_a_schedule_made_on_a_fast_clock_begins_by_that_clock(ada, make_schedule, events_of, frozen_clock):
    clocks.set_rate(account=ada, rate=60)
    frozen_clock.advance(seconds=10)  # 12:10 for ada
    make_schedule(ada, expression="cron(15 12 * * ? *)")
    frozen_clock.advance(seconds=4)
    assert tick() == 0
    frozen_clock.advance(seconds=1)
    assert tick() == 1
    assert times(events_of(ada)) == ["2026-11-23T12:15:00Z"]


def test_a_one_time_schedule_is_at_the_accounts_moment(ada, make_schedule, frozen_clock):
    clocks.set_rate(account=ada, rate=60)
    make_schedule(ada, expression="at(2026-11-23T18:00:00)", action_after_completion="DELETE")
    frozen_clock.advance(minutes=6, seconds=-1)
    assert tick() == 0
    frozen_clock.advance(seconds=1)
    assert tick() == 1
    assert not selectors.list_schedules(account=ada).exists()


def test_a_busy_server_loses_no_tick_of_a_fast_clock(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)")
    clocks.set_rate(account=ada, rate=60)
    frozen_clock.advance(minutes=2)
    assert tick() == 120
    assert len(set(times(events_of(ada)))) == 120


def test_a_server_that_was_away_for_days_records_no_thousands_of_ticks(ada, make_rule, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    clocks.set_rate(account=ada, rate=60)
    tick()
    frozen_clock.advance(days=3)
    tick()
    assert Timetable.objects.get().next_at > NOON + timedelta(days=179)
    assert Firing.objects.filter(timetable__rule=rule, state=Firing.State.MISSED).count() < 4000


def test_another_accounts_time_stays_real(ada, grace, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)")
    make_rule(grace, schedule_expression="rate(1 minute)")
    clocks.set_rate(account=ada, rate=60)
    for _ in range(30):
        frozen_clock.advance(seconds=1)
        tick()
    assert (len(events_of(ada)), len(events_of(grace))) == (30, 0)


# -- held ------------------------------------------------------------------------------------------


def test_a_paused_clock_holds_every_tick_and_loses_none(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    frozen_clock.advance(seconds=30)
    clocks.pause(account=ada)
    tick()
    frozen_clock.advance(hours=5)
    assert tick() == 0
    assert selectors.next_times(rule, count=1) == [NOON + timedelta(minutes=1)]

    clocks.resume(account=ada)
    assert tick() == 0
    frozen_clock.advance(seconds=30)
    assert tick() == 1
    assert times(events_of(ada)) == ["2026-11-23T12:01:00Z"]


def test_a_tick_that_was_due_by_the_old_time_is_not_fired_before_it_was_told(ada, make_rule, frozen_clock):
    make_rule(ada, schedule_expression="rate(1 minute)")
    frozen_clock.advance(seconds=59)
    clocks.pause(account=ada)
    frozen_clock.advance(seconds=1)
    assert firing.fire_due() == 0  # before ``settle``
    assert Timetable.objects.get().due_at is None


def test_run_now_runs_on_a_paused_clock_and_says_its_time(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression=MIDNIGHT)
    clocks.jump(account=ada, to=datetime(2026, 11, 24, 23, 59, tzinfo=UTC))
    clocks.pause(account=ada)
    tick()
    rules.run_rule(account=ada, name=rule.name)
    delivering.deliver_due()
    assert times(events_of(ada)) == ["2026-11-24T00:00:00Z", "2026-11-24T23:59:00Z"]


# -- moved on --------------------------------------------------------------------------------------


def test_a_jump_over_midnight_runs_what_comes_at_midnight(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression=MIDNIGHT)
    clocks.jump(account=ada, forward=timedelta(hours=13))
    assert [tick(), tick()] == [1, 0]
    assert times(events_of(ada)) == ["2026-11-24T00:00:00Z"]


def test_a_jump_over_three_midnights_runs_it_three_times(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression=MIDNIGHT)
    clocks.jump(account=ada, forward=timedelta(days=3))
    assert tick() == 3
    assert times(events_of(ada)) == ["2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"]
    assert selectors.next_times(rule, count=1) == [datetime(2026, 11, 27, tzinfo=UTC)]


def test_of_many_ticks_in_a_jump_the_last_five_fire(ada, make_rule, events_of, frozen_clock):
    rule = make_rule(ada, schedule_expression="rate(1 minute)")
    clocks.jump(account=ada, forward=timedelta(days=31))
    assert tick() == 5
    assert times(events_of(ada))[0] == "2026-12-24T11:56:00Z"
    assert states(rule).count("missed") < 50
    frozen_clock.advance(minutes=1)
    assert tick() == 1


def test_a_jump_on_a_paused_clock_runs_what_lies_between(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression=MIDNIGHT)
    clocks.pause(account=ada)
    clocks.jump(account=ada, to=datetime(2026, 11, 24, tzinfo=UTC))
    assert tick() == 1
    frozen_clock.advance(days=2)
    assert tick() == 0
    assert times(events_of(ada)) == ["2026-11-24T00:00:00Z"]


def test_a_start_date_is_compared_with_the_accounts_time(ada, make_schedule, frozen_clock):
    clocks.jump(account=ada, forward=timedelta(days=2))
    with pytest.raises(schedules.InvalidSchedule, match="StartDate"):
        make_schedule(ada, starts_at=NOON + timedelta(days=1))


# -- back ------------------------------------------------------------------------------------------


def test_after_a_lesson_the_real_midnight_comes_all_the_same(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression=MIDNIGHT)
    clocks.jump(account=ada, forward=timedelta(days=2))
    tick()
    frozen_clock.advance(minutes=10)
    clocks.follow_real_time(account=ada)
    assert tick() == 0
    frozen_clock.advance(hours=12)
    assert tick() == 1
    assert times(events_of(ada)) == ["2026-11-24T00:00:00Z", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"]


def test_what_was_to_happen_once_has_happened_in_the_lesson(ada, make_schedule, events_of, frozen_clock):
    schedule = make_schedule(ada, expression="at(2026-11-23T18:00:00)")
    clocks.jump(account=ada, forward=timedelta(days=1))
    assert tick() == 1
    clocks.follow_real_time(account=ada)
    tick()
    frozen_clock.advance(hours=7)
    assert tick() == 0
    assert selectors.next_times(schedule) == []
    assert times(events_of(ada)) == ["2026-11-23T18:00:00Z"]


def test_a_rate_that_began_in_the_lessons_future_goes_on_from_the_real_time(ada, make_rule, frozen_clock):
    clocks.jump(account=ada, forward=timedelta(days=2))
    rule = make_rule(ada, schedule_expression="rate(1 hour)")
    clocks.follow_real_time(account=ada)
    tick()
    assert selectors.next_times(rule, count=1) == [NOON + timedelta(hours=1)]


def test_a_schedule_that_had_ended_in_the_lesson_goes_on(ada, make_schedule, frozen_clock):
    schedule = make_schedule(ada, expression="rate(1 hour)", ends_at=NOON + timedelta(hours=5))
    clocks.jump(account=ada, forward=timedelta(days=1))
    tick()
    assert selectors.next_times(schedule) == []
    clocks.follow_real_time(account=ada)
    tick()
    assert selectors.next_times(schedule, count=1) == [NOON + timedelta(hours=1)]


def test_what_a_pause_held_comes_when_the_time_is_real_again(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, schedule_expression="cron(30 12 * * ? *)")
    clocks.pause(account=ada)
    frozen_clock.advance(hours=2)
    assert tick() == 0
    clocks.follow_real_time(account=ada)
    assert tick() == 1
    assert times(events_of(ada)) == ["2026-11-23T12:30:00Z"]


# -- deliveries ------------------------------------------------------------------------------------


def refuse(monkeypatch):
    def busy(**_):
        raise TooManyRequests(reason="ConcurrentInvocationLimitExceeded")

    monkeypatch.setattr(delivering, "invoke_async", busy)


def test_a_delivery_is_tried_again_by_the_clock(ada, make_rule, frozen_clock, monkeypatch):
    make_rule(ada, schedule_expression="rate(1 minute)")
    clocks.set_rate(account=ada, rate=60)
    refuse(monkeypatch)
    frozen_clock.advance(seconds=1)
    tick()
    delivery = Delivery.objects.get()
    assert timedelta(milliseconds=12) <= delivery.due_at - NOON - timedelta(seconds=1) <= timedelta(milliseconds=17)
    clocks.pause(account=ada)
    tick()
    frozen_clock.advance(days=1)
    tick()
    delivery.refresh_from_db()
    assert (delivery.due_at, delivery.state, delivery.attempts) == (None, "waiting", 1)


def test_a_delivery_grows_old_by_the_clock(ada, make_rule, frozen_clock, monkeypatch):
    make_rule(
        ada,
        schedule_expression="cron(1 12 * * ? *)",
        target={"RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185}},
    )
    refuse(monkeypatch)
    frozen_clock.advance(minutes=1)
    tick()
    frozen_clock.advance(seconds=0.1)
    clocks.jump(account=ada, forward=timedelta(hours=1))
    tick()
    assert Delivery.objects.get().state == "dropped"


def test_a_flexible_window_is_the_accounts_time(ada, make_schedule, frozen_clock, monkeypatch):
    monkeypatch.setattr(firing.random, "uniform", lambda low, high: high)
    make_schedule(ada, expression="cron(1 12 * * ? *)", window_minutes=60)
    clocks.set_rate(account=ada, rate=60)
    frozen_clock.advance(seconds=1)
    tick()
    assert Delivery.objects.get().due_at == NOON + timedelta(seconds=61)
    clocks.jump(account=ada, forward=timedelta(hours=1))
    tick()
    assert Invocation.objects.count() == 1


# -- whatever is done to the clock -----------------------------------------------------------------

_steps = st.lists(
    st.tuples(
        st.integers(0, 2000).map(lambda ms: timedelta(milliseconds=ms)),
        st.one_of(
            st.none(),
            st.sampled_from([1, 10, 60]).map(lambda rate: {"rate": rate}),
            st.booleans().map(lambda paused: {"is_paused": paused}),
            st.integers(0, 7200).map(lambda seconds: {"jump": timedelta(seconds=seconds)}),
            st.just({"real": True}),
        ),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(steps=_steps)
def test_every_tick_comes_once_whatever_is_done_to_the_clock(steps):
    """Against a clock watched second by second: what it passes while it runs fires; of what it jumps over, the last five."""
    row = Timetable(rule_id=1, expression="rate(1 minute)", anchor=NOON, next_at=NOON + timedelta(minutes=1))
    row.rule = _on()
    timeline, now = REAL, NOON
    came: list[tuple[int, datetime, bool]] = []
    for wait, change in steps:
        now += wait
        _look(row, timeline, now, came)
        timeline = _changed(timeline, now, change)
    now += timedelta(seconds=1)
    _look(row, timeline, now, came)

    fired = [(era, at) for era, at, was_fired in came if was_fired]
    assert len({(era, at) for era, at, _ in came}) == len(came)
    assert fired == sorted(fired)
    walked = {
        (era, at)
        for era, at in _minutes(timeline, now)
        if _passed_running(timeline, now, era, at) and era == timeline.era
    }
    assert walked <= set(fired)


def _on():
    from triggers.models import Rule

    return Rule(id=1, state="ENABLED", schedule_expression="rate(1 minute)")


def _look(row, timeline, now, came):
    timetables.align(row, timeline)
    if row.due_at is not None and row.due_at <= now:
        due = firing.due_ticks(row, now=now, timeline=timeline)
        row.next_at = due.next_at
        timetables.align(row, timeline)
        came += sorted([(row.era, at, True) for at in due.fire] + [(row.era, at, False) for at in due.missed])
    assert row.due_at is None or row.due_at > now


def _changed(timeline, now, change):
    if change is None:
        return timeline
    if "jump" in change:
        return timeline.changed(now, to=timeline.shown(now) + change["jump"])
    if "real" in change:
        return timeline.changed(now, rate=1, is_paused=False, to=now)
    return timeline.changed(now, **change)


def _minutes(timeline, now):
    """Every minute that the clock has shown or gone over since it was last put back."""
    began = timeline.era_began if timeline.stretches else NOON
    minute = max(began, NOON).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= timeline.shown(now):
        yield timeline.era, minute
        minute += timedelta(minutes=1)


def _passed_running(timeline, now, era, at):
    return timeline.reached(at).jumped_to is None
