"""Old events go, and so do those that a group has no room for."""

import pytest

from core import clock
from core.limits import MIB
from logs import retention, services
from logs.models import LogEvent, LogGroup, LogStream
from logs.services import FunctionLogBatch, write_function_events


def messages():
    return list(LogEvent.objects.order_by("timestamp", "id").values_list("message", flat=True))


def test_events_past_their_retention_are_removed(ada, make_stream, frozen_clock):
    make_stream(ada, "old")
    services.put_retention_policy(account=ada, name="g", days=1)
    frozen_clock.advance(days=1)
    make_stream(ada, "new", stream="t")

    retention.sweep()

    assert messages() == ["new"]
    assert LogGroup.objects.get().stored_bytes == 3 + 26
    assert LogStream.objects.get(name="s").first_event_ms is None


def test_a_stream_keeps_its_younger_events_and_says_since_when(ada, make_stream, frozen_clock):
    first = make_stream(ada, "old", "young")
    services.put_retention_policy(account=ada, name="g", days=1)
    frozen_clock.advance(days=1, seconds=-1)

    retention.sweep()

    assert messages() == ["young"]
    stream = LogStream.objects.get()
    assert (stream.first_event_ms, stream.last_event_ms) == (first + 1000, first + 1000)


def test_a_group_without_retention_keeps_everything(ada, make_stream, frozen_clock):
    make_stream(ada, "old")
    frozen_clock.advance(days=4000)

    retention.sweep()

    assert messages() == ["old"]


def test_many_events_go_in_several_steps(ada, make_stream, frozen_clock, monkeypatch):
    monkeypatch.setattr("logs.storage.DELETE_BATCH", 2)
    make_stream(ada, *"abcde")
    services.put_retention_policy(account=ada, name="g", days=1)
    frozen_clock.advance(days=1)

    retention.sweep()

    assert messages() == []
    assert LogGroup.objects.get().stored_bytes == 0


def test_a_group_over_its_size_loses_its_oldest_events_only(ada, mallory, make_stream, frozen_clock, settings):
    settings.LOG_GROUP_MB = 1
    make_stream(mallory, "small")
    for n in range(15):
        make_stream(ada, f"{n:02}" + "x" * 100_000, stream=f"s{n}")
        frozen_clock.advance(seconds=1)

    retention.sweep()

    kept = [message[:2] for message in messages() if message != "small"]
    assert kept == [f"{n:02}" for n in range(6, 15)]
    assert LogGroup.objects.get(account=ada).stored_bytes <= 0.95 * MIB
    assert "small" in messages()


@pytest.mark.parametrize(("group", "left"), [("/aws/lambda/f", 0), ("mine", 1)])
def test_empty_streams_of_functions_go_after_a_day(ada, make_stream, frozen_clock, group, left):
    make_stream(ada, group=group)
    frozen_clock.advance(days=2)

    retention.sweep()

    assert LogStream.objects.count() == left


def test_a_function_goes_on_writing_to_a_stream_that_was_swept(ada, frozen_clock):
    batch = FunctionLogBatch(ada.id, "us-east-1", "/aws/lambda/f", "s", "", ((clock.epoch_ms(), "hello", "f"),))
    write_function_events([batch])
    services.put_retention_policy(account=ada, name="/aws/lambda/f", days=1)
    frozen_clock.advance(days=3)
    retention.sweep()
    assert not LogStream.objects.exists()

    write_function_events([batch])

    assert messages() == ["hello"]
