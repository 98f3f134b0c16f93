"""The worker's bulk path."""

import uuid

from logs.models import LogEvent, LogGroup, LogStream
from logs.services import FunctionLogBatch, write_function_events


def batch(account, *messages, group="/aws/lambda/hello", stream="2026/11/23/[$LATEST]aa", at=1000):
    events = tuple((at + n, message, "f") for n, message in enumerate(messages))
    return FunctionLogBatch(account.id, "us-east-1", group, stream, str(uuid.uuid4()), events)


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


def test_many_invocations_take_few_statements(ada, django_assert_max_num_queries):
    streams = [batch(ada, "one", "two", stream=f"s{n}") for n in range(50)]
    write_function_events(streams)

    with django_assert_max_num_queries(6):
        write_function_events(streams)

    assert LogEvent.objects.count() == 200
