"""What CloudWatch tells about functions: the same as their invocations' records."""

import uuid
from datetime import timedelta

import pytest

from core import clock
from functions.models import EventInvokeConfig
from functions.services.concurrency import put_function_concurrency
from logs import metrics
from logs.metrics import MetricId
from runner import dispatch, retries, selectors, services
from runner.dispatch import Dispatcher
from runner.errors import ReservedConcurrencyExceeded
from runner.models import Invocation, InvocationType, State
from tests.runner.fakes import Raises


@pytest.fixture
def record():
    """Record an invocation that began so many seconds ago."""

    def make(account, *, ago=0.0, took_ms=100.0, failed=False, name="hello", **given):
        asked = clock.now() - timedelta(seconds=ago)
        started = given.pop("started_at", asked)
        values = {
            "function_name": name,
            "version": "$LATEST",
            "invocation_type": InvocationType.REQUEST_RESPONSE,
            "state": State.FAILED if failed else State.SUCCEEDED,
            "asked_at": asked,
            "started_at": started,
            "finished_at": started + timedelta(milliseconds=took_ms),
            "duration_ms": took_ms,
        }
        return Invocation.objects.create(id=uuid.uuid4(), account=account, **(values | given))

    return make


def ask(account, name, statistic, *, period=3600, **dimensions):
    """One number of the last hour and a minute to come; None when there are no values."""
    now = clock.now()
    extended = statistic.startswith("p")
    points = metrics.get_metric_statistics(
        account=account,
        metric=MetricId.of("AWS/Lambda", name, dimensions),
        start=now - timedelta(seconds=3540),
        end=now + timedelta(seconds=60),
        period=period,
        statistics=() if extended else (statistic,),
        extended=(statistic,) if extended else (),
    )
    assert len(points) < 2
    return (points[0].extended if extended else points[0].statistics)[statistic] if points else None


def test_invocations_errors_and_durations_are_those_of_the_records(ada, frozen_clock, record):
    record(ada, ago=60, took_ms=10)
    record(ada, ago=30, took_ms=30)
    record(ada, ago=10, took_ms=80, failed=True)

    assert ask(ada, "Invocations", "Sum", FunctionName="hello") == 3
    assert ask(ada, "Errors", "Sum", FunctionName="hello") == 1
    assert ask(ada, "Errors", "SampleCount", FunctionName="hello") == 3
    assert ask(ada, "Duration", "Average", FunctionName="hello") == 40
    assert ask(ada, "Duration", "Maximum", FunctionName="hello") == 80
    assert ask(ada, "Duration", "p50", FunctionName="hello") == pytest.approx(30, rel=0.01)


def test_without_dimensions_all_functions_of_the_account_count(ada, mallory, frozen_clock, record):
    record(ada, name="one")
    record(ada, name="two")
    record(mallory, name="one")

    assert ask(ada, "Invocations", "Sum") == 2
    assert ask(ada, "Invocations", "Sum", FunctionName="one") == 1
    assert ask(mallory, "Invocations", "Sum") == 1


def test_an_alias_counts_what_was_asked_of_it_and_which_version_ran(ada, frozen_clock, record):
    record(ada, qualifier="prod", version="1")
    record(ada, qualifier="prod", version="2")
    record(ada)

    assert ask(ada, "Invocations", "Sum", FunctionName="hello") == 3
    assert ask(ada, "Invocations", "Sum", FunctionName="hello", Resource="hello") == 1
    assert ask(ada, "Invocations", "Sum", FunctionName="hello", Resource="hello:prod") == 2
    assert ask(ada, "Invocations", "Sum", FunctionName="hello", Resource="hello:prod", ExecutedVersion="2") == 1
    assert ask(ada, "Invocations", "Sum", Colour="red") is None


def test_a_failure_of_the_platform_is_no_invocation(ada, frozen_clock, record):
    record(ada, failed=True, reason="PlatformFailure")

    assert ask(ada, "Invocations", "Sum") is None


def test_each_period_has_its_own_values(ada, frozen_clock, record):
    for ago in (0, 61, 62, 190):
        record(ada, ago=ago)

    [points] = selectors.metric_series(
        account=ada,
        metric="Invocations",
        statistics=("Sum",),
        start=clock.now() - timedelta(minutes=4),
        end=clock.now() + timedelta(minutes=1),
        period_s=60,
    )

    assert [point.value for point in points] == [1, None, 2, None, 1]
    assert points[-1].at == clock.now()


def test_concurrent_executions_are_how_many_ran_at_once(ada, frozen_clock, record):
    record(ada, ago=60, took_ms=30_000)
    record(ada, ago=50, took_ms=30_000)
    record(ada, ago=40, took_ms=1_000)
    record(ada, ago=5, took_ms=1_000, name="other")

    assert ask(ada, "ConcurrentExecutions", "Maximum") == 3
    assert ask(ada, "ConcurrentExecutions", "Minimum") == 1
    assert ask(ada, "ConcurrentExecutions", "Maximum", FunctionName="other") == 1


