"""Reading groups, streams and events."""

import pytest

from core import clock
from logs import errors, selectors, services
from logs.positions import event_id


def texts(page):
    return [event.message for event in page.events]


def get(account, **more):
    return selectors.get_log_events(account=account, group="g", stream="s", **more)


def find(account, **more):
    return selectors.filter_log_events(account=account, group="g", **more)


# -- GetLogEvents


def test_without_a_token_the_latest_events_come_oldest_first(ada, make_stream):
    make_stream(ada, "one", "two", "three")

    assert texts(get(ada, limit=2)) == ["two", "three"]
    assert texts(get(ada, limit=2, start_from_head=True)) == ["one", "two"]


def test_tokens_lead_forward_and_back(ada, make_stream):
    make_stream(ada, *"abcde")
    first = get(ada, limit=2, start_from_head=True)
    second = get(ada, limit=2, token=first.next_forward_token)

    assert texts(second) == ["c", "d"]
    assert texts(get(ada, limit=2, token=second.next_backward_token)) == ["a", "b"]


def test_at_the_end_the_same_token_comes_back_until_there_is_more(ada, make_stream, frozen_clock):
    make_stream(ada, "a")
    end = get(ada).next_forward_token

    again = get(ada, token=end)
    assert (texts(again), again.next_forward_token) == ([], end)
    assert texts(get(ada, token=again.next_backward_token)) == ["a"]
    services.put_log_events(account=ada, group="g", stream="s", events=[services.InputEvent(clock.epoch_ms(), "later")])
    assert texts(get(ada, token=end)) == ["later"]


def test_at_the_beginning_the_same_token_comes_back(ada, make_stream):
    make_stream(ada, "a")
    start = get(ada).next_backward_token

    again = get(ada, token=start)
    assert (texts(again), again.next_backward_token) == ([], start)
    assert texts(get(ada, token=again.next_forward_token)) == ["a"]


def test_an_empty_stream_has_tokens_that_wait_for_the_first_event(ada, make_stream, frozen_clock):
    make_stream(ada)
    empty = get(ada)
    services.put_log_events(account=ada, group="g", stream="s", events=[services.InputEvent(clock.epoch_ms(), "a")])

    assert texts(get(ada, token=empty.next_forward_token)) == ["a"]


def test_the_start_is_included_and_the_end_is_not(ada, make_stream, frozen_clock):
    first = make_stream(ada, *"abc")

    assert texts(get(ada, start=first + 1000, end=first + 2000)) == ["b"]


def test_an_answer_holds_at_most_one_mebibyte(ada, make_stream):
    make_stream(ada, "a" * 500_000, stream="s")
    for letter in "bc":
        services.put_log_events(
            account=ada, group="g", stream="s", events=[services.InputEvent(clock.epoch_ms(), letter * 500_000)]
        )

    page = get(ada, start_from_head=True)
    assert [text[0] for text in texts(page)] == ["a", "b"]
    assert [text[0] for text in texts(get(ada, token=page.next_forward_token))] == ["c"]


@pytest.mark.parametrize(
    "token", ["x", "f/1/s", "g/" + "0" * 56 + "/s", "f/" + "٣" * 56 + "/s", "f/" + "9" * 56 + "/s"]
)
def test_a_token_that_was_not_given_out_is_refused(ada, make_stream, token):
    make_stream(ada, "a")

    with pytest.raises(errors.InvalidToken):
        get(ada, token=token)
    with pytest.raises(errors.InvalidToken):
        find(ada, token=token)


# -- FilterLogEvents


def test_the_events_of_all_streams_come_in_the_order_of_time(ada, make_stream, frozen_clock):
    make_stream(ada, "1", "3", stream="s")
    frozen_clock.advance(milliseconds=500)
    make_stream(ada, "2", "4", stream="t")

    assert texts(find(ada)) == ["1", "2", "3", "4"]
    assert texts(find(ada, start_from_head=False)) == ["4", "3", "2", "1"]


@pytest.mark.parametrize("head", [True, False])
def test_pages_come_to_an_end_and_leave_nothing_out(ada, make_stream, head):
    make_stream(ada, *[str(n) for n in range(10)])
    found, token = [], None
    for _ in range(20):
        page = find(ada, limit=3, token=token, start_from_head=head)
        assert len(page.events) <= 3
        found += texts(page)
        token = page.next_token
        if token is None:
            break

    assert token is None
    assert found == sorted(found, reverse=not head) and len(found) == 10


