"""Synchronous invocations, through the real lane and Redis, over fake environments."""

import asyncio
import base64
import json

import pytest

from core.errors import ServiceError
from functions.errors import FunctionNotFound
from functions.services.functions import update_function_configuration
from logs.models import LogEvent
from runner import services
from runner.errors import (
    EnvironmentFailure,
    FunctionNotActive,
    InvalidRequestContent,
    PayloadTooLarge,
    ReservedConcurrencyExceeded,
)
from runner.execution import Executed
from runner.finishing import outcome_fields
from runner.models import Invocation, State
from runner.outcomes import Kind, Outcome
from runner.report import make
from tests.runner.fakes import Crashes, Raises, TimesOut, Unlucky


def invoke(account, reference="hello", payload=b"{}", **further):
    return services.invoke_and_wait(account=account, reference=reference, payload=payload, **further)


def test_the_answer_is_what_the_handler_returned(engine, ada, make_function):
    make_function(ada)
    answer = invoke(ada, payload=b'{"key1": "value1"}')
    assert (json.loads(answer.payload), answer.function_error) == ({"key1": "value1"}, "")
    assert answer.executed_version == "$LATEST"


def test_a_caller_in_the_event_loop_gets_the_same_answer(engine, ada, make_function):
    make_function(ada)
    answer = asyncio.run(services.invoke(account=ada, reference="hello", payload=b"[1, 2]"))
    assert json.loads(answer.payload) == [1, 2]


def test_a_hundred_callers_wait_at_once_and_each_gets_its_own_answer(engine, ada, make_function):
    make_function(ada)

    async def everybody():
        calls = [services.invoke(account=ada, reference="hello", payload=str(n).encode()) for n in range(100)]
        return await asyncio.gather(*calls)

    answers = asyncio.run(everybody())
    assert [json.loads(answer.payload) for answer in answers] == list(range(100))


def test_a_function_that_is_sent_nothing_gets_an_empty_event(engine, ada, make_function):
    make_function(ada)
    assert invoke(ada, payload=b"").payload == b"{}"


@pytest.mark.parametrize(
    ("source", "length", "is_kept"),
    [("api", 2, False), ("console", 2, True), ("console", 100_000, True), ("sqs", 2, True), ("sqs", 100_000, False)],
)
def test_a_tests_event_is_kept_and_a_queues_unless_it_is_large(
    engine, ada, make_function, until, source, length, is_kept
):
    make_function(ada)
    payload = b'"' + b"a" * length + b'"'
    request_id = invoke(ada, payload=payload, source=source).request_id
    until(lambda: Invocation.objects.filter(pk=request_id).exists())
    assert bytes(Invocation.objects.get(pk=request_id).payload or b"") == (payload if is_kept else b"")


def test_the_first_call_is_cold_and_the_next_is_warm(engine, ada, make_function, world):
    make_function(ada)
    first, second = invoke(ada), invoke(ada)
    assert (first.report.init_ms, second.report.init_ms) == (100.0, None)
    assert (first.report.billed_ms, second.report.billed_ms) == (102, 2)
    assert len(world.opened) == 1


def test_a_cold_log_begins_with_init_and_ends_with_the_report(engine, ada, make_function, world):
    make_function(ada)
    world.prints = ["hello"]
    answer = invoke(ada)
    lines = answer.log_tail.splitlines()
    assert lines[0].startswith("INIT_START Runtime Version: python:3.13")
    assert lines[1:5] == [
        "init: hello",
        f"START RequestId: {answer.request_id} Version: $LATEST",
        "hello",
        f"END RequestId: {answer.request_id}",
    ]
    assert lines[5] == (
        f"REPORT RequestId: {answer.request_id}\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 30 MB\tInit Duration: 100.00 ms\t"
    )


