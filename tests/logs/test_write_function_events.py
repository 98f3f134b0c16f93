"""The worker's bulk path."""

import threading
from contextlib import suppress

import pytest
from django.db import connection, transaction

from logs.budget import Budget
from logs.errors import LogGroupNotFound
from logs.models import LogEvent, LogGroup, LogStream
from logs.services import FunctionLogBatch, delete_log_group, write_function_events
from tests.factories import log_batch


def batch(account, *messages, at=1000, **where):
    return log_batch(account, *messages, at=at, **where)


def test_the_first_line_of_a_function_makes_its_group_and_stream(ada):
    count = write_function_events([batch(ada, "one", "two")])

    assert count == 2
    stream = LogStream.objects.get(group__account=ada, group__name="/aws/lambda/hello")
    assert list(stream.events.order_by("id").values_list("message", flat=True)) == ["one", "two"]
    assert (stream.first_event_ms, stream.last_event_ms) == (1000, 1001)


def test_lines_of_one_environment_share_a_stream_and_keep_their_request(ada):
    first, second = batch(ada, "one"), batch(ada, "two", at=500)
    write_function_events([first])
    write_function_events([second])

    stream = LogStream.objects.get()
    assert (stream.first_event_ms, stream.last_event_ms) == (500, 1000)
    assert LogEvent.objects.get(request_id=second.request_id).message == "two"


def test_a_group_deleted_by_somebody_else_is_made_again(ada):
    write_function_events([batch(ada, "before")])
    LogGroup.objects.all().delete()

    write_function_events([batch(ada, "after")])

    assert list(LogEvent.objects.values_list("message", flat=True)) == ["after"]
    assert LogGroup.objects.get().stored_bytes == len("after") + 26


def test_a_group_deleted_by_somebody_else_is_made_again_for_a_new_stream(ada):
    write_function_events([batch(ada, "before")])
    LogGroup.objects.all().delete()

    write_function_events([batch(ada, "after", stream="2026/11/23/[$LATEST]bb")])

    assert LogEvent.objects.get().stream.name == "2026/11/23/[$LATEST]bb"


def test_a_stream_deleted_by_somebody_else_is_made_again(ada):
    write_function_events([batch(ada, "before")])
    LogStream.objects.all().delete()

    write_function_events([batch(ada, "after")])

    assert LogEvent.objects.get().stream.name == "2026/11/23/[$LATEST]aa"


def test_the_same_function_name_in_two_accounts_has_two_groups(ada, mallory):
    write_function_events([batch(ada, "mine"), batch(mallory, "theirs")])

    assert LogEvent.objects.get(stream__group__account=ada).message == "mine"
    assert LogEvent.objects.get(stream__group__account=mallory).message == "theirs"


def test_text_that_no_database_takes_is_made_storable(ada):
    write_function_events([batch(ada, "a\x00b \ud800")])

    assert LogEvent.objects.get().message == "a\ufffdb ?"


def test_many_invocations_take_few_statements(ada, django_assert_max_num_queries, django_capture_on_commit_callbacks):
    streams = [batch(ada, "one", "two", stream=f"s{n}") for n in range(50)]
    with django_capture_on_commit_callbacks(execute=True):
        write_function_events(streams)

    with django_assert_max_num_queries(6):
        write_function_events(streams)

    assert LogEvent.objects.count() == 200


def test_streams_that_are_remembered_and_gone_are_made_again(ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        write_function_events([batch(ada, "before")])
    LogGroup.objects.all().delete()

    write_function_events([batch(ada, "after")])

    assert LogEvent.objects.get().message == "after"


@pytest.mark.django_db(transaction=True)
def test_a_stream_whose_transaction_failed_is_not_remembered(ada, mallory):
    """Its id may be given to somebody else's stream next."""
    with suppress(ZeroDivisionError), transaction.atomic():
        write_function_events([batch(ada, "lost")])
        1 / 0  # noqa: B018
    write_function_events([batch(mallory, "theirs")])

    write_function_events([batch(ada, "mine")])

    assert LogEvent.objects.get(stream__group__account=ada).message == "mine"
    assert LogEvent.objects.get(stream__group__account=mallory).message == "theirs"


def test_a_function_that_writes_too_fast_loses_lines_and_its_log_says_so(ada):
    line = "x" * 200_000
    write_function_events([batch(ada, *[line] * 100)])

    stored = list(LogEvent.objects.order_by("id"))
    assert len(stored) < 60
    assert stored[-1].source == "p"
    assert stored[-1].message.endswith("log lines were left out: a log group takes at most 5 MiB a second.\n")


def test_the_lines_of_the_platform_are_never_left_out(ada):
    filler = batch(ada, *["x" * 200_000] * 100)
    report = FunctionLogBatch(ada.id, "us-east-1", filler.group, "other", "", ((1, "REPORT", "p"),))
    write_function_events([filler, report])

    assert LogEvent.objects.get(stream__name="other").message == "REPORT"


def test_a_group_that_is_full_takes_only_the_lines_of_the_platform(ada):
    write_function_events([batch(ada, "first")])
    LogGroup.objects.update(stored_bytes=10**12)

    write_function_events([batch(ada, "more", at=5000)])

    assert LogEvent.objects.get(timestamp=5000).message == (
        "[PLATFORM] 1 log lines were left out: the log group is full.\n"
    )


def test_a_line_longer_than_an_event_becomes_several(ada):
    write_function_events([batch(ada, "é" * 300_000)])

    pieces = LogEvent.objects.order_by("id").values_list("message", flat=True)
    assert "".join(pieces) == "é" * 300_000
    assert len(pieces) == 2


def test_a_bucket_fills_again():
    budget = Budget(rate=10, burst=20)

    assert budget.take("a", 20, now=0.0)
    assert not budget.take("a", 1, now=0.0)
    assert budget.take("b", 20, now=0.0)
    assert budget.take("a", 10, now=1.0)
    assert not budget.take("a", 21, now=100.0)


@pytest.mark.django_db(transaction=True)
def test_functions_write_on_while_somebody_deletes_their_group_again_and_again(ada):
    failures = []

    def write():
        try:
            for n in range(40):
                write_function_events([batch(ada, str(n), stream=f"s{n % 3}")])
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        with suppress(LogGroupNotFound):
            delete_log_group(account=ada, name="/aws/lambda/hello")
    write_function_events([batch(ada, "last", at=9)])

    assert failures == []
    assert LogEvent.objects.filter(message="last").count() == 1
    connection.check_constraints()
