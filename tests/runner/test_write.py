"""What a worker writes when it does not know whether the database has it already."""

import uuid

import pytest
from django.db import OperationalError

from core import clock
from logs.models import LogEvent
from logs.services import FunctionLogBatch
from runner import claims, finishing, services, writer
from runner.execution import Executed
from runner.finishing import Result
from runner.models import Invocation, State
from runner.outcomes import Kind, Outcome
from runner.report import make
from runner.writer import Entry


@pytest.fixture
def call(ada):
    """The row of a call that was answered."""
    return {
        "id": uuid.uuid4(),
        "account_id": ada.id,
        "function_name": "hello",
        "invocation_type": "RequestResponse",
        "state": State.SUCCEEDED.value,
        "asked_at": clock.now(),
    }


def log_of(account, request_id):
    lines = ((clock.epoch_ms(), f"START {request_id}\n", "p"), (clock.epoch_ms(), f"REPORT {request_id}\n", "p"))
    return FunctionLogBatch(account.id, "eu-west-1", "/aws/lambda/hello", "stream", str(request_id), lines)


def write_and_write_again(entry, broken_commit):
    broken_commit()
    with pytest.raises(OperationalError):
        writer.write([entry])
    writer.write([entry], in_doubt=True)


def test_an_end_that_was_committed_unheard_is_not_logged_twice(
    transactional_db, messenger, ada, make_function, broken_commit
):
    make_function(ada)
    event = services.invoke_async(account=ada, reference="hello", payload=b"{}")
    ((claimed,), _) = claims.claim(claims.heads()[0], limit=1)
    report = make(duration_ms=1.0, init_ms=None, memory_size=128, max_memory_used=40, timeout_s=None)
    executed = Executed(Outcome(kind=Kind.OK, payload=b"null"), report, "stream", [])
    entry = Entry(finish=lambda book: finishing.finish(claimed, Result(executed), book), logs=log_of(ada, event.pk))
    write_and_write_again(entry, broken_commit)
    assert Invocation.objects.get(pk=event.pk).state == State.SUCCEEDED
    assert LogEvent.objects.filter(request_id=event.pk).count() == 2


def test_a_call_that_was_committed_unheard_is_neither_recorded_nor_logged_twice(
    transactional_db, ada, call, broken_commit
):
    write_and_write_again(Entry(row=lambda: call, logs=log_of(ada, call["id"])), broken_commit)
    assert Invocation.objects.filter(pk=call["id"]).count() == 1
    assert LogEvent.objects.filter(request_id=call["id"]).count() == 2


def test_what_was_not_committed_is_written_with_its_log(transactional_db, ada, call):
    writer.write([Entry(row=lambda: call, logs=log_of(ada, call["id"]))], in_doubt=True)
    assert Invocation.objects.filter(pk=call["id"]).exists()
    assert LogEvent.objects.filter(request_id=call["id"]).count() == 2