def test_a_handler_that_fails_gives_an_unhandled_error(engine, ada, make_function, world):
    make_function(ada)

    def fail(event, request):
        raise Raises("no key1")

    world.handler = fail
    answer = invoke(ada)
    assert answer.function_error == "Unhandled"
    assert json.loads(answer.payload)["errorMessage"] == "no key1"


def test_an_environment_that_crashed_is_not_used_again(engine, ada, make_function, world):
    make_function(ada)

    def crash(event, request):
        raise Crashes

    world.handler = crash
    assert json.loads(invoke(ada).payload)["errorType"] == "Runtime.ExitError"
    world.handler = lambda event, request: "back"
    assert invoke(ada).report.cold


def test_a_timeout_is_reported_as_the_timeout_itself(engine, ada, make_function, world):
    make_function(ada)

    def never(event, request):
        raise TimesOut

    world.handler = never
    answer = invoke(ada)
    assert answer.report.duration_ms == 3000
    assert f"{answer.request_id} Task timed out after 3.00 seconds\n\nEND" in answer.log_tail
    assert "Status: timeout" in answer.log_tail


def test_a_failing_host_is_a_service_error_not_the_functions(engine, ada, make_function, world):
    make_function(ada)

    def unlucky(event, request):
        raise Unlucky

    world.handler = unlucky
    with pytest.raises(EnvironmentFailure, match="the host is unlucky"):
        invoke(ada)


def test_every_invocation_is_recorded_with_its_log(engine, ada, make_function, world, until):
    make_function(ada)
    world.prints = ["hello"]
    answer = invoke(ada)
    until(lambda: Invocation.objects.filter(pk=answer.request_id).exists())
    row = Invocation.objects.get(pk=answer.request_id)
    assert (row.state, row.version, row.cold, row.billed_ms) == (State.SUCCEEDED, "$LATEST", True, 102)
    messages = LogEvent.objects.filter(request_id=answer.request_id).order_by("id").values_list("message", "source")
    assert ("hello\n", "f") in list(messages)
    assert LogEvent.objects.filter(stream__name=row.log_stream, stream__group__name="/aws/lambda/hello").exists()


def test_a_changed_function_never_runs_in_an_old_environment(engine, ada, make_function, world):
    make_function(ada)
    invoke(ada)
    update_function_configuration(account=ada, name="hello", environment={"foo": "bar"})
    assert invoke(ada).report.cold
    assert world.opened[1].spec.environment["foo"] == "bar"
    assert world.stopped.acquire(timeout=10)  # the old one is gone


def test_a_function_sees_its_role_and_its_log_stream(engine, ada, make_function, world):
    make_function(ada)
    answer = invoke(ada)
    environment = world.opened[0].spec.environment
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["AWS_LAMBDA_LOG_STREAM_NAME"] == answer.log_stream


def test_more_calls_than_reserved_are_refused(engine, ada, make_function, world):
    version = make_function(ada)
    version.function.reserved_concurrency = 0
    version.function.save()
    with pytest.raises(ReservedConcurrencyExceeded) as refused:
        invoke(ada)
    assert refused.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused.value.status == 429


def test_a_lease_is_given_back_with_the_answer(engine, ada, make_function):
    version = make_function(ada)
    version.function.reserved_concurrency = 1
    version.function.save()
    for _ in range(5):
        invoke(ada)


def test_a_nested_call_is_served_though_every_slot_is_taken(
    settings, transactional_db, messenger, world, ada, make_function
):
    from runner.engine import Engine

    settings.WORKER_CONCURRENCY, settings.PRESTARTED_ENVIRONMENTS, settings.WORKER_MEMORY_MB = 1, 0, 128
    make_function(ada, "outer")
    make_function(ada, "inner")

    def handler(event, request):
        if event == "outer":
            caller = f"arn:aws:sts::{ada.pk}:assumed-role/LabRole/outer"
            return json.loads(invoke(ada, "inner", b'"inner"', caller_arn=caller).payload)
        return "from the inside"

    world.handler = handler
    engine = Engine(open_environment=world.open)
    engine.start()
    try:
        assert invoke(ada, "outer", b'"outer"').payload == b'"from the inside"'
    finally:
        engine.stop(patience_s=5)


