"""Output becomes log events."""

import pytest

from core import limits
from runner.loglines import LogLines


def events(*chunks: bytes, total: int = 1 << 20) -> list[str]:
    found: list[str] = []
    lines = LogLines(found.append, total)
    for chunk in chunks:
        lines.feed(chunk)
    lines.finish()
    return found


@pytest.mark.parametrize("cut", range(1, 20))
def test_each_line_is_an_event_wherever_the_bytes_were_cut(cut: int):
    text = "one\ntwo \xe9\n\nlast".encode()
    assert events(text[:cut], text[cut:]) == ["one", "two \xe9", "", "last"]


@pytest.mark.parametrize("cut", range(1, 16))
def test_an_event_may_have_newlines_of_its_own(cut: int):
    text = b"first\0\nsecond\nthird\n"
    assert events(text[:cut], text[cut:]) == ["first\nsecond", "third"]


def test_what_is_no_text_is_made_text():
    assert events(b"\xff\xfe\n") == ["\ufffd\ufffd"]


def test_a_line_without_end_is_cut_into_events():
    assert [len(event) for event in events(b"x" * (limits.LOG_EVENT_SIZE + 5), total=1 << 30)] == [
        limits.LOG_EVENT_SIZE,
        5,
    ]


def test_bytes_over_the_total_are_counted():
    found: list[str] = []
    lines = LogLines(found.append, 10)
    lines.feed(b"12345\n")
    lines.feed(b"67890\n12345\n")
    lines.finish()
    assert (found, lines.dropped) == (["12345", "6789"], 8)
