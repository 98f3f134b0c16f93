"""Moving messages out of a dead-letter queue, back to where they came from or elsewhere, so many a second.

What is moved is a new message: with another id, a retention and a receive count of its own.
Source: SQS API reference, StartMessageMoveTask; developer guide, "Configuring a dead-letter queue redrive".
"""

import base64
import binascii
import json
import uuid
from functools import partial

from django.db import transaction

from accounts.models import Account
from core import clock, limits
from queues import names, selectors, storage
from queues.effects import Effects
from queues.errors import InvalidParameter, QueueDoesNotExist, ResourceNotFound
from queues.models import Message, MoveTask, Queue
from queues.storage import Row
from queues.work import perform

_AT_ONCE = limits.MOVED_MESSAGES_PER_S_MAX
_ACTIVE = (MoveTask.Status.RUNNING, MoveTask.Status.CANCELLING)


def task_handle(task: MoveTask) -> str:
    """The handle that clients know a task by."""
    return base64.b64encode(json.dumps({"taskId": str(task.pk), "sourceArn": task.source.arn}).encode()).decode()


def source_of_handle(*, account: Account, handle: str) -> str:
    """The ARN of the queue that a handle's task moves messages out of; empty when it says none."""
    try:
        return _read_handle(handle)[1]
    except InvalidParameter:
        return ""


def _read_handle(handle: str) -> tuple[str, str]:
    try:
        members = json.loads(base64.b64decode(handle, validate=True)) if len(handle) <= 2_048 else {}
        return str(members["taskId"]), str(members["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        raise InvalidParameter("Value for parameter TaskHandle is invalid.") from None


@transaction.atomic
def start_message_move_task(
    *, account: Account, source_arn: str, destination_arn: str = "", per_second: int | None = None
) -> MoveTask:
    """Begin to move what is in a dead-letter queue now. Raises ``ResourceNotFound``, ``InvalidParameter``."""
    source = _lock(account, source_arn, "SourceArn")
    if not Queue.objects.filter(account=account, dead_letter_arn=source.arn).exists():
        raise InvalidParameter("Source queue must be configured as a Dead Letter Queue.")
    destination = _lock(account, destination_arn, "DestinationArn") if destination_arn else None
    if destination is not None and destination.pk == source.pk:
        raise InvalidParameter("Source queue arn and destination queue arn should be different.")
    if destination is not None and destination.is_fifo != source.is_fifo:
        raise InvalidParameter("Destination queue must be same type of queue as the source.")
    if per_second is not None and not 1 <= per_second <= limits.MOVED_MESSAGES_PER_S_MAX:
        raise InvalidParameter(
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
            f"Reason: You must enter a value between 1 and {limits.MOVED_MESSAGES_PER_S_MAX}."
        )
    if MoveTask.objects.filter(source=source, status__in=_ACTIVE).exists():
        raise InvalidParameter(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    last = Message.objects.filter(queue=source).order_by("-pk").values_list("pk", flat=True).first()
    return MoveTask.objects.create(
        source=source,
        destination_arn=destination.arn if destination else "",
        per_second=per_second,
        to_move=selectors.counts(source).visible,
        up_to=last or 0,
    )


@transaction.atomic
def cancel_message_move_task(*, account: Account, handle: str) -> MoveTask:
    """Have a task stop; what it moved stays moved. Raises ``ResourceNotFound``, ``InvalidParameter``."""
    task_id, source_arn = _read_handle(handle)
    source = _lock(account, source_arn, "SourceArn")
    try:
        task = MoveTask.objects.select_for_update().filter(source=source, pk=uuid.UUID(task_id)).first()
    except ValueError:
        task = None
    if task is None:
        raise ResourceNotFound("Task does not exist.")
    if task.status != MoveTask.Status.RUNNING:
        raise InvalidParameter("Only active tasks can be cancelled.")
    task.status = MoveTask.Status.CANCELLING
    task.save(update_fields=["status"])
    return task


def _lock(account: Account, arn: str, member: str) -> Queue:
    try:
        queue = selectors.queue_of_arn(account=account, arn=arn)
        return Queue.objects.select_for_update().get(pk=queue.pk)
    except (QueueDoesNotExist, Queue.DoesNotExist):
        raise ResourceNotFound(name=member) from None


# -- step by step ----------------------------------------------------------------------------------


def move_messages() -> None:
    """One step of every active task; called once a second. A step that is interrupted is undone whole."""
    for pk in MoveTask.objects.filter(status__in=_ACTIVE).values_list("pk", flat=True):
        perform(partial(_step, pk))


def _step(pk: uuid.UUID, effects: Effects) -> None:
    task = MoveTask.objects.select_for_update().select_related("source").filter(pk=pk, status__in=_ACTIVE).first()
    now_ms = clock.epoch_ms()
    if task is None or now_ms - task.stepped_ms < 500:  # somebody else's step a moment ago
        return
    task.stepped_ms = now_ms
    if task.status == MoveTask.Status.CANCELLING:
        task.status = MoveTask.Status.CANCELLED
    else:
        _move_some(effects, task, now_ms)
    task.save(update_fields=["status", "moved", "failure_reason", "stepped_ms"])


def _move_some(effects: Effects, task: MoveTask, now_ms: int) -> None:
    limit = task.per_second or _AT_ONCE
    waiting = Message.objects.filter(queue=task.source, pk__lte=task.up_to, visible_ms__lte=now_ms)
    messages = list(waiting.select_for_update().order_by("sequence", "pk")[:limit])
    destinations: dict[str, Queue | None] = {}
    for message in messages:
        arn = task.destination_arn or message.dead_letter_source
        if not arn:
            return _fail(task, "CouldNotDetermineMessageSource")
        if arn not in destinations:
            destinations[arn] = _find(task, arn)
        if (destination := destinations[arn]) is None:
            return _fail(task, QueueDoesNotExist.legacy_code)
        _move(effects, message, destination, now_ms)
        task.moved += 1
    if len(messages) < limit:
        task.status = MoveTask.Status.COMPLETED
    return None


def _fail(task: MoveTask, reason: str) -> None:
    task.status, task.failure_reason = MoveTask.Status.FAILED, reason


def _find(task: MoveTask, arn: str) -> Queue | None:
    return Queue.objects.filter(account_id=task.source.account_id, name=names.of_arn(arn) or "").first()


def _move(effects: Effects, message: Message, destination: Queue, now_ms: int) -> None:
    sequence = storage.next_sequences(destination.pk, 1) if destination.is_fifo else 0
    row = Row(
        queue_id=destination.pk,
        message_id=str(uuid.uuid4()),
        body=message.body,
        attributes=message.attributes,
        trace=message.trace,
        sender_id=message.sender_id,
        size=message.size,
        sent_ms=now_ms,
        visible_ms=now_ms,
        group_id=message.group_id,
        deduplication_id=message.deduplication_id,
        sequence=sequence or 0,
    )
    storage.insert([row])
    message.delete()
    effects.available(destination.pk, now_ms)
