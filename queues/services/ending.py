"""Deleting received messages, and changing how long they stay invisible.

Source: SQS API reference, DeleteMessage and ChangeMessageVisibility, and their batches.
"""

from collections.abc import Callable, Sequence

from core import clock, limits
from core.errors import ServiceError
from queues import meter, receipts, storage
from queues.effects import Effects
from queues.errors import InvalidParameter
from queues.models import Queue
from queues.receipts import Receipt
from queues.services.receiving import check_visibility_timeout
from queues.work import Job, perform


def delete_message(*, queue: Queue, handle: str) -> None:
    """Delete a message by the handle of its latest receive.

    By an older handle nothing is deleted from a standard queue, and nothing said; a FIFO queue refuses a handle whose
    visibility timeout is over. A message that is gone already counts as deleted. Raises ``ReceiptHandleIsInvalid``,
    ``InvalidParameter``.
    """
    perform(deleting(queue=queue, handle=handle))


def delete_message_batch(*, queue: Queue, handles: Sequence[str]) -> list[ServiceError | None]:
    """Delete messages: for each None, or why it could not be."""
    return perform(deleting_batch(queue=queue, handles=handles))


def change_message_visibility(*, queue: Queue, handle: str, seconds: int) -> None:
    """Have a received message become visible ``seconds`` from now; 0 makes it so at once.

    Raises ``ReceiptHandleIsInvalid``, or ``InvalidParameter`` for a message that another receive has, that is gone, or
    that would be invisible for more than twelve hours.
    """
    perform(changing(queue=queue, handle=handle, seconds=seconds))


def change_message_visibility_batch(*, queue: Queue, changes: Sequence[tuple[str, int]]) -> list[ServiceError | None]:
    """The same for (handle, seconds) each: None, or why it could not be."""
    return perform(changing_batch(queue=queue, changes=changes))


# -- jobs ------------------------------------------------------------------------------------------


def deleting(*, queue: Queue, handle: str) -> Job[None]:
    """The job of ``delete_message``."""
    receipt = receipts.decode(handle, queue=queue.pk)

    def job(effects: Effects) -> None:
        _delete(effects, queue, receipt, handle)

    return job


def deleting_batch(*, queue: Queue, handles: Sequence[str]) -> Job[list[ServiceError | None]]:
    """The job of ``delete_message_batch``."""

    def delete(effects: Effects, handle: str) -> None:
        deleting(queue=queue, handle=handle)(effects)

    def job(effects: Effects) -> list[ServiceError | None]:
        return [_outcome(delete, effects, handle) for handle in handles]

    return job


def changing(*, queue: Queue, handle: str, seconds: int) -> Job[None]:
    """The job of ``change_message_visibility``."""
    check_visibility_timeout(seconds)
    receipt = receipts.decode(handle, queue=queue.pk)

    def job(effects: Effects) -> None:
        now_ms = clock.epoch_ms()
        visible_ms = now_ms + seconds * 1000
        if visible_ms > receipt.received_ms + limits.VISIBILITY_TIMEOUT_S_MAX * 1000:
            reason = (
                "Total VisibilityTimeout for the message is beyond the limit "
                f"[{limits.VISIBILITY_TIMEOUT_S_MAX} seconds]"
            )
            raise InvalidParameter(name="VisibilityTimeout", value=seconds, reason=reason)
        if queue.is_fifo:
            _check_holds(queue, receipt, handle, now_ms)
        if not storage.set_visible(queue.pk, receipt.message, receipt.token, visible_ms):
            reason = "Message does not exist or is not available for visibility timeout change."
            raise InvalidParameter(name="ReceiptHandle", value=handle, reason=reason)
        effects.available(queue.pk, visible_ms)

    return job


def changing_batch(*, queue: Queue, changes: Sequence[tuple[str, int]]) -> Job[list[ServiceError | None]]:
    """The job of ``change_message_visibility_batch``."""

    def change(effects: Effects, handle: str, seconds: int) -> None:
        changing(queue=queue, handle=handle, seconds=seconds)(effects)

    def job(effects: Effects) -> list[ServiceError | None]:
        return [_outcome(change, effects, handle, seconds) for handle, seconds in changes]

    return job


def _outcome[**P](change: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> ServiceError | None:
    try:
        change(*args, **kwargs)
    except ServiceError as error:
        return error
    return None


def _delete(effects: Effects, queue: Queue, receipt: Receipt, handle: str) -> None:
    if queue.is_fifo:
        _check_holds(queue, receipt, handle, clock.epoch_ms())
    if storage.delete(queue.pk, receipt.message, receipt.token):
        effects.count(queue, meter.DELETED)
        if queue.is_fifo:
            effects.available(queue.pk, clock.epoch_ms())  # the next of its group


def _check_holds(queue: Queue, receipt: Receipt, handle: str, now_ms: int) -> None:
    """Raise when the message is there and the receive does not hold it any more."""
    held = storage.held(queue.pk, receipt.message)
    if held is not None and (held[0] != receipt.token or held[1] <= now_ms):
        raise InvalidParameter(name="ReceiptHandle", value=handle, reason="The receipt handle has expired.")
