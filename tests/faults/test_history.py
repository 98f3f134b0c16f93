"""The checker itself: it must see what is wrong, and must not cry over what is merely unknown."""

import pytest

from tests.faults.history import History, Outcome, out_of_order


@pytest.fixture
def history() -> History:
    return History()


def put(history: History, value: int, outcome: Outcome) -> None:
    history.complete(history.invoke(value), outcome, reference=f"id-{len(history.attempts)}")


def test_what_was_acknowledged_and_came_out_is_sound(history):
    put(history, 1, Outcome.OK)
    assert history.judge([1]).is_sound


def test_what_was_acknowledged_and_never_came_out_is_lost(history):
    put(history, 1, Outcome.OK)
    assert history.judge([]).lost == {1}


def test_a_value_acknowledged_twice_must_come_out_twice(history):
    put(history, 1, Outcome.OK)
    put(history, 1, Outcome.OK)
    assert history.judge([1]).lost == {1}


def test_what_timed_out_may_come_out_or_not(history):
    put(history, 1, Outcome.INFO)
    put(history, 2, Outcome.INFO)
    verdict = history.judge([1])
    assert verdict.is_sound
    assert verdict.recovered == {1}


def test_an_attempt_that_never_completed_counts_as_unknown(history):
    history.invoke(1)
    assert history.judge([1]).is_sound
    assert history.judge([]).is_sound


def test_a_retry_after_a_time_out_may_come_out_twice_but_not_three_times(history):
    put(history, 1, Outcome.INFO)
    put(history, 1, Outcome.OK)
    assert history.judge([1, 1]).is_sound
    assert history.judge([1, 1, 1]).duplicated == {1}


def test_what_failed_for_certain_must_not_come_out(history):
    put(history, 1, Outcome.FAIL)
    assert history.judge([1]).unexpected == {1}
    assert history.judge([]).is_sound


def test_what_nobody_sent_is_unexpected(history):
    assert history.judge([7]).unexpected == {7}


def test_a_group_received_as_it_was_sent_is_in_order(history):
    assert out_of_order([3, 11, 19], [3, 11, 19]) == []


def test_a_message_that_comes_before_the_one_sent_before_it_is_out_of_order(history):
    assert out_of_order([3, 11, 19, 27], [3, 19, 11, 27]) == [19, 27]


def test_messages_that_come_again_come_on_in_order(history):
    assert out_of_order([3, 11, 19, 27], [3, 11, 19, 11, 19, 27]) == []
    assert out_of_order([3, 11, 19, 27], [3, 11, 19, 3, 27]) == [27]
