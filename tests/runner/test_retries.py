"""The rules of retrying, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runner.retries import Cause, Done, Ended, GiveUp, Policy, RetryAt, decide, platform_pause, too_old

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(ended, *, attempts=1, infra_attempts=0, age=0, policy=None):
    asked_at = NOW - timedelta(seconds=age)
    policy = policy or Policy()
    return decide(
        ended=ended, attempts=attempts, infra_attempts=infra_attempts, asked_at=asked_at, now=NOW, policy=policy
    )


def in_seconds(seconds):
    return RetryAt(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"ended": Ended.SUCCESS}, Done()),
        ({"ended": Ended.FUNCTION_ERROR, "attempts": 1}, in_seconds(60)),
        ({"ended": Ended.FUNCTION_ERROR, "attempts": 2}, in_seconds(120)),
        ({"ended": Ended.FUNCTION_ERROR, "attempts": 3}, GiveUp(Cause.RETRIES_EXHAUSTED)),
        ({"ended": Ended.FUNCTION_ERROR, "policy": Policy(max_retries=0)}, GiveUp(Cause.RETRIES_EXHAUSTED)),
        (
            {"ended": Ended.FUNCTION_ERROR, "attempts": 2, "policy": Policy(max_retries=1)},
            GiveUp(Cause.RETRIES_EXHAUSTED),
        ),
        ({"ended": Ended.FUNCTION_ERROR, "age": 6 * 3600 - 30}, GiveUp(Cause.EVENT_AGE_EXCEEDED)),
        (
            {"ended": Ended.FUNCTION_ERROR, "age": 1, "policy": Policy(max_age=timedelta(seconds=60))},
            GiveUp(Cause.EVENT_AGE_EXCEEDED),
        ),
        ({"ended": Ended.PLATFORM_FAILURE, "attempts": 0, "infra_attempts": 1}, in_seconds(1)),
        ({"ended": Ended.PLATFORM_FAILURE, "attempts": 0, "infra_attempts": 4}, in_seconds(8)),
        ({"ended": Ended.PLATFORM_FAILURE, "attempts": 0, "infra_attempts": 50}, in_seconds(300)),
        ({"ended": Ended.PLATFORM_FAILURE, "attempts": 9, "infra_attempts": 1}, in_seconds(1)),
        (
            {"ended": Ended.PLATFORM_FAILURE, "infra_attempts": 20, "age": 6 * 3600 - 60},
            GiveUp(Cause.EVENT_AGE_EXCEEDED),
        ),
    ],
)
def test_what_follows_an_execution(what, expected):
    assert after(**what) == expected


def test_an_event_is_too_old_only_after_its_maximum_age():
    policy = Policy(max_age=timedelta(seconds=60))
    assert not too_old(asked_at=NOW - timedelta(seconds=60), now=NOW, policy=policy)
    assert too_old(asked_at=NOW - timedelta(seconds=61), now=NOW, policy=policy)


@given(failures=st.integers(0, 10_000))
def test_a_platform_pause_never_leaves_its_bounds(failures):
    assert timedelta(seconds=1) <= platform_pause(failures) <= timedelta(minutes=5)


@given(
    ends=st.lists(st.sampled_from([Ended.FUNCTION_ERROR, Ended.PLATFORM_FAILURE]), max_size=200),
    retries=st.integers(0, 2),
    age=st.integers(60, 21_600),
)
def test_every_event_ends_in_time_whatever_happens_to_it(ends, retries, age):
    policy = Policy(max_retries=retries, max_age=timedelta(seconds=age))
    now, attempts, failures = NOW, 0, 0
    for ended in ends:
        attempts += ended is Ended.FUNCTION_ERROR
        failures += ended is Ended.PLATFORM_FAILURE
        decision = decide(ended=ended, attempts=attempts, infra_attempts=failures, asked_at=NOW, now=now, policy=policy)
        if isinstance(decision, GiveUp):
            return
        assert isinstance(decision, RetryAt)
        assert now < decision.moment <= NOW + policy.max_age
        now = decision.moment
    assert attempts <= retries


class RetrySchedule(RuleBasedStateMachine):
    """Events' lives, whatever its executions do and however the clock jumps: each ends, once, within its policy."""

    end = None

    @initialize(retries=st.integers(0, 2), max_age=st.integers(60, 6 * 3600))
    def first(self, retries, max_age):
        self.accepted(retries, max_age)

    @precondition(lambda self: self.end is not None)
    @rule(retries=st.integers(0, 2), max_age=st.integers(60, 6 * 3600))
    def another(self, retries, max_age):
        self.accepted(retries, max_age)

    def accepted(self, retries, max_age):
        self.policy = Policy(max_retries=retries, max_age=timedelta(seconds=max_age))
        self.now = self.due = self.asked_at = NOW
        self.attempts = self.failures = 0
        self.end = None

    @precondition(lambda self: self.end is None)
    @rule(ended=st.sampled_from(list(Ended)), takes=st.integers(0, 900), late=st.integers(0, 3600))
    def executed(self, ended, takes, late):
        self.now = max(self.now, self.due) + timedelta(seconds=late)
        if too_old(asked_at=self.asked_at, now=self.now, policy=self.policy):
            self.end = GiveUp(Cause.EVENT_AGE_EXCEEDED)
            return
        self.now += timedelta(seconds=takes)
        self.attempts += ended is not Ended.PLATFORM_FAILURE
        self.failures += ended is Ended.PLATFORM_FAILURE
        decision = decide(
            ended=ended,
            attempts=self.attempts,
            infra_attempts=self.failures,
            asked_at=self.asked_at,
            now=self.now,
            policy=self.policy,
        )
        match decision:
            case RetryAt(moment):
                pause = (moment - self.now).total_seconds()
                if ended is Ended.FUNCTION_ERROR:
                    assert pause == 60 * self.attempts
                else:
                    assert 1 <= pause <= 300
                self.due = moment
            case _:
                self.end = decision
                assert (ended is Ended.SUCCESS) == (decision == Done())

    @invariant()
    def it_keeps_to_its_policy(self):
        assert self.attempts <= 1 + self.policy.max_retries
        if self.end is None:
            assert self.due - self.asked_at <= self.policy.max_age
        if self.end == GiveUp(Cause.RETRIES_EXHAUSTED):
            assert self.attempts == 1 + self.policy.max_retries


TestRetrySchedule = RetrySchedule.TestCase
