import re
from datetime import UTC, datetime, timedelta

from console.charts import Chart, Line, nice_top, short
from core import clock
from runner.models import InvocationType, State
from tests.console.conftest import HTMX, text

MONITOR = "/ada/functions/hello/monitor/"
STARTS = [datetime(2026, 11, 23, 12, minute, tzinfo=UTC) for minute in range(4)]


def chart(*values: float | None, bars: bool = False) -> Chart:
    return Chart(
        key="k", title="T", unit="ms", starts=STARTS, period=timedelta(minutes=1), lines=[Line("L", values)], bars=bars
    )


def test_an_axis_ends_at_a_round_number():
    assert [nice_top(value) for value in (0, 0.3, 1, 1.2, 37, 50, 51, 1e6)] == [1, 0.5, 1, 2, 50, 50, 100, 1e6]
    assert [short(value) for value in (0, 0.5, 2500, 20_000, 3e6)] == ["0", "0.5", "2500", "20k", "3M"]


def test_a_line_has_a_gap_where_nothing_was_measured_and_a_dot_where_a_value_stands_alone():
    path = chart(1, 2, None, 4).paths[0]["d"]
    assert path.count("M") == 2 and path.count("L") == 1 and path.count("a2.2") == 2


def test_bars_stand_only_where_there_is_something():
    assert chart(0, 3, None, 5, bars=True).paths[0]["d"].count("M") == 2


def test_the_periods_that_were_measured_can_be_read():
    rows = chart(None, 12.345, None, 20_000.4).rows
    assert [(row.at.minute, row.values) for row in rows] == [(1, ("12.35 ms",)), (3, ("20000 ms",))]


def test_a_function_that_never_ran_has_charts_that_say_so(ada, at_browser, make_function):
    make_function(ada)
    page = text(at_browser(ada).get(MONITOR))
    assert page.count("<svg viewBox") >= 6 and page.count("Nothing measured in this time") >= 6


def test_invocations_errors_and_durations_are_drawn_and_summed_up(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    now = clock.now()
    for number in range(4):
        failed = number == 0
        make_invocation(
            version,
            started_at=now,
            duration_ms=100.0 * (number + 1),
            state=State.FAILED if failed else State.SUCCEEDED,
            error_type="KeyError" if failed else "",
        )
    page = text(at_browser(ada).get(MONITOR, {"table": "1"}))
    assert "Success rate 75 %" in page
    assert "400 ms" in page


def test_a_range_that_does_not_exist_is_the_first(ada, at_browser, make_function):
    make_function(ada)
    page = text(at_browser(ada).get(MONITOR, {"range": "a century"}, headers=HTMX | {"HX-Target": "div#charts"}))
    assert page.lstrip().startswith('<div id="charts"')


def test_another_account_s_function_is_not_found(ada, mallory, at_browser, make_function):
    make_function(ada)
    assert at_browser(mallory).get(MONITOR).status_code == 404
    assert at_browser(mallory).get("/mallory/functions/hello/monitor/").status_code == 404


def test_events_that_wait_and_run_are_counted_beside_the_charts(
    ada, at_browser, make_function, make_invocation, frozen_clock
):
    version, now = make_function(ada), clock.now()
    event = {"invocation_type": InvocationType.EVENT, "lines": (), "started_at": None}
    for seconds, state, due in (
        (90, State.QUEUED, -90),
        (5, State.QUEUED, -5),
        (60, State.QUEUED, 60),
        (1, State.RUNNING, -1),
        (200, State.SUCCEEDED, -200),
    ):
        due_at, asked_at = now + timedelta(seconds=due), now - timedelta(seconds=seconds)
        make_invocation(version, **event, state=state, due_at=due_at, asked_at=asked_at)
    answer = at_browser(ada).get(MONITOR, headers=HTMX | {"HX-Target": "section#backlog"})
    assert [one.strip() for one in re.findall(r"<dd>([^<]*)<", text(answer))] == ["2", "1", "1", ""]
    assert ">90.0 s<" in text(answer)
    assert "<svg viewBox" not in text(answer)
