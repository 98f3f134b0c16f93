"""How an asynchronous invocation ends, or goes back to its queue: one conditional update, and what hangs on it.

Everything here runs in one transaction of the writer: the state change and the delivery to destination or
dead-letter queue are committed together, or not at all.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from accounts.models import Account
from core import arns, clock
from core.timeline import REAL
from functions.models import EventInvokeConfig, Function, Version
from runner import clockwork, delivery, retries, states
from runner.claims import Claimed
from runner.delivery import SUCCESS, Ending
from runner.execution import Executed
from runner.metrics import DEAD_LETTER, DESTINATION, Place
from runner.models import Invocation, State
from runner.outcomes import Kind
from runner.policies import Book
from runner.records import Change
from runner.retries import Cause, Done, Ended, GiveUp, RetryAt

_NEVER_INVOKED = (Kind.INIT_ERROR, Kind.INIT_TIMEOUT)  # cold, though a REPORT line tells no init duration then

log = logging.getLogger(__name__)

RESPONSE_KEPT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one execution. ``executed`` is None when there was none, for the reason ``failure``."""

    executed: Executed | None
    version: Version | None = None
    failure: str = ""


def finish(claimed: Claimed, result: Result, book: Book) -> bool:
    """Record an execution and decide what follows; False, and nothing is changed, when the claim was lost meanwhile.

    An end of which nobody is told is put off: ``book.ends`` knows which claims were lost.
    """
    function = book.function(claimed.function_id)
    ended = result.executed.ended if result.executed else Ended.PLATFORM_FAILURE
    attempts = claimed.attempt + (ended is not Ended.PLATFORM_FAILURE)
    failures = claimed.infra_attempts + (ended is Ended.PLATFORM_FAILURE)
    timeline = REAL if ended is Ended.SUCCESS else book.held_clock(claimed.account_id)
    now = clock.now()
    decision = retries.decide(
        ended=ended,
        attempts=attempts,
        infra_attempts=failures,
        asked_at=timeline.aged(claimed.asked_at),
        now=timeline.aged(now),
        policy=book.policy(function, claimed.qualifier),
    )
    changes = {"attempt": attempts, "infra_attempts": failures, **_figures(result)}
    match decision:
        case RetryAt(moment):
            due = clockwork.due(moment, ended=ended, timeline=timeline, now=now)
            moved = _move(claimed, changes | {"state": State.QUEUED, **due})
        case Done():
            moved = _end(claimed, result, changes, book, cause=None)
        case GiveUp(cause):
            moved = _end(claimed, result, changes, book, cause=cause)
    if moved and decision not in (Done(), GiveUp(Cause.RETRIES_EXHAUSTED)):
        _note_execution(claimed, result, book)
    return moved


def look_up(claimed: Claimed, book: Book) -> None:
    """Have the book read what the event's end asks for: before the transaction, which others wait for."""
    if (function := book.function(claimed.function_id)) is not None:
        book.config(function, claimed.qualifier)


def give_up(claimed: Claimed, cause: Cause, book: Book) -> bool:
    """End an event without executing it; as ``finish``."""
    return _end(claimed, Result(None), {"attempt": claimed.attempt}, book, cause=cause)


def _move(claimed: Claimed, changes: dict[str, Any]) -> bool:
    """The conditional update; nothing is changed for a claim that was lost."""
    states.check(State.RUNNING, changes["state"])
    held = Invocation.objects.filter(pk=claimed.id, token=claimed.token, state=State.RUNNING)
    if held.update(token="", lease_until=None, **changes) == 1:
        return True
    log.warning("The end of %s came too late: somebody else has it", claimed.id)
    return False


def _is_held(claimed: Claimed) -> bool:
    """Whether this claim still holds its row; if so, the row is locked until the end of the transaction."""
    rows = Invocation.objects.select_for_update().filter(pk=claimed.id, token=claimed.token, state=State.RUNNING)
    return rows.values_list("pk", flat=True).first() is not None


def _place(claimed: Claimed, result: Result) -> Place:
    version = result.version.label if result.version else ""
    return Place(claimed.account_id, claimed.function_name, claimed.qualifier, version)


def _note_execution(claimed: Claimed, result: Result, book: Book) -> None:
    """Keep the figures of an execution that the event's record does not stand for."""
    executed = result.executed
    if executed is None or executed.ended is not Ended.FUNCTION_ERROR:
        return
    book.notes.tried_again(
        _place(claimed, result),
        duration_ms=executed.report.duration_ms,
        asked_at=claimed.asked_at,
        started_at=_started_at(executed),
    )


def _started_at(executed: Executed) -> datetime:
    """When its log begins."""
    return clock.from_epoch_ms(executed.lines[0].timestamp_ms) if executed.lines else clock.now()