def test_executions_that_follow_one_another_ran_one_at_a_time_also_when_their_records_end_together(
    ada, frozen_clock, record
):
    written = clock.now()
    for number in range(5):
        started_at = written - timedelta(milliseconds=100 - 2 * number)
        record(ada, started_at=started_at, finished_at=written, duration_ms=2.4)
    assert ask(ada, "ConcurrentExecutions", "Maximum") == 1


def test_executions_that_began_in_the_same_millisecond_ran_one_at_a_time_the_shortest_first(ada, frozen_clock, record):
    written = clock.now()
    for duration_ms in (7.9, 0.3, 0.4):
        started_at = written - timedelta(milliseconds=50)
        record(ada, started_at=started_at, finished_at=written, duration_ms=duration_ms)
    assert ask(ada, "ConcurrentExecutions", "Maximum") == 1


def test_events_have_an_age_and_may_be_dropped(ada, frozen_clock, record):
    event = {"invocation_type": InvocationType.EVENT}
    record(ada, ago=20, started_at=clock.now() - timedelta(seconds=15), **event)
    record(ada, ago=10, state=State.DISCARDED, reason="EventAgeExceeded", duration_ms=None, **event)
    record(ada, ago=1, state=State.QUEUED, started_at=clock.now(), duration_ms=None, **event)

    assert ask(ada, "AsyncEventsReceived", "Sum") == 3
    assert ask(ada, "AsyncEventsDropped", "Sum") == 1
    assert ask(ada, "AsyncEventAge", "Maximum") == pytest.approx(5000, abs=1)
    assert ask(ada, "Invocations", "Sum") == 1


def test_functions_that_ran_are_listed_with_all_their_dimensions(ada, frozen_clock, record):
    record(ada, qualifier="prod", version="2")

    listed, _ = metrics.list_metrics(account=ada, namespace="AWS/Lambda", name="Duration")

    assert [dict(one.dimensions) for one in listed] == [
        {},
        {"ExecutedVersion": "2", "FunctionName": "hello", "Resource": "hello:prod"},
        {"FunctionName": "hello"},
        {"FunctionName": "hello", "Resource": "hello:prod"},
    ]


def test_a_throttled_invocation_is_counted_and_is_no_invocation(ada, make_function, messenger):
    make_function(ada)
    put_function_concurrency(account=ada, name="hello", reserved=0)

    for _ in range(2):
        with pytest.raises(ReservedConcurrencyExceeded):
            services.invoke_and_wait(account=ada, reference="hello", payload=b"{}")
    metrics.recorder.flush()

    assert ask(ada, "Throttles", "Sum", FunctionName="hello") == 2
    assert ask(ada, "Throttles", "Sum") == 2
    assert ask(ada, "Invocations", "Sum") is None
    assert MetricId.of("AWS/Lambda", "Throttles", {"FunctionName": "hello"}) in metrics.list_metrics(account=ada)[0]


def test_an_event_that_finds_its_function_at_its_limit_is_a_throttle_and_stays_in_line(
    ada, make_function, messenger, monkeypatch
):
    make_function(ada)
    put_function_concurrency(account=ada, name="hello", reserved=1)
    for _ in range(3):
        services.invoke_async(account=ada, reference="hello", payload=b"{}")
    ran = []
    dispatcher = Dispatcher(run=ran.append, free=lambda: 10, account_share=10)
    dispatcher.dispatch()
    metrics.recorder.flush()
    assert ask(ada, "Throttles", "Sum", FunctionName="hello") is None  # the first has just begun
    dispatcher.dispatch()  # the others are due
    metrics.recorder.flush()
    assert ask(ada, "Throttles", "Sum", FunctionName="hello") == 1
    monkeypatch.setattr(dispatch, "_THROTTLE_PAUSE_S", 0.0)  # a second later
    dispatcher.ended(ran[0].function_id)  # of another event, so there is no room yet
    dispatcher.dispatch()
    metrics.recorder.flush()
    assert ask(ada, "Throttles", "Sum", FunctionName="hello") == 2
    assert len(ran) == 1


def test_every_execution_of_an_event_that_is_tried_again_counts(ada, make_function, engine, world, until, monkeypatch):
    def fails(event, request):
        raise Raises("always")

    world.handler = fails
    monkeypatch.setattr(retries, "FUNCTION_ERROR_PAUSES", (timedelta(0), timedelta(0)))
    function = make_function(ada).function
    EventInvokeConfig.objects.create(
        function=function, qualifier="$LATEST", on_failure="arn:aws:sqs:us-east-1:1:gone", last_modified=clock.now()
    )

    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    until(lambda: Invocation.objects.get(pk=event.pk).state == State.DISCARDED)

    assert ask(ada, "Invocations", "Sum", FunctionName="hello") == 3
    assert ask(ada, "Errors", "Sum", FunctionName="hello") == 3
    assert ask(ada, "Duration", "SampleCount", FunctionName="hello") == 3
    assert ask(ada, "AsyncEventsReceived", "Sum") == 1
    assert ask(ada, "AsyncEventsDropped", "Sum") == 1
    assert ask(ada, "DestinationDeliveryFailures", "Sum") == 1