def test_a_scan_that_finds_nothing_yet_gives_a_token(ada, make_stream, monkeypatch):
    monkeypatch.setattr(selectors, "SCANNED_EVENTS", 3)
    monkeypatch.setattr(selectors, "SCAN_CHUNK", 2)
    make_stream(ada, "no", "no", "no", "no", "ERROR", "no")

    first = find(ada, pattern="ERROR")
    assert texts(first) == [] and first.next_token
    assert texts(find(ada, pattern="ERROR", token=first.next_token)) == ["ERROR"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("head", [True, False])
def test_however_a_scan_is_cut_it_finds_the_same(ada, make_stream, monkeypatch, chunk, limit, head):
    monkeypatch.setattr(selectors, "SCAN_CHUNK", chunk)
    monkeypatch.setattr(selectors, "SCANNED_EVENTS", 4)
    make_stream(ada, *["hit 1", "no", "no", "hit 2", "no", "no", "no", "no", "no", "hit 3"])
    found, token = [], None
    for _ in range(30):
        page = find(ada, pattern="hit", limit=limit, token=token, start_from_head=head)
        found += texts(page)
        if (token := page.next_token) is None:
            break

    assert token is None
    assert found == (["hit 1", "hit 2", "hit 3"] if head else ["hit 3", "hit 2", "hit 1"])


def test_streams_are_chosen_by_name_or_prefix(ada, make_stream):
    make_stream(ada, "in s", stream="s")
    make_stream(ada, "in t", stream="t/1")

    assert texts(find(ada, streams=["s"])) == ["in s"]
    assert texts(find(ada, prefix="t/")) == ["in t"]
    with pytest.raises(errors.InvalidParameter):
        find(ada, prefix="t/", streams=["s"])
    with pytest.raises(errors.LogStreamNotFound):
        find(ada, streams=["nothing"])


def test_start_and_end_are_both_included(ada, make_stream, frozen_clock):
    first = make_stream(ada, *"abc")

    assert texts(find(ada, start=first + 1000, end=first + 1000)) == ["b"]
    assert texts(find(ada, start=first + 1000)) == ["b", "c"]
    assert texts(find(ada, start=first + 9000)) == []


def test_event_ids_are_56_digits_in_the_order_of_events():
    ids = [event_id(1, 2), event_id(1, 10), event_id(2, 1)]

    assert ids == sorted(ids)
    assert {len(id) for id in ids} == {56}


def test_another_account_sees_nothing(ada, mallory, make_stream):
    make_stream(ada, "secret")

    with pytest.raises(errors.LogGroupNotFound):
        find(mallory)
    with pytest.raises(errors.LogGroupNotFound):
        get(mallory)
    assert selectors.describe_log_groups(account=mallory) == ([], None)


# -- DescribeLogGroups, DescribeLogStreams


def names(page):
    return [row.name for row in page[0]]


def test_groups_are_found_by_prefix_or_by_part_of_the_name_case_and_all(ada):
    for name in ("/aws/lambda/b", "/aws/lambda/a", "/AWS/lambda/c", "other"):
        services.create_log_group(account=ada, name=name)

    assert names(selectors.describe_log_groups(account=ada, prefix="/aws/")) == ["/aws/lambda/a", "/aws/lambda/b"]
    assert names(selectors.describe_log_groups(account=ada, pattern="the")) == ["other"]
    assert names(selectors.describe_log_groups(account=ada, pattern="AWS")) == ["/AWS/lambda/c"]
    with pytest.raises(errors.InvalidParameter, match="mutually exclusive"):
        selectors.describe_log_groups(account=ada, prefix="a", pattern="b")


def test_groups_come_in_pages(ada):
    for name in "abc":
        services.create_log_group(account=ada, name=name)
    page = selectors.describe_log_groups(account=ada, limit=2)

    assert names(page) == ["a", "b"]
    assert names(selectors.describe_log_groups(account=ada, limit=2, token=page[1])) == ["c"]
    with pytest.raises(errors.InvalidToken):
        selectors.describe_log_groups(account=ada, token="nonsense")


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("order_by", ["LogStreamName", "LastEventTime"])
def test_streams_come_in_pages_in_each_order(ada, make_stream, frozen_clock, order_by, descending):
    for name in ("b", "a", "d", "c"):
        make_stream(ada, "x", stream=name)
        frozen_clock.advance(seconds=1)
    make_stream(ada, stream="e")
    make_stream(ada, stream="f")

    found, token = [], None
    for _ in range(10):
        streams, token = selectors.describe_log_streams(
            account=ada, group="g", order_by=order_by, descending=descending, limit=1, token=token
        )
        found += [stream.name for stream in streams]
        if token is None:
            break

    wanted = list("abcdef") if order_by == "LogStreamName" else list("efbadc")
    assert found == (wanted[::-1] if descending else wanted)


def test_streams_cannot_be_found_by_prefix_in_the_order_of_time(ada, make_stream):
    make_stream(ada, "x")

    with pytest.raises(errors.InvalidParameter, match="Cannot order by LastEventTime with a logStreamNamePrefix"):
        selectors.describe_log_streams(account=ada, group="g", prefix="s", order_by="LastEventTime")


def test_an_arn_names_a_group_even_of_a_slide_s_account(ada):
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/hello:*"

    assert selectors.group_name(account=ada, identifier=arn) == "/aws/lambda/hello"
    assert selectors.group_name(account=ada, identifier="hello") == "hello"
    with pytest.raises(errors.LogResourceNotFound):
        selectors.group_name(account=ada, identifier="arn:aws:sqs:us-east-1:123456789012:log-group:x")
