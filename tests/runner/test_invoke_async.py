"""Asynchronous invocations: accepted, executed, retried, delivered and ended."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from accounts import iam
from functions.models import EventInvokeConfig
from functions.services.functions import delete_function
from runner import claims, services
from runner.errors import InvalidRequestContent, PayloadTooLarge
from runner.models import Invocation, State
from tests.runner.fakes import Raises, Unlucky


def send(account, payload=b"{}", reference="hello"):
    return services.invoke_async(account=account, reference=reference, payload=payload)


def row(invocation):
    return Invocation.objects.get(pk=invocation.pk)


@pytest.fixture
def ended(until):
    """Wait until an event is in one of these states."""

    def wait(invocation, *wanted):
        until(lambda: row(invocation).state in wanted)
        return row(invocation)

    return wait


def fails(event, request):
    raise Raises("always")


# -- accepting -------------------------------------------------------------------------------------


def test_an_accepted_event_is_in_the_database_before_the_caller_hears_of_it(ada, make_function, messenger):
    make_function(ada)
    accepted = row(send(ada, b'{"file": "path"}'))
    assert (accepted.state, bytes(accepted.payload)) == (State.QUEUED, b'{"file": "path"}')
    assert accepted.due_at is not None


def test_an_event_is_accepted_while_redis_is_away(ada, make_function, settings, tmp_path):
    from core import redis

    settings.REDIS_URL = f"unix://{tmp_path}/gone.sock"
    redis.connection.cache_clear()
    make_function(ada)
    assert row(send(ada)).state == State.QUEUED
    redis.connection.cache_clear()


def test_an_event_belongs_to_its_senders_transaction(ada, make_function, messenger):
    make_function(ada)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send(ada)
        _ = 1 / 0
    assert not Invocation.objects.exists()


def test_an_event_over_one_megabyte_is_refused(ada, make_function):
    make_function(ada)
    with pytest.raises(PayloadTooLarge, match="1048576"):
        send(ada, b'"' + b"x" * 1048576 + b'"')


def test_an_event_that_is_not_json_is_refused(ada, make_function):
    make_function(ada)
    with pytest.raises(InvalidRequestContent):
        send(ada, b"{file: 1}")


# -- executing -------------------------------------------------------------------------------------


def test_an_event_runs_and_succeeds(engine, ada, make_function, world, ended):
    make_function(ada)
    world.handler = lambda event, request: {"got": event}
    over = ended(send(ada, b'{"file": "path"}'), State.SUCCEEDED)
    assert json.loads(bytes(over.response)) == {"got": {"file": "path"}}
    assert (over.attempt, over.version, over.reason) == (1, "$LATEST", "")
    assert over.finished_at is not None


def test_what_was_accepted_while_no_worker_ran_is_run_when_one_comes(
    transactional_db, messenger, ada, make_function, world, ended
):
    from runner.engine import Engine

    make_function(ada)
    events = [send(ada, str(n).encode()) for n in range(20)]
    engine = Engine(open_environment=world.open)
    engine.start()
    try:
        for event in events:
            ended(event, State.SUCCEEDED)
    finally:
        engine.stop(patience_s=5)
    assert len(world.executions) == 20


def test_a_failing_event_is_tried_again_after_one_and_then_two_minutes(
    frozen_clock, engine, ada, make_function, world, ended, until
):
    make_function(ada)
    world.handler = fails
    event = send(ada)
    for tries, pause in ((1, 60), (2, 120)):
        until(lambda tries=tries: row(event).attempt == tries)
        assert row(event).due_at == row(event).started_at + timedelta(seconds=pause)
        frozen_clock.advance(seconds=pause)
        engine.wake()
    over = ended(event, State.DISCARDED)
    assert (over.attempt, over.reason, over.error_message) == (3, "RetriesExhausted", "always")
    assert len(world.executions) == 3


def test_the_host_failing_does_not_count_as_an_attempt(frozen_clock, engine, ada, make_function, world, ended, until):
    make_function(ada)

    def unlucky(event, request):
        raise Unlucky

    world.handler = unlucky
    event = send(ada)
    until(lambda: row(event).infra_attempts == 1)
    world.handler = lambda event, request: "fine"
    frozen_clock.advance(seconds=1)
    engine.wake()
    over = ended(event, State.SUCCEEDED)
    assert (over.attempt, over.infra_attempts) == (1, 1)


def test_no_retries_means_one_execution(engine, ada, make_function, world, ended):
    version = make_function(ada)
    EventInvokeConfig.objects.create(function=version.function, maximum_retry_attempts=0)
    world.handler = fails
    over = ended(send(ada), State.DISCARDED)
    assert (over.attempt, over.reason) == (1, "RetriesExhausted")


def test_an_event_that_waited_too_long_ends_without_being_run(
    frozen_clock, transactional_db, messenger, ada, make_function, world, ended
):
    from runner.engine import Engine

    version = make_function(ada)
    EventInvokeConfig.objects.create(function=version.function, maximum_event_age=60)
    event = send(ada)
    frozen_clock.advance(seconds=61)
    engine = Engine(open_environment=world.open)
    engine.start()
    try:
        assert ended(event, State.DISCARDED).reason == "EventAgeExceeded"
    finally:
        engine.stop(patience_s=5)
    assert world.executions == []


def test_reserved_concurrency_zero_ends_an_event_at_once(engine, ada, make_function, world, ended):
    version = make_function(ada)
    version.function.reserved_concurrency = 0
    version.function.save()
    assert ended(send(ada), State.DISCARDED).reason == "ZeroReservedConcurrency"
    assert world.executions == []


def test_a_function_never_runs_more_events_at_once_than_reserved(engine, ada, make_function, world, ended):
    import threading

    version = make_function(ada)
    version.function.reserved_concurrency = 2
    version.function.save()
    lock, now, most = threading.Lock(), [0], [0]

    def count(event, request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.005)
        with lock:
            now[0] -= 1

    world.handler = count
    events = [send(ada) for _ in range(30)]
    for event in events:
        assert ended(event, State.SUCCEEDED).attempt == 1  # a throttle is no attempt
    assert most[0] <= 2


def test_the_events_of_a_deleted_function_are_discarded(transactional_db, messenger, ada, make_function):
    make_function(ada)
    event = send(ada)
    delete_function(account=ada, name="hello")
    claims.sweep()
    assert (row(event).state, row(event).reason) == (State.DISCARDED, "FunctionDeleted")


# -- delivering ------------------------------------------------------------------------------------


def test_a_success_is_told_to_its_destination(engine, ada, make_function, world, until, ended):
    version = make_function(ada)
    listener = make_function(ada, "listener")
    EventInvokeConfig.objects.create(function=version.function, on_success=listener.function.arn)
    world.handler = lambda event, request: {"answer": 42}
    event = send(ada, b'{"question": 1}')
    until(lambda: Invocation.objects.filter(function_name="listener").exists())
    record = json.loads(bytes(Invocation.objects.get(function_name="listener").payload))
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": str(event.pk),
        "functionArn": f"{version.function.arn}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert record["requestPayload"] == {"question": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"answer": 42}


def test_a_failure_is_told_to_its_destination(engine, ada, make_function, world, until, ended):
    version = make_function(ada)
    listener = make_function(ada, "listener")
    EventInvokeConfig.objects.create(
        function=version.function, on_failure=listener.function.arn, maximum_retry_attempts=0
    )
    world.handler = lambda event, request: fails(event, request) if event == "bad" else "fine"
    over = ended(send(ada, b'"bad"'), State.DEAD_LETTER)
    assert over.reason == "RetriesExhausted"
    record = json.loads(bytes(Invocation.objects.get(function_name="listener").payload))
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "always"


def test_a_dead_letter_is_the_event_itself(engine, ada, make_function, world, ended):
    version = make_function(ada)
    letters = make_function(ada, "letters")
    version.dead_letter_arn = letters.function.arn
    version.save()
    EventInvokeConfig.objects.create(function=version.function, maximum_retry_attempts=0)
    world.handler = fails
    ended(send(ada, b'{"the": "event"}'), State.DEAD_LETTER)
    assert json.loads(bytes(Invocation.objects.get(function_name="letters").payload)) == {"the": "event"}


def test_a_destination_nobody_serves_leaves_the_event_discarded_with_the_reason(
    engine, ada, make_function, world, ended
):
    version = make_function(ada)
    EventInvokeConfig.objects.create(
        function=version.function,
        on_failure=f"arn:aws:kinesis:us-east-1:{ada.pk}:stream/x",
        maximum_retry_attempts=0,
    )
    world.handler = fails
    over = ended(send(ada), State.DISCARDED)
    assert over.reason.startswith("RetriesExhausted; InvalidParameterValue")


def test_a_role_that_has_lost_its_leave_delivers_nothing_and_the_record_says_so(
    engine, ada, make_function, world, ended
):
    version = make_function(ada)
    listener = make_function(ada, "listener")
    config = {"on_failure": listener.function.arn, "maximum_retry_attempts": 0}
    EventInvokeConfig.objects.create(function=version.function, **config)
    document = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": document})
    iam.put_role_policy(account=ada, role_name="LabRole", policy_name="no-more", document=document)
    world.handler = fails
    over = ended(send(ada), State.DISCARDED)
    assert over.reason == "RetriesExhausted; AccessDenied: lambda:InvokeFunction"
    assert not Invocation.objects.filter(function_name="listener").exists()