def _figures(result: Result) -> dict[str, Any]:
    """What the row keeps of an execution."""
    executed = result.executed
    if executed is None:
        return {"error_type": "", "error_message": result.failure}
    return {
        **outcome_fields(executed),
        "started_at": _started_at(executed),
        "version": result.version.label if result.version else "",
        "code_sha256": result.version.package_id if result.version else "",
        "log_stream": executed.log_stream,
    }


def outcome_fields(executed: Executed) -> dict[str, Any]:
    """The members of an invocation's row that say how an execution went."""
    outcome, figures = executed.outcome, executed.report
    return {
        "cold": figures.cold or outcome.kind in _NEVER_INVOKED,
        "duration_ms": figures.duration_ms,
        "billed_ms": figures.billed_ms,
        "init_ms": figures.init_ms,
        "memory_size": figures.memory_size,
        "max_memory_used": figures.max_memory_used,
        "error_type": outcome.error_type[:256],
        "error_message": outcome.error_message,
        "response": outcome.payload[:RESPONSE_KEPT],
    }


# -- the end ---------------------------------------------------------------------------------------


def _end(claimed: Claimed, result: Result, changes: dict[str, Any], book: Book, *, cause: Cause | None) -> bool:
    changes |= {
        "state": State.SUCCEEDED if cause is None else State.DISCARDED,
        "reason": cause or "",
        "finished_at": clock.now(),
        "due_at": None,
    }
    if (function := book.function(claimed.function_id)) is not None:
        config = book.config(function, claimed.qualifier)
        version = result.version or Version.objects.filter(function=function, number=0).first()
        dead_letter_arn = version.dead_letter_arn if version and cause is not None else ""
        if _wants_records(config, cause, dead_letter_arn) and _is_held(claimed):
            ending = _ending(claimed, function, result, changes["attempt"], cause)
            ending = replace(ending, role_arn=version.role_arn if version else "")
            undelivered = partial(book.notes.undelivered, _place(claimed, result))
            if cause is None:
                changes |= _deliver_success(function.account, config, ending, undelivered)
            else:
                changes |= _deliver_failure(function.account, config, dead_letter_arn, ending, cause, undelivered)
            return _move(claimed, changes)
    states.check(State.RUNNING, changes["state"])
    book.ends.add(Change(claimed.id, claimed.token, changes))
    return True


def _wants_records(config: EventInvokeConfig | None, cause: Cause | None, dead_letter_arn: str) -> bool:
    if cause is None:
        return config is not None and bool(config.on_success)
    return bool(dead_letter_arn) or (config is not None and bool(config.on_failure))


def _deliver_success(
    account: Account, config: EventInvokeConfig | None, ending: Ending, undelivered: Callable[[str], None]
) -> dict[str, Any]:
    if config is None or not config.on_success:
        return {}
    refused = delivery.send(account=account, arn=config.on_success, ending=ending, now=clock.now())
    if not refused:
        return {"delivered_to": config.on_success}
    undelivered(DESTINATION)
    return {"reason": f"DestinationFailed: {refused}"[:64]}


def _deliver_failure(
    account: Account,
    config: EventInvokeConfig | None,
    dead_letter_arn: str,
    ending: Ending,
    cause: Cause,
    undelivered: Callable[[str], None],
) -> dict[str, Any]:
    tried: list[tuple[str, str, str]] = []  # metric, ARN, why it was refused
    if config is not None and config.on_failure:
        refused = delivery.send(account=account, arn=config.on_failure, ending=ending, now=clock.now())
        tried.append((DESTINATION, config.on_failure, refused))
    if dead_letter_arn:
        refused = delivery.send_dead_letter(account=account, arn=dead_letter_arn, ending=ending)
        tried.append((DEAD_LETTER, dead_letter_arn, refused))
    for metric, _, refused in tried:
        if refused:
            undelivered(metric)
    if taken := [arn for _, arn, refused in tried if not refused]:
        return {"state": State.DEAD_LETTER, "delivered_to": "\n".join(taken)}
    reason = next((refused for _, _, refused in tried if refused), "")
    return {"reason": f"{cause}; {reason}"[:64]} if reason else {}


def _ending(claimed: Claimed, function: Function, result: Result, attempts: int, cause: Cause | None) -> Ending:
    ending = Ending(
        request_id=str(claimed.id),
        function_arn=arns.function(function.region, claimed.account_id, function.name, claimed.qualifier or "$LATEST"),
        condition=cause or SUCCESS,
        invoke_count=attempts,
        request=claimed.payload,
        error_message=result.failure,
        trace=claimed.trace,
    )
    if (executed := result.executed) is None or result.version is None:
        return ending
    return replace(
        ending,
        response=executed.outcome.payload,
        executed_version=result.version.label,
        function_error=executed.function_error,
        error_message=executed.outcome.error_message,
    )
