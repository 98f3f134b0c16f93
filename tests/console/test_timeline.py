from datetime import timedelta

import pytest

from console import timeline
from console.templatetags.console import span
from core import clock
from logs.models import LogEvent
from runner.models import InvocationType, State
from tests.conftest import NOON
from tests.console.conftest import text

DLQ = "arn:aws:sqs:us-east-1:111122223333:failed"


def said(second: float, message: str, source: str = "p") -> LogEvent:
    at = int((NOON + timedelta(seconds=second)).timestamp() * 1000)
    return LogEvent(timestamp=at, ingestion=at, message=message, source=source)


def start(second: float) -> LogEvent:
    return said(second, "START RequestId: r Version: $LATEST\n")


def report(second: float, duration: float, more: str = "") -> LogEvent:
    return said(second, f"REPORT RequestId: r\tDuration: {duration:.2f} ms\tBilled Duration: 1 ms{more}\t\n")


@pytest.fixture
def event(frozen_clock, ada, make_function, make_invocation):
    """An asynchronous invocation asked for at noon."""

    def make(**given):
        values = {"invocation_type": InvocationType.EVENT, "asked_at": NOON} | given
        return make_invocation(make_function(ada), lines=(), **values)

    return make


def kinds(steps: list[timeline.Step]) -> list[tuple[str, float | None]]:
    return [(step.kind, step.ms) for step in steps]


def test_a_cold_start_is_waiting_then_init_then_the_handler(event):
    row = event(invocation_type=InvocationType.REQUEST_RESPONSE)
    lines = [start(1), report(1.2, 200, "\tInit Duration: 300.00 ms")]
    assert kinds(timeline.steps(row, lines)) == [("wait", 700.0), ("init", 300.0), ("ok", 200.0)]


def test_retries_are_executions_with_pauses_between_and_an_end(event):
    row = event(
        state=State.DEAD_LETTER,
        reason="RetriesExhausted",
        delivered_to=DLQ,
        finished_at=NOON + timedelta(seconds=181),
        error_type="KeyError",
    )
    failed = "\tStatus: error"
    lines = [
        *(start(0), report(0.5, 500, failed), start(60.5), report(61, 500, failed)),
        *(start(181), report(181, 0, failed)),
    ]
    steps = timeline.steps(row, lines)
    assert [step.kind for step in steps] == ["wait", "bad", "pause", "bad", "pause", "bad", "end"]
    assert steps[2].ms == 60_000
    assert (steps[-1].note, steps[-1].to) == ("all attempts failed", DLQ)
    assert steps[-1].url == "/ada/queues/failed/messages/"


def test_a_long_pause_is_told_in_seconds():
    assert [span(value) for value in (None, 1.5, 9_999, 60_136)] == ["–", "1.50 ms", "9999.00 ms", "60.1 s"]


def test_what_a_function_prints_is_no_platform_line(event):
    row = event(invocation_type=InvocationType.REQUEST_RESPONSE, started_at=NOON)
    forged = said(0, "START RequestId: r Version: $LATEST\n", source="f")
    assert len(timeline.executions(row, [forged, forged])) == 1


def test_an_event_that_waits_for_its_second_attempt_says_when(event, frozen_clock):
    row = event(state=State.QUEUED, due_at=NOON + timedelta(seconds=61), finished_at=None)
    frozen_clock.advance(seconds=10)
    steps = timeline.steps(row, [start(0), report(1, 1000, "\tStatus: error")])
    assert [step.kind for step in steps] == ["wait", "bad", "pause"]
    assert [step.kind for step in timeline.steps(row, [start(0), report(1, 1000)])][1] == "bad"  # an error is no status
    assert steps[-1].note == "due at 12:01:01 UTC"


def test_lines_in_json_are_read_too(event):
    row = event(invocation_type=InvocationType.REQUEST_RESPONSE)
    lines = [
        said(0, '{"type":"platform.start","record":{"requestId":"r"}}'),
        said(
            1, '{"type":"platform.report","record":{"metrics":{"durationMs":900,"initDurationMs":5},"status":"error"}}'
        ),
    ]
    run = timeline.executions(row, lines)[0]
    assert (run.duration_ms, run.init_ms, run.failed) == (900, 5, True)


def test_the_steps_lie_along_one_line(event):
    row = event(invocation_type=InvocationType.REQUEST_RESPONSE)
    placed = timeline.placed(timeline.steps(row, [start(1), report(2, 1000)]))
    assert [(each.x, each.width) for each in placed] == [("0.00", "50.00"), ("50.00", "50.00")]


def test_the_page_of_an_invocation_shows_its_way(ada, at_browser, make_function, make_invocation):
    row = make_invocation(
        make_function(ada), state=State.SUCCEEDED, started_at=clock.now(), delivered_to=DLQ, init_ms=12.0
    )
    page = text(at_browser(ada).get(f"/ada/functions/hello/invocations/{row.pk}/"))
    assert "Init (cold start)" in page and DLQ in page


def test_an_event_whose_time_has_come_tells_its_place_in_the_line(event):
    row = event(state=State.QUEUED, due_at=NOON, finished_at=None)
    [step] = timeline.steps(row, [], ahead=12)
    assert (step.kind, step.note) == ("wait", "12 events are before it")
