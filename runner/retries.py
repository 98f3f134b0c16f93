"""What happens to an asynchronous invocation after an execution. Pure: the clock is an argument.

AWS: a function error is tried again after one minute, then after two; throttles and failures of the platform go
back to the queue with a growing pause and are not counted as attempts; everything ends at the maximum event age.
Function errors and platform failures are counted apart.
Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core import limits

FUNCTION_ERROR_PAUSES = (timedelta(minutes=1), timedelta(minutes=2))
PLATFORM_PAUSE_FIRST, PLATFORM_PAUSE_MAX = timedelta(seconds=1), timedelta(minutes=5)


class Ended(StrEnum):
    """How one execution ended."""

    SUCCESS = "success"
    FUNCTION_ERROR = "function error"  # the handler failed, timed out or crashed
    PLATFORM_FAILURE = "platform failure"  # no environment, a lost worker: not the function's doing


class Cause(StrEnum):
    """Why an event is given up: AWS's ``condition`` where it has one, ours where not."""

    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
    FUNCTION_DELETED = "FunctionDeleted"
    FUNCTION_NOT_ACTIVE = "FunctionNotActive"
    RECURSIVE_INVOCATION = "RecursiveInvocation"


@dataclass(frozen=True, slots=True)
class Policy:
    """Of a function or qualifier: how often to try again, and until which age of the event."""

    max_retries: int = limits.ASYNC_RETRIES_DEFAULT
    max_age: timedelta = timedelta(seconds=limits.ASYNC_EVENT_AGE_S_MAX)


@dataclass(frozen=True, slots=True)
class Done:
    """It succeeded."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again, not before ``moment``."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No more tries; destinations and dead-letter queue come next."""

    cause: Cause


type Decision = Done | RetryAt | GiveUp


def decide(
    *, ended: Ended, attempts: int, infra_attempts: int, asked_at: datetime, now: datetime, policy: Policy
) -> Decision:
    """Decide after an execution; ``attempts`` and ``infra_attempts`` include it.

    ``attempts`` counts executions that ended in an answer or a function error, ``infra_attempts`` those lost to
    the platform.
    """
    if ended is Ended.SUCCESS:
        return Done()
    if ended is Ended.FUNCTION_ERROR and attempts > policy.max_retries:
        return GiveUp(Cause.RETRIES_EXHAUSTED)
    pause = _function_pause(attempts) if ended is Ended.FUNCTION_ERROR else platform_pause(infra_attempts)
    again = now + pause
    if again - asked_at > policy.max_age:
        return GiveUp(Cause.EVENT_AGE_EXCEEDED)
    return RetryAt(again)


def too_old(*, asked_at: datetime, now: datetime, policy: Policy) -> bool:
    """Whether an event that waits in the queue has outlived its policy."""
    return now - asked_at > policy.max_age


def platform_pause(failures: int) -> timedelta:
    """1, 2, 4 … seconds, at most five minutes, after that many platform failures in a row."""
    return min(PLATFORM_PAUSE_FIRST * (1 << min(max(failures - 1, 0), 16)), PLATFORM_PAUSE_MAX)


def _function_pause(attempts: int) -> timedelta:
    return FUNCTION_ERROR_PAUSES[min(attempts, len(FUNCTION_ERROR_PAUSES)) - 1]
