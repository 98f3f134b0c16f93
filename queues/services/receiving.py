"""Receiving messages, at once or when there are some.

Source: SQS API reference, ReceiveMessage; developer guide, "Amazon SQS visibility timeout" and "dead-letter queues".
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from core import clock, ids, limits
from queues import contents, meter, names, receipts, storage, waiting
from queues.contents import AttributeValue
from queues.effects import Effects
from queues.errors import InvalidParameter, OverLimit
from queues.models import Queue
from queues.receipts import Receipt
from queues.services.sending import sequence_number
from queues.storage import Found
from queues.work import Job, perform, performed


@dataclass(frozen=True, slots=True)
class Received:
    """A message as its receiver gets it; moments in epoch milliseconds. ``receive_count`` includes this receive."""

    message_id: str
    handle: str
    body: str
    sender_id: str
    sent_ms: int
    receive_count: int
    first_received_ms: int
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    trace: str = ""
    group_id: str = ""
    deduplication_id: str = ""
    sequence_number: str = ""
    dead_letter_source: str = ""

    @property
    def md5_of_body(self) -> str:
        return contents.md5_of_body(self.body)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a look at the queue brought, and when the next message becomes visible as far as is known."""

    messages: list[Received]
    next_visible_ms: int | None = None
    primary_keys: tuple[int, ...] = ()
    token: str = ""


def receive_message(
    *, queue: Queue, limit: int = 1, visibility_timeout: int | None = None, attempt_id: str = "", bounded: bool = True
) -> list[Received]:
    """Up to ``limit`` messages that are there now; nobody else gets them before their visibility timeout ends.

    Raises ``InvalidParameter`` or ``OverLimit``. ``bounded=False`` is for event source mappings, whose batches may be
    larger than ten.
    """
    if bounded:
        check_limit(limit)
    job = receiving(queue=queue, limit=limit, visibility_timeout=visibility_timeout, attempt_id=attempt_id)
    return perform(job).messages


async def receive_when_available(
    *,
    queue: Queue,
    limit: int = 1,
    visibility_timeout: int | None = None,
    wait_s: float | None = None,
    attempt_id: str = "",
    bounded: bool = True,
) -> list[Received]:
    """The same, waiting for up to ``wait_s`` (None: as the queue says) until there is one.

    Meanwhile it holds neither a thread nor a connection. Whoever is cancelled while waiting takes nothing with them.
    """
    if bounded:
        check_limit(limit)
        if wait_s is not None:
            check_wait(wait_s)
    seconds = queue.wait_s if wait_s is None else wait_s
    job = receiving(
        queue=queue, limit=limit, visibility_timeout=visibility_timeout, attempt_id=attempt_id, waits=bool(seconds)
    )
    if not seconds:
        return (await _claim(queue, job)).messages
    until = clock.monotonic() + seconds
    with waiting.lobby().standing(queue.pk, _look) as place:
        while True:
            claim = await _claim(queue, job)
            if claim.messages:
                place.pass_on()
                return claim.messages
            place.expect(claim.next_visible_ms)
            left = until - clock.monotonic()
            if left <= 0 or not await place.rung(left):
                meter.add(queue.account_id, queue.name, Counter({(meter.EMPTY, 1.0): 1}))
                return []


def check_limit(limit: int) -> None:
    """Raise for a number of messages that no receive can ask for."""
    if not 1 <= limit <= limits.MESSAGES_PER_BATCH:
        reason = f"Must be between 1 and {limits.MESSAGES_PER_BATCH}, if provided."
        raise InvalidParameter(name="MaxNumberOfMessages", value=limit, reason=reason)


def check_wait(seconds: float) -> None:
    """Raise for a time that no receive can wait."""
    if not 0 <= seconds <= limits.RECEIVE_WAIT_S_MAX:
        reason = f"Must be >= 0 and <= {limits.RECEIVE_WAIT_S_MAX}, if provided."
        raise InvalidParameter(name="WaitTimeSeconds", value=seconds, reason=reason)


def check_visibility_timeout(seconds: int) -> None:
    """Raise for a visibility timeout that no message can have."""
    if not 0 <= seconds <= limits.VISIBILITY_TIMEOUT_S_MAX:
        reason = f"Must be >= 0 and <= {limits.VISIBILITY_TIMEOUT_S_MAX}, if provided."
        raise InvalidParameter(name="VisibilityTimeout", value=seconds, reason=reason)


async def _look(queue_ids: list[int]) -> Iterable[int]:
    return await performed(lambda effects: storage.ready(queue_ids, clock.epoch_ms()))


async def _claim(queue: Queue, job: Job[Claim]) -> Claim:
    """A look at the queue; when the caller goes away meanwhile, what it brought goes back."""
    claiming = asyncio.ensure_future(performed(job))
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:
        claiming.add_done_callback(lambda done: _return(queue, done))
        raise


_returning: set["asyncio.Task[None]"] = set()


def _return(queue: Queue, done: "asyncio.Future[Claim]") -> None:
    if done.cancelled() or done.exception() is not None or not done.result().primary_keys:
        return
    task = asyncio.ensure_future(performed(_giving_back(queue, done.result())))
    _returning.add(task)
    task.add_done_callback(_returning.discard)


def _giving_back(queue: Queue, claim: Claim) -> Job[None]:
    def job(effects: Effects) -> None:
        now_ms = clock.epoch_ms()
        storage.give_back(queue.pk, claim.primary_keys, claim.token, now_ms)
        effects.available(queue.pk, now_ms)

    return job


# -- inside the transaction ------------------------------------------------------------------------


