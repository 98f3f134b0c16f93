"""Putting events into a stream."""

import pytest

from core import clock
from logs import errors, selectors, services
from logs.services import InputEvent

HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def stream(ada, frozen_clock):
    services.create_log_group(account=ada, name="g")
    return services.create_log_stream(account=ada, group="g", name="s")


def put(account, *events):
    return services.put_log_events(account=account, group="g", stream="s", events=[InputEvent(*e) for e in events])


def messages(account):
    page = selectors.get_log_events(account=account, group="g", stream="s", start_from_head=True)
    return [event.message for event in page.events]


def test_events_are_kept_in_order(ada, stream):
    now = clock.epoch_ms()
    result = put(ada, (now - 2, "one"), (now - 1, "two"))

    assert messages(ada) == ["one", "two"]
    assert (result.too_new_start, result.too_old_end, result.expired_end) == (None, None, None)
    assert selectors.get_log_group(account=ada, name="g").stored_bytes == 2 * (3 + 26)


def test_events_too_old_or_too_new_are_left_out_and_reported(ada, stream):
    now = clock.epoch_ms()
    result = put(ada, (now - 15 * DAY, "old"), (now, "good"), (now + 3 * HOUR, "new"))

    assert messages(ada) == ["good"]
    assert (result.too_old_end, result.too_new_start, result.expired_end) == (1, 2, None)


def test_events_older_than_the_retention_of_the_group_are_left_out(ada, stream):
    services.put_retention_policy(account=ada, name="g", days=1)
    now = clock.epoch_ms()
    result = put(ada, (now - 2 * DAY, "expired"), (now, "good"))

    assert messages(ada) == ["good"]
    assert (result.expired_end, result.too_old_end) == (1, None)


def test_a_batch_out_of_order_is_refused(ada, stream):
    now = clock.epoch_ms()
    with pytest.raises(errors.InvalidParameter, match="must be in chronological order"):
        put(ada, (now, "one"), (now - 1, "two"))


def test_a_batch_over_more_than_a_day_is_refused(ada, stream):
    now = clock.epoch_ms()
    with pytest.raises(errors.InvalidParameter, match="cannot span more than 24 hours"):
        put(ada, (now - DAY - 1, "one"), (now, "two"))


def test_an_event_over_its_limit_is_refused(ada, stream):
    with pytest.raises(errors.InvalidParameter, match="Log event too large: 1048577 bytes"):
        put(ada, (clock.epoch_ms(), "x" * (1_048_576 - 25)))


def test_a_batch_over_its_limit_is_refused(ada, stream):
    now = clock.epoch_ms()
    with pytest.raises(errors.InvalidParameter, match="Upload too large: 1048652 bytes exceeds limit of 1048576"):
        put(ada, (now, "é" * 262_150), (now, "x" * 524_300))


def test_a_stream_that_is_not_there_takes_no_events(ada, stream):
    with pytest.raises(errors.LogStreamNotFound, match="The specified log stream does not exist"):
        services.put_log_events(account=ada, group="g", stream="other", events=[InputEvent(1, "x")])


def test_the_stream_of_another_account_takes_no_events(ada, mallory, stream):
    with pytest.raises(errors.LogGroupNotFound, match="The specified log group does not exist"):
        put(mallory, (clock.epoch_ms(), "x"))


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "a\n", "a" * 513])
def test_a_group_name_that_aws_refuses_is_refused(ada, name):
    with pytest.raises(errors.InvalidParameter):
        services.create_log_group(account=ada, name=name)


@pytest.mark.parametrize("name", ["", "a:b", "a*", "\x00", "\ud800", "a" * 513])
def test_a_stream_name_that_aws_refuses_is_refused(ada, stream, name):
    with pytest.raises(errors.InvalidParameter):
        services.create_log_stream(account=ada, group="g", name=name)


def test_names_are_given_once(ada, stream):
    with pytest.raises(errors.LogGroupExists):
        services.create_log_group(account=ada, name="g")
    with pytest.raises(errors.LogStreamExists):
        services.create_log_stream(account=ada, group="g", name="s")


def test_a_deleted_group_takes_its_events_along(ada, stream):
    from logs.models import LogEvent, LogStream

    put(ada, (clock.epoch_ms(), "x"))
    services.delete_log_group(account=ada, name="g")

    assert not LogEvent.objects.exists() and not LogStream.objects.exists()
    with pytest.raises(errors.LogGroupNotFound):
        selectors.get_log_group(account=ada, name="g")


def test_a_deleted_stream_takes_its_events_along_and_gives_back_its_room(ada, stream):
    put(ada, (clock.epoch_ms(), "é" * 10))
    services.delete_log_stream(account=ada, group="g", name="s")

    assert selectors.get_log_group(account=ada, name="g").stored_bytes == 0


@pytest.mark.parametrize("days", [0, 2, -1, 10_000])
def test_only_certain_retentions_exist(ada, stream, days):
    with pytest.raises(errors.InvalidParameter):
        services.put_retention_policy(account=ada, name="g", days=days)


def test_tags_are_added_and_removed(ada, stream):
    services.tag(account=ada, name="g", tags={"course": "CCP", "year": "2026"})
    services.untag(account=ada, name="g", keys=["year"])

    assert selectors.get_log_group(account=ada, name="g").tags == {"course": "CCP"}


def test_a_resource_has_at_most_fifty_tags(ada, stream):
    with pytest.raises(errors.TooManyTags):
        services.tag(account=ada, name="g", tags={str(n): "" for n in range(51)})
