"""Looking on while log events arrive."""

import pytest

from core.errors import ServiceError
from logs import tailing
from logs.models import LogEvent, LogStream
from logs.services import delete_log_group
from tests.factories import write_log

GROUP = "/aws/lambda/hello"


def messages(tail):
    return [event.message for event in tail.look().events]


def test_each_look_has_what_arrived_since_the_last(ada):
    write_log(ada, "before")
    tail = tailing.open_tail(account=ada, groups=[GROUP])

    assert messages(tail) == []
    write_log(ada, "one")
    assert messages(tail) == ["one"]
    write_log(ada, "two", "three")
    assert messages(tail) == ["two", "three"]
    for _ in range(tailing._LOOKS_BACK + 1):
        assert messages(tail) == []


def test_an_event_that_is_committed_after_later_ones_is_shown_too(ada):
    write_log(ada, "before")
    tail = tailing.open_tail(account=ada, groups=[GROUP])
    first = LogEvent.objects.latest("id").id
    stream = LogStream.objects.get()
    LogEvent.objects.create(id=first + 2, stream=stream, timestamp=1, ingestion=1, message="second")
    assert messages(tail) == ["second"]

    LogEvent.objects.create(id=first + 1, stream=stream, timestamp=1, ingestion=1, message="first")

    assert messages(tail) == ["first"]


def test_other_groups_and_accounts_are_not_shown(ada, mallory):
    write_log(ada, "before")
    tail = tailing.open_tail(account=ada, groups=[GROUP])

    write_log(ada, "elsewhere", group="/aws/lambda/other")
    write_log(mallory, "hers")

    assert messages(tail) == []


def test_a_group_that_is_deleted_and_made_again_is_shown_again(ada):
    write_log(ada, "before")
    tail = tailing.open_tail(account=ada, groups=[GROUP])

    delete_log_group(account=ada, name=GROUP)
    write_log(ada, "again")

    assert messages(tail) == ["again"]


def test_a_look_is_bounded_by_size(ada, monkeypatch):
    monkeypatch.setattr(tailing, "SIZE_PER_LOOK", 100)
    write_log(ada, "before")
    tail = tailing.open_tail(account=ada, groups=[GROUP])

    write_log(ada, *("x" * 30 for _ in range(20)))
    look = tail.look()

    assert look.sampled
    assert 1 <= len(look.events) <= 3


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"groups": ["no"]}, "The specified log group does not exist"),
        ({"groups": ["arn:aws:s3:::bucket"]}, "The specified resource does not exist"),
        ({"streams": ["a"], "prefixes": ["b"]}, "mutually exclusive"),
        ({"groups": [GROUP, GROUP], "streams": ["a"]}, "exactly one log group"),
        ({"pattern": '{ $.a = "'}, "filter pattern"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(ada, asked, text):
    write_log(ada, "before")

    with pytest.raises(ServiceError, match=text):
        tailing.open_tail(account=ada, **({"groups": [GROUP]} | asked))