def receiving(
    *, queue: Queue, limit: int, visibility_timeout: int | None = None, attempt_id: str = "", waits: bool = False
) -> Job[Claim]:
    """The job of one look at the queue; ``waits`` when it is not the last one of an empty receive."""
    if visibility_timeout is not None:
        check_visibility_timeout(visibility_timeout)
    if attempt_id:
        contents.check_token("ReceiveRequestAttemptId", attempt_id)
    timeout_s = queue.visibility_timeout_s if visibility_timeout is None else visibility_timeout

    def job(effects: Effects) -> Claim:
        now_ms = clock.epoch_ms()
        visible_ms = now_ms + timeout_s * 1000
        if queue.is_fifo:
            storage.lock(queue.pk)
            if attempt_id and (again := _again(queue, attempt_id, now_ms, visible_ms)):
                return again
        if not _room.left(queue, now_ms):
            if queue.is_fifo:
                return Claim([])
            raise OverLimit(
                f"Too many messages are in flight: a queue can have {limits.MESSAGES_IN_FLIGHT:,} that are received "
                "and not deleted."
            )
        token = ids.hex_token()
        found = _take(effects, queue, limit, now_ms, visible_ms, token)
        if not found:
            if not waits:
                effects.count(queue, meter.EMPTY)
            return Claim([], storage.next_visible_ms(queue.pk, now_ms))
        _room.take(queue, len(found))
        pks = tuple(one.pk for one in found)
        if attempt_id and queue.is_fifo:
            storage.remember_attempt(queue.pk, attempt_id, token, pks, now_ms)
        effects.count(queue, meter.RECEIVED, times=len(found))
        return Claim([_received(queue, one, token, now_ms) for one in found], None, pks, token)

    return job


def _take(effects: Effects, queue: Queue, limit: int, now_ms: int, visible_ms: int, token: str) -> list[Found]:
    """Claim messages; those that were received too often already become dead letters, and others are taken instead."""
    claim = storage.claim_in_order if queue.is_fifo else storage.claim
    alive_ms = now_ms - queue.retention_s * 1000
    taken: list[Found] = []
    while len(taken) < limit:
        wanted = limit - len(taken)
        found = claim(queue.pk, limit=wanted, now_ms=now_ms, alive_ms=alive_ms, visible_ms=visible_ms, token=token)
        exhausted = [one for one in found if queue.max_receive_count and one.receive_count > queue.max_receive_count]
        moved = _bury(effects, queue, exhausted, now_ms) if exhausted else set()
        taken += [one for one in found if one.pk not in moved]
        if not moved or not timeout_passes(visible_ms, now_ms):
            break
    return taken


def timeout_passes(visible_ms: int, now_ms: int) -> bool:
    """Whether a message that was just taken is invisible now: with a timeout of 0 it would be taken again at once."""
    return visible_ms > now_ms


def _bury(effects: Effects, queue: Queue, exhausted: list[Found], now_ms: int) -> set[int]:
    """Move messages to the dead-letter queue; without one they are received again. The primary keys that were moved."""
    name = names.of_arn(queue.dead_letter_arn)
    target = Queue.objects.filter(account_id=queue.account_id, name=name).first() if name else None
    if target is None:
        return set()
    first = storage.next_sequences(target.pk, len(exhausted)) if target.is_fifo else 0
    for number, one in enumerate(exhausted):
        storage.move_to_dead_letters(
            one.pk,
            queue_id=target.pk,
            source_arn=queue.arn,
            now_ms=now_ms,
            sequence=(first or 0) + number if target.is_fifo else 0,
            is_fifo=target.is_fifo,
        )
    effects.available(target.pk, now_ms)
    return {one.pk for one in exhausted}


def _again(queue: Queue, attempt_id: str, now_ms: int, visible_ms: int) -> Claim | None:
    known = storage.attempt(queue.pk, attempt_id, now_ms - limits.DEDUPLICATION_S * 1000)
    if known is None or not known[1]:
        return None
    token, pks = known
    found = storage.hold_again(queue.pk, pks, token, now_ms, visible_ms)
    if not found:
        return None
    return Claim([_received(queue, one, token, now_ms) for one in found], None, tuple(pks), token)


def _received(queue: Queue, found: Found, token: str, now_ms: int) -> Received:
    return Received(
        message_id=found.message_id,
        handle=receipts.encode(Receipt(queue.pk, found.pk, now_ms, token)),
        body=found.body,
        sender_id=found.sender_id,
        sent_ms=found.sent_ms,
        receive_count=found.receive_count,
        first_received_ms=found.first_received_ms,
        attributes=contents.unpack(found.attributes),
        trace=found.trace,
        group_id=found.group_id,
        deduplication_id=found.deduplication_id,
        sequence_number=sequence_number(found.sequence),
        dead_letter_source=found.dead_letter_source,
    )


class _Room:
    """How many more messages may be in flight: counted in the database only when it may be none, once a second at most."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, float]] = {}

    def left(self, queue: Queue, now_ms: int) -> bool:
        room, counted_at = self._known.get(queue.pk, (0, float("-inf")))
        if room <= 0 and clock.monotonic() - counted_at > 1.0:
            most = limits.MESSAGES_IN_FLIGHT
            room, counted_at = most - storage.count_in_flight(queue.pk, now_ms, at_most=most), clock.monotonic()
            self._known[queue.pk] = room, counted_at
        return room > 0

    def take(self, queue: Queue, count: int) -> None:
        room, counted_at = self._known[queue.pk]
        self._known[queue.pk] = room - count, counted_at


_room = _Room()
