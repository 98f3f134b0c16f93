"""Sending messages.

Source: SQS API reference, SendMessage and SendMessageBatch; developer guide, "FIFO queues".
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import clock, limits
from core.errors import ServiceError
from queues import contents, meter, storage
from queues.contents import Draft
from queues.effects import Effects
from queues.errors import BatchRequestTooLong, InvalidParameter, MissingParameter, QueueDoesNotExist
from queues.models import Queue
from queues.storage import Row
from queues.work import Job, perform

_FIRST_SEQUENCE_NUMBER = 18_800_000_000_000_000_000  # AWS's have twenty digits and are not consecutive
_STEP = 256


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender is told; the last three are empty without attributes, without a trace, in standard queues."""

    message_id: str
    md5_of_body: str
    md5_of_attributes: str = ""
    md5_of_trace: str = ""
    sequence_number: str = ""


def sequence_number(sequence: int) -> str:
    """A FIFO message's number as it is told; empty for none."""
    return str(_FIRST_SEQUENCE_NUMBER + sequence * _STEP) if sequence else ""


def send_message(*, queue: Queue, draft: Draft, sender_id: str = "") -> Sent:
    """Send a message; it is stored when this returns, or with the caller's transaction.

    Raises ``MissingParameter``, ``InvalidMessageContents``, ``InvalidParameter`` or ``QueueDoesNotExist``.
    """
    return perform(sending(queue=queue, draft=draft, sender_id=sender_id))


def send_message_batch(*, queue: Queue, drafts: Sequence[Draft], sender_id: str = "") -> list[Sent | ServiceError]:
    """Send messages: for each what its sender is told, or why it was refused. Raises what refuses all of them."""
    return perform(sending_batch(queue=queue, drafts=drafts, sender_id=sender_id))


def sending(*, queue: Queue, draft: Draft, sender_id: str = "") -> Job[Sent]:
    """The job of ``send_message``; checks at once."""
    if len(draft.body) > queue.maximum_message_size:  # before all of it is looked at
        raise _too_long(queue)
    prepared = _prepared(queue, draft)
    contents.check(draft, is_fifo=queue.is_fifo)
    if (size := draft.size) > queue.maximum_message_size:
        raise _too_long(queue)

    def job(effects: Effects) -> Sent:
        return _store(effects, queue, [(prepared, size)], sender_id)[0]

    return job


def _too_long(queue: Queue) -> InvalidParameter:
    most = queue.maximum_message_size
    return InvalidParameter(f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")


def sending_batch(*, queue: Queue, drafts: Sequence[Draft], sender_id: str = "") -> Job[list[Sent | ServiceError]]:
    """The job of ``send_message_batch``; checks at once."""
    prepared = [_prepared(queue, draft, in_batch=True) for draft in drafts]
    sizes = [draft.size for draft in prepared]
    if (size := sum(sizes)) > limits.MESSAGE_SIZE:
        raise BatchRequestTooLong(limit=limits.MESSAGE_SIZE, size=size)
    refusals = [_refusal(queue, draft, size) for draft, size in zip(prepared, sizes, strict=True)]
    good = [(draft, size) for draft, size, bad in zip(prepared, sizes, refusals, strict=True) if bad is None]

    def job(effects: Effects) -> list[Sent | ServiceError]:
        sent = iter(_store(effects, queue, good, sender_id) if good else ())
        return [bad if bad is not None else next(sent) for bad in refusals]

    return job


def _refusal(queue: Queue, draft: Draft, size: int) -> ServiceError | None:
    try:
        contents.check(draft, is_fifo=queue.is_fifo)
    except ServiceError as error:
        return error
    if size > queue.maximum_message_size:
        return InvalidParameter(
            "One or more parameters cannot be validated. "
            f"Reason: Message must be shorter than {queue.maximum_message_size} bytes."
        )
    return None


def _prepared(queue: Queue, draft: Draft, *, in_batch: bool = False) -> Draft:
    """The draft with what the queue adds to it. Raises when a FIFO queue misses something."""
    if not queue.is_fifo:
        return draft
    if not draft.group_id:
        missing = MissingParameter(name="MessageGroupId")
        raise InvalidParameter(missing.text) if in_batch else missing
    if draft.deduplication_id:
        return draft
    if not queue.content_based_deduplication:
        raise InvalidParameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        )
    return replace(draft, deduplication_id=contents.content_deduplication_id(draft.body))


# -- inside the transaction ------------------------------------------------------------------------


def _store(effects: Effects, queue: Queue, drafts: Sequence[tuple[Draft, int]], sender_id: str) -> list[Sent]:
    now_ms = clock.epoch_ms()
    rows = [_row(queue, draft, size, sender_id, now_ms) for draft, size in drafts]
    new = _in_order(queue, rows) if queue.is_fifo else rows
    accepted = [row for row in new if row is not None]
    if accepted:
        storage.insert(accepted)
        effects.available(queue.pk, min(row.visible_ms for row in accepted))
    effects.count(queue, meter.SENT, times=len(rows))
    for row in accepted:
        effects.count(queue, meter.SIZE, float(row.size))
    return [_sent(draft, row) for (draft, _), row in zip(drafts, rows, strict=True)]


def _row(queue: Queue, draft: Draft, size: int, sender_id: str, now_ms: int) -> Row:
    delay_s = draft.delay_s if draft.delay_s is not None and not queue.is_fifo else queue.delay_s
    return Row(
        queue_id=queue.pk,
        message_id=str(uuid.uuid4()),
        body=draft.body,
        attributes=contents.pack(draft.attributes),
        trace=draft.trace,
        sender_id=sender_id,
        size=size,
        sent_ms=now_ms,
        visible_ms=now_ms + delay_s * 1000,
        group_id=draft.group_id,
        deduplication_id=draft.deduplication_id,
    )


def _in_order(queue: Queue, rows: list[Row]) -> list[Row | None]:
    """The rows with their numbers, and None for those like a message of the last five minutes; ``rows`` gets the answers.

    A duplicate is answered with the number and id of the first one.
    """
    first = storage.next_sequences(queue.pk, len(rows))
    if first is None:
        raise QueueDoesNotExist
    since_ms = clock.epoch_ms() - limits.DEDUPLICATION_S * 1000
    new: list[Row | None] = []
    for number, row in enumerate(rows):
        group = row.group_id if queue.deduplication_scope == "messageGroup" else None
        known = storage.duplicate(queue.pk, group, row.deduplication_id, since_ms)
        if known is not None:
            rows[number] = replace(row, message_id=known[0], sequence=known[1])
            new.append(None)
            continue
        rows[number] = replace(row, sequence=first + number)
        storage.remember(rows[number])
        new.append(rows[number])
    return new


def _sent(draft: Draft, row: Row) -> Sent:
    return Sent(
        message_id=row.message_id,
        md5_of_body=contents.md5_of_body(draft.body),
        md5_of_attributes=contents.md5_of_attributes(draft.attributes),
        md5_of_trace=contents.md5_of_trace(draft.trace),
        sequence_number=sequence_number(row.sequence),
    )
