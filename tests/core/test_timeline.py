"""An account's time beside the real one: what a clock shows, how far it has come, and back to real moments."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.timeline import KEPT, REAL, Reached, Timeline

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def at(**later):
    return NOON + timedelta(**later)


# -- examples --------------------------------------------------------------------------------------


def test_without_changes_the_time_is_real():
    assert (REAL.shown(NOON), REAL.aged(NOON), REAL.real_of(NOON)) == (NOON, NOON, NOON)
    assert (REAL.is_real, REAL.rate, REAL.is_paused, REAL.era) == (True, 1, False, 0)


def test_at_sixty_times_the_speed_a_minute_takes_a_second():
    fast = REAL.changed(NOON, rate=60)
    assert fast.shown(at(seconds=1)) == at(minutes=1)
    assert fast.real_of(at(hours=6)) == at(minutes=6)
    assert fast.age(at(seconds=-10), at(seconds=10)) == timedelta(seconds=10, minutes=10)


def test_before_the_first_change_the_time_was_real():
    assert REAL.changed(NOON, to=at(hours=6)).shown(at(seconds=-1)) == at(seconds=-1)


def test_a_paused_clock_stands_and_goes_on_from_there():
    paused = REAL.changed(NOON, is_paused=True)
    assert paused.shown(at(hours=5)) == NOON
    assert paused.real_of(at(seconds=1)) is None
    assert paused.real_of(NOON) == NOON
    again = paused.changed(at(hours=5), is_paused=False)
    assert again.shown(at(hours=6)) == at(hours=1)
    assert again.real_of(at(hours=1)) == at(hours=6)


def test_a_paused_clock_can_be_moved_on_and_keeps_its_rate():
    clock = REAL.changed(NOON, rate=60).changed(NOON, is_paused=True).changed(NOON, to=at(hours=1))
    assert (clock.shown(at(minutes=9)), clock.rate) == (at(hours=1), 60)
    assert clock.changed(at(minutes=9), is_paused=False).shown(at(minutes=10)) == at(hours=2)


def test_what_lies_in_a_jump_is_reached_by_it():
    clock = REAL.changed(NOON, to=at(days=3))
    assert clock.reached(at(hours=12)) == Reached(NOON, jumped_to=at(days=3))
    assert clock.reached(at(days=3)) == Reached(NOON, jumped_to=at(days=3))
    assert clock.reached(at(days=3, seconds=5)) == Reached(at(seconds=5))
    assert clock.reached(at(seconds=-5)) == Reached(at(seconds=-5))


def test_a_clock_that_is_put_back_shows_the_same_again_and_grows_no_younger():
    ahead = REAL.changed(NOON, to=at(hours=6))
    back = ahead.changed(at(seconds=10), rate=1, is_paused=False, to=at(seconds=10))
    assert (back.is_real, back.era) == (True, 1)
    assert back.shown(at(hours=1)) == at(hours=1)
    assert back.age(NOON, at(hours=1)) == timedelta(hours=1)  # the jump was before it was asked
    assert back.age(at(seconds=-10), at(seconds=10)) == timedelta(hours=6, seconds=20)
    assert back.reached(at(hours=1)) == Reached(at(hours=1))


def test_the_real_clock_going_back_breaks_nothing():
    clock = REAL.changed(NOON, rate=60).changed(at(hours=-1), is_paused=True)
    assert [stretch.real for stretch in clock.stretches] == [NOON, NOON, NOON]
    assert clock.shown(at(hours=1)) == NOON


# -- anything --------------------------------------------------------------------------------------

_seconds = st.integers(0, 10_000_000).map(lambda micros: timedelta(microseconds=micros))
_far = st.integers(0, 3 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
_changes = st.lists(
    st.tuples(
        _far | _seconds,
        st.one_of(
            st.sampled_from([1, 10, 60]).map(lambda rate: ("rate", rate)),
            st.booleans().map(lambda paused: ("paused", paused)),
            (_far | _seconds).map(lambda length: ("jump", length)),
            st.just(("real", None)),
        ),
    ),
    max_size=12,
)


def changed(timeline, now, what, value):
    match what:
        case "rate":
            return timeline.changed(now, rate=value)
        case "paused":
            return timeline.changed(now, is_paused=value)
        case "jump":
            return timeline.changed(now, to=timeline.shown(now) + value)
    return timeline.changed(now, rate=1, is_paused=False, to=now)


def made(changes):
    timeline, now = REAL, NOON
    for wait, (what, value) in changes:
        now += wait
        timeline = changed(timeline, now, what, value)
    return timeline, now


@settings(deadline=None, derandomize=True)
@given(changes=_changes, moments=st.lists(st.integers(-(10**12), 10**13), min_size=2, max_size=10))
def test_no_clock_ever_grows_younger(changes, moments):
    timeline, _ = made(changes)
    aged = [timeline.aged(NOON + timedelta(microseconds=moment)) for moment in sorted(moments)]
    assert aged == sorted(aged)


@settings(deadline=None, derandomize=True)
@given(changes=_changes, later=_far | _seconds)
def test_a_moment_to_come_is_shown_when_it_was_said_to_be_and_not_before(changes, later):
    timeline, now = made(changes)
    for moment, real_of, reading in (
        (timeline.shown(now) + later, timeline.real_of, timeline.shown),
        (timeline.aged(now) + later, timeline.real_of_aged, timeline.aged),
    ):
        real = real_of(moment)
        if real is None:
            assert timeline.is_paused and reading(now + timedelta(days=1000)) < moment
        else:
            assert reading(real) >= moment
            assert real == now or reading(real - INSTANT) < moment


@settings(deadline=None, derandomize=True)
@given(changes=_changes, wait=_far | _seconds)
def test_there_and_back_is_the_same_moment(changes, wait):
    timeline, now = made(changes)
    if not timeline.is_paused:
        assert timeline.real_of(timeline.shown(now + wait)) == now + wait
        assert timeline.real_of_aged(timeline.aged(now + wait)) == now + wait


@settings(deadline=None, derandomize=True)
@given(changes=_changes, wait=_far | _seconds, back=_far | _seconds)
def test_what_a_clock_has_passed_was_reached_when_it_first_showed_that_or_more(changes, wait, back):
    timeline, now = made(changes)
    now += wait
    moment = timeline.shown(now) - back
    reached = timeline.reached(moment)
    assert reached.real <= now
    began = next((stretch.real for stretch in timeline.stretches if stretch.era == timeline.era), None)
    if began is not None and reached.real >= began:
        assert timeline.shown(reached.real) >= moment
        assert reached.jumped_to is None or timeline.shown(reached.real) >= reached.jumped_to >= moment


@settings(deadline=None, derandomize=True)
@given(changes=_changes, wait=_far)
def test_a_change_moves_nothing_that_was(changes, wait):
    timeline, now = made(changes)
    after = timeline.changed(now + wait, rate=60)
    assert after.shown(now + wait) == timeline.shown(now + wait)
    assert after.age(NOON, now + wait) == timeline.age(NOON, now + wait)


@settings(deadline=None, derandomize=True)
@given(changes=_changes)
def test_it_is_stored_and_found_again(changes):
    timeline, _ = made(changes)
    assert Timeline.from_json(timeline.as_json()) == timeline


def test_no_more_changes_than_that_are_remembered():
    timeline = REAL
    for second in range(3 * KEPT):
        timeline = timeline.changed(at(seconds=second), is_paused=second % 2 == 0)
    assert len(timeline.stretches) == KEPT
    assert timeline.shown(at(hours=1)) < at(hours=1)