@pytest.mark.parametrize("payload", [b"{", b"'x'", b"NaN", b"\xff"])
def test_what_is_not_json_is_refused(ada, make_function, messenger, payload):
    make_function(ada)
    with pytest.raises(InvalidRequestContent, match="Could not parse request body into json"):
        invoke(ada, payload=payload)


def test_an_event_over_six_megabytes_is_refused(ada, make_function, messenger):
    make_function(ada)
    with pytest.raises(PayloadTooLarge, match="must be smaller than 6291456 bytes for the InvokeFunction operation"):
        invoke(ada, payload=b'"' + b"x" * 6291456 + b'"')


@pytest.mark.parametrize("context", ["not base64!", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode()])
def test_a_client_context_must_be_base64_of_a_json_object(ada, make_function, messenger, context):
    make_function(ada)
    with pytest.raises(InvalidRequestContent, match="Client context must be a valid Base64-encoded JSON object"):
        invoke(ada, client_context=context)


def test_the_client_context_reaches_the_function(engine, ada, make_function, world):
    make_function(ada)
    world.handler = lambda event, request: json.loads(request.client_context)
    context = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    assert json.loads(invoke(ada, client_context=context).payload) == {"custom": {"a": 1}}


def test_a_version_that_failed_to_become_ready_is_a_conflict(ada, make_function, messenger):
    version = make_function(ada)
    version.state = "Failed"
    version.save()
    with pytest.raises(FunctionNotActive, match="currently in the following state: Failed"):
        invoke(ada)


def test_somebody_elses_function_is_not_found(ada, mallory, make_function, messenger):
    make_function(ada)
    with pytest.raises(FunctionNotFound):
        invoke(mallory)


def test_a_dry_run_checks_and_runs_nothing(ada, make_function):
    make_function(ada)
    services.dry_run(account=ada, reference="hello")
    with pytest.raises(ServiceError):
        services.dry_run(account=ada, reference="hello:nope")


def test_without_redis_the_error_says_so(settings, ada, make_function, tmp_path, messenger):
    from core import redis

    make_function(ada)
    settings.REDIS_URL = f"unix://{tmp_path}/gone.sock"
    redis.connection.cache_clear()
    with pytest.raises(ServiceError, match="Redis"):
        invoke(ada)


def test_whoever_looks_on_late_sees_everything_from_the_first_line(engine, ada, make_function, world):
    make_function(ada)
    world.prints = ["one", "two"]
    answer = invoke(ada, watch=True)

    async def look():
        return [item async for item in services.watch(answer.request_id)]

    seen = asyncio.run(look())
    assert [item.message for item in seen[:-1] if item.source == "f"] == [
        "init: one\n",
        "init: two\n",
        "one\n",
        "two\n",
    ]
    assert seen[-1].function_error == ""


def test_whoever_looks_on_sees_the_end_even_when_the_host_fails(engine, ada, make_function, world):
    make_function(ada)

    def unlucky(event, request):
        raise Unlucky

    world.handler = unlucky
    request_id = "6f1ed002-ab5f-4c4e-9b0a-2f5b0a3c1d11"
    with pytest.raises(EnvironmentFailure):
        invoke(ada, watch=True, request_id=request_id)

    async def look():
        return [item async for item in services.watch(request_id)]

    assert asyncio.run(look())[-1].request_id == request_id


def test_an_init_that_fails_is_a_cold_start_though_its_report_tells_no_init():
    outcome = Outcome(kind=Kind.INIT_ERROR, error_type="Runtime.HandlerNotFound")
    figures = make(duration_ms=3.0, init_ms=None, memory_size=128, max_memory_used=13)
    assert outcome_fields(Executed(outcome, figures, "stream", []))["cold"]
