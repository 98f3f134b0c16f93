"""The only way in: invoke a function, now or later.

The doors call these and decide nothing. ``reference`` is a name, ``name:qualifier`` or ARN, as the caller wrote it.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoReplyInTime
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from accounts.models import Account
from core import clock, database, ids, limits, redis
from core.trace import carried
from runner import accepting, leases, lineage, lookup, meeting, messages, metrics, places, presence, rendezvous
from runner.answers import Answer
from runner.errors import (
    AccountConcurrencyExceeded,
    EnvironmentFailure,
    NoWorker,
    ReservedConcurrencyExceeded,
)
from runner.events import checked_client_context, checked_payload
from runner.lookup import Found
from runner.meeting import FIRST_LOOK_S, LOOK_EVERY_S, Meeting, Vigil
from runner.messages import Call, Reply
from runner.models import Invocation, InvocationType, State
from runner.streaming import Arrivals, Streamed
from runner.watching import watch

__all__ = ["Streamed", "accept", "dry_run", "invoke", "invoke_and_wait", "invoke_async", "invoke_streaming", "watch"]

LINE_S = 300.0  # how long an invocation may wait in line, over its timeout and its init phase; docs/decisions/0160
_CHECKED_IN_LOOP = 64 * limits.KIB  # a longer event is parsed in a thread
_senders = ThreadPoolExecutor(max_workers=4, thread_name_prefix="invoke")


async def invoke(
    *,
    account: Account,
    reference: str,
    qualifier: str = "",
    payload: bytes,
    client_context: str = "",
    source: str = "api",
    watch: bool = False,
    request_id: str = "",
    caller_arn: str = "",
    trace: str = "",
) -> Answer:
    """Invoke and wait for the answer in the event loop, holding no thread and no database connection.

    A failing handler is an ``Answer`` with ``function_error``. Raises ``FunctionNotFound``, ``FunctionNotActive``,
    ``PayloadTooLarge``, ``InvalidRequestContent``, ``ReservedConcurrencyExceeded``, ``AccountConcurrencyExceeded``,
    ``MessengerUnavailable``, ``NoWorker`` or ``EnvironmentFailure``. ``caller_arn`` is the principal's: a function
    that waits for another is let through first, so that they cannot wait for each other's place. ``trace`` is the
    header that the caller sent: raises ``RecursiveInvocation`` at the end of a loop.
    """
    asking = _Asking(
        account.pk, reference, qualifier, payload, client_context, source, watch, request_id, caller_arn, trace
    )
    if (here := meeting.of_this_loop()) is not None and len(payload) <= _CHECKED_IN_LOOP:
        return _answer(await _ask(here, asking))
    sent = await asyncio.get_running_loop().run_in_executor(_senders, _on_own_thread, _send, asking)
    reply = asyncio.wrap_future(sent.future)
    try:
        with places.told(sent.call):
            for seconds in sent.looks():
                try:
                    return _answer(await asyncio.wait_for(asyncio.shield(reply), seconds))
                except TimeoutError:
                    await asyncio.to_thread(sent.look)
        raise NoWorker(seconds=int(sent.patience_s))
    finally:
        rendezvous.of_this_process().forget(sent.request_id)


async def invoke_streaming(
    *,
    account: Account,
    reference: str,
    qualifier: str = "",
    payload: bytes,
    client_context: str = "",
    request_id: str = "",
    caller_arn: str = "",
    trace: str = "",
) -> Streamed:
    """Invoke; returns when the answer begins, and gives its parts as they come. Raises what ``invoke`` raises.

    Of a handler that does not stream, the whole answer is one part.
    """
    arrivals = Arrivals()
    asking = _Asking(
        account.pk, reference, qualifier, payload, client_context, "api", False, request_id, caller_arn, trace, arrivals
    )
    sent = await asyncio.get_running_loop().run_in_executor(_senders, _on_own_thread, _send, asking)
    return await Streamed.begin(arrivals, sent.request_id, sent.future, sent.patience_s)


def invoke_and_wait(
    *,
    account: Account,
    reference: str,
    qualifier: str = "",
    payload: bytes,
    client_context: str = "",
    source: str = "api",
    watch: bool = False,
    request_id: str = "",
    caller_arn: str = "",
    trace: str = "",
) -> Answer:
    """``invoke`` for a thread that may wait."""
    asking = _Asking(
        account.pk, reference, qualifier, payload, client_context, source, watch, request_id, caller_arn, trace
    )
    sent = _on_own_thread(_send, asking)
    try:
        for seconds in sent.looks():
            try:
                return _answer(sent.future.result(seconds))
            except NoReplyInTime:
                sent.look()
        raise NoWorker(seconds=int(sent.patience_s))
    finally:
        rendezvous.of_this_process().forget(sent.request_id)


def invoke_async(
    *,
    account: Account,
    reference: str,
    qualifier: str = "",
    payload: bytes,
    client_context: str = "",
    source: str = "api",
    request_id: str = "",
    trace: str = "",
) -> Invocation:
    """Accept an event: its row is committed when this returns (or with the caller's transaction), then runs soon.

    ``client_context`` is checked and not passed on: AWS gives it to synchronous invocations only. ``trace`` is the
    header that the caller sent: an event at the end of a loop is accepted, and discarded unexecuted. Raises
    ``FunctionNotFound``, ``PayloadTooLarge`` or ``InvalidRequestContent``.
    """
    checked_client_context(client_context)
    event = checked_payload(payload, limit=limits.INVOKE_ASYNC_PAYLOAD)
    found = lookup.find(account_id=account.pk, reference=reference, qualifier=qualifier)
    row = _event_row(found, event, source=source, request_id=request_id, trace=trace)
    accepting.accept(row)
    invocation = Invocation(**row)
    invocation._state.adding = False
    return invocation


async def accept(
    *,
    account: Account,
    reference: str,
    qualifier: str = "",
    payload: bytes,
    client_context: str = "",
    source: str = "api",
    request_id: str = "",
    trace: str = "",
) -> None:
    """``invoke_async`` for the event loop, holding no thread."""
    found = await lookup.recall(account_id=account.pk, reference=reference, qualifier=qualifier)
    if found is None or len(payload) > _CHECKED_IN_LOOP:
        in_thread = partial(
            invoke_async,
            account=account,
            reference=reference,
            qualifier=qualifier,
            payload=payload,
            client_context=client_context,
            source=source,
            request_id=request_id,
            trace=trace,
        )
        await asyncio.get_running_loop().run_in_executor(_senders, copy_context().run, _borrowing, in_thread)
        return
    checked_client_context(client_context)
    event = checked_payload(payload, limit=limits.INVOKE_ASYNC_PAYLOAD)
    await accepting.accepted(_event_row(found, event, source=source, request_id=request_id, trace=trace))


def _borrowing(work: Callable[[], object]) -> None:
    with database.borrowed():
        work()


def _event_row(found: Found, event: bytes, *, source: str, request_id: str, trace: str) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": uuid.UUID(request_id) if request_id else uuid.uuid4(),
        "account_id": found.account_id,
        "function_id": uuid.UUID(found.function_id),
        "function_name": found.function_name,
        "qualifier": found.qualifier,
        "invocation_type": InvocationType.EVENT.value,
        "source": source,
        "state": State.QUEUED.value,
        "payload": event,
        "trace": lineage.advance(trace or carried(), function_id=found.function_id).header,
        "asked_at": now,
        "due_at": now,
    }


def dry_run(*, account: Account, reference: str, qualifier: str = "") -> None:
    """Check that an invocation would be accepted; run nothing. Raises what ``invoke`` raises about names and states."""
    lookup.find(account_id=account.pk, reference=reference, qualifier=qualifier).check_state()


# -- sending ---------------------------------------------------------------------------------------


class _Asking(NamedTuple):
    account_id: str
    reference: str
    qualifier: str
    payload: bytes
    client_context: str
    source: str
    watch: bool
    request_id: str
    caller_arn: str
    trace: str
    arrivals: Arrivals | None = None  # where the parts of a streamed answer go


@dataclass(slots=True)
class _Sent:
    """A call whose caller waits without a meeting, and looks now and then whether it can still be answered."""

    call: Call
    future: "Future[Reply]"
    patience_s: float
    vigil: Vigil = field(default_factory=Vigil)

    @property
    def request_id(self) -> str:
        return self.call.request_id

    def looks(self) -> Iterator[float]:
        """How many seconds to wait until the next look, until patience is over."""
        yield (waited := FIRST_LOOK_S)
        while waited < self.patience_s:
            waited += LOOK_EVERY_S
            yield LOOK_EVERY_S

    def look(self) -> None:
        """Raises ``NoWorker`` or ``EnvironmentFailure`` when there is nothing to wait for."""
        try:
            seen = presence.look((rendezvous.LANE, rendezvous.NESTED_LANE))
        except redis.Unavailable:
            return  # then nobody can tell
        trouble = self.vigil.trouble(seen, self.request_id)
        if isinstance(trouble, EnvironmentFailure):
            if self.future.done():
                return
            leases.release(self.call.lease_key, self.request_id)
        if trouble:
            raise trouble


def _on_own_thread[R](function: Callable[[_Asking], R], asking: _Asking) -> R:
    with database.borrowed():
        return function(asking)


async def _ask(here: Meeting, asking: _Asking) -> Reply:
    """Send and wait in the event loop; a thread looks up what is not known yet."""
    found = await lookup.recall(account_id=asking.account_id, reference=asking.reference, qualifier=asking.qualifier)
    if found is None:
        found = await asyncio.get_running_loop().run_in_executor(_senders, _on_own_thread, _find, asking)
    call = _call(asking, found, here.address)
    try:
        with places.told(call):
            return await here.ask(call, allowance=found.allowance, patience_s=_patience_s(found))
    except (ReservedConcurrencyExceeded, AccountConcurrencyExceeded):
        metrics.note_throttle(found)
        raise


def _send(asking: _Asking) -> _Sent:
    """Check, take a lease and put the call on the lane. For a thread."""
    found = _find(asking)
    there = rendezvous.of_this_process()
    call = _call(asking, found, there.address)
    if asking.arrivals is not None:
        there.listen(call.request_id, asking.arrivals.put)
    future, patience_s = there.expect(call.request_id), _patience_s(found)
    try:
        leases.acquire_and_push(
            found.allowance,
            request_id=call.request_id,
            seconds=patience_s,
            lane=rendezvous.lane_of(call),
            message=messages.encode_call(call),
        )
    except BaseException as error:
        there.forget(call.request_id)
        if isinstance(error, ReservedConcurrencyExceeded | AccountConcurrencyExceeded):
            metrics.note_throttle(found)
        raise
    return _Sent(call, future, patience_s)


def _find(asking: _Asking) -> Found:
    return lookup.find(account_id=asking.account_id, reference=asking.reference, qualifier=asking.qualifier)


def _patience_s(found: Found) -> float:
    return found.timeout_s + limits.INIT_TIMEOUT_S + LINE_S


def _call(asking: _Asking, found: Found, address: str) -> Call:
    """Check what was asked, and put it into words for a worker."""
    client_context = checked_client_context(asking.client_context)
    event = checked_payload(asking.payload, limit=limits.INVOKE_SYNC_PAYLOAD)
    found.check_state()
    trace = lineage.advance(asking.trace, function_id=found.function_id)
    trace.check(found.recursive_loop)
    asked_ms = clock.epoch_ms()
    return Call(
        request_id=asking.request_id or ids.request_id(),
        account_id=found.account_id,
        version_id=found.version_id,
        stamp=found.stamp,
        qualifier=found.qualifier,
        invoked_arn=found.invoked_arn,
        client_context=client_context,
        source=asking.source,
        watch=asking.watch,
        nested=":assumed-role/" in asking.caller_arn,
        asked_ms=asked_ms,
        expires_ms=asked_ms + int(_patience_s(found) * 1000),
        lease_key=found.allowance.key,
        answer_to=address,
        trace_id=trace.header,
        streams=asking.arrivals is not None,
        payload=event,
    )


def _answer(reply: Reply) -> Answer:
    if reply.answer is None:
        raise EnvironmentFailure(reason=reply.failure)
    return reply.answer
