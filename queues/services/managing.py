"""Queues themselves: creating, changing, emptying and deleting them; their tags.

Source: SQS API reference, CreateQueue, SetQueueAttributes, PurgeQueue, DeleteQueue, TagQueue.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.selectors import own_arn
from accounts.services import bump_stamp
from core import clock, limits
from queues import attributes, names, redrive, signals
from queues.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameter,
    MissingParameter,
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
)
from queues.models import Deduplication, DeletedQueue, Message, Queue
from queues.redrive import Redrive

NAME_FREE_AFTER = timedelta(seconds=60)
PURGE_EVERY = timedelta(seconds=60)
_TAG_KEY, _TAG_VALUE = 128, 256
_TAG = re.compile(r"[\w\s.:/=+\-@]*")  # letters and digits of every script, as AWS allows


def create_queue(
    *,
    account: Account,
    name: str,
    given: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    region: str = "us-east-1",
) -> Queue:
    """Make a queue with the attributes ``given`` in AWS's names; one that is there already with the same is returned.

    Raises ``QueueNameExists`` when one of them differs, ``QueueDeletedRecently``, and what AWS answers for bad values.
    """
    given = given or {}
    is_fifo = attributes.wants_fifo(given)
    names.check(name, is_fifo=is_fifo)
    values = attributes.read(given, is_fifo=is_fifo)
    check_tags(tags or {})
    try:
        with transaction.atomic():
            return _find_or_create(account, name, given, values, dict(tags or {}), region, is_fifo)
    except IntegrityError:  # somebody made it a moment ago
        return create_queue(account=account, name=name, given=given, tags=tags, region=region)


def _find_or_create(
    account: Account,
    name: str,
    given: Mapping[str, str],
    values: dict[str, Any],
    tags: dict[str, str],
    region: str,
    is_fifo: bool,
) -> Queue:
    existing = Queue.objects.filter(account=account, name=name).first()
    if existing is not None:
        _check_same(existing, given, _fields(existing, values))
        return existing
    recently = DeletedQueue.objects.filter(account=account, name=name, deleted_at__gt=clock.now() - NAME_FREE_AFTER)
    if recently.exists():
        raise QueueDeletedRecently
    if Queue.objects.filter(account=account).count() >= limits.QUEUES_PER_ACCOUNT:
        raise OverLimit(f"An account on this server can have {limits.QUEUES_PER_ACCOUNT} queues.")
    queue = Queue(account=account, name=name, region=region, is_fifo=is_fifo, tags=tags)
    for field, value in _fields(queue, values).items():
        setattr(queue, field, value)
    _check_throughput(queue)
    queue.save(force_insert=True)
    bump_stamp(account_id=account.pk)
    return queue


def _check_same(existing: Queue, given: Mapping[str, str], values: dict[str, Any]) -> None:
    """Raise for the first attribute in which an existing queue differs from what is asked for."""
    different = {field for field, value in values.items() if getattr(existing, field) != value}
    for name in given:
        if name != attributes.FIFO and different & attributes.fields_of(name):
            raise QueueNameExists(attribute=name)


@transaction.atomic
def set_queue_attributes(*, account: Account, name: str, given: Mapping[str, str]) -> Queue:
    """Change the attributes ``given`` in AWS's names. Raises ``QueueDoesNotExist`` and what AWS answers for bad values."""
    queue = lock_queue(account=account, name=name)
    _check_kind(queue, given)
    values = attributes.read(given, is_fifo=queue.is_fifo)
    for field, value in _fields(queue, values).items():
        setattr(queue, field, value)
    _check_throughput(queue)
    queue.modified_at = clock.now()
    queue.save()
    bump_stamp(account_id=account.pk)
    return queue


def _check_kind(queue: Queue, given: Mapping[str, str]) -> None:
    if attributes.FIFO not in given:
        return
    if not queue.is_fifo:
        raise InvalidAttributeName(name=attributes.FIFO)
    if given[attributes.FIFO].lower() != "true":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
        )


def _fields(queue: Queue, values: dict[str, Any]) -> dict[str, Any]:
    """The values by field of the model; a redrive policy is checked against the queue that it names."""
    fields = {field: value for field, value in values.items() if field != "redrive"}
    if "redrive" in values:
        wanted: Redrive | None = values["redrive"]
        fields["dead_letter_arn"] = _dead_letter_arn(queue, wanted) if wanted else ""
        fields["max_receive_count"] = wanted.max_receive_count if wanted else None
    return fields


def _dead_letter_arn(queue: Queue, wanted: Redrive) -> str:
    text = redrive.render(wanted.arn, wanted.max_receive_count)
    arn = own_arn(account=queue.account, arn=wanted.arn)[0]
    name = names.of_arn(arn)
    if name is None:
        raise redrive.invalid("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
    target = Queue.objects.filter(account_id=queue.account_id, name=name).first()
    if target is None:
        raise redrive.invalid("RedrivePolicy", text, "Dead letter target does not exist.")
    if target.is_fifo != queue.is_fifo:
        raise redrive.invalid("RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source.")
    if not redrive.takes_from(target.redrive_allow_policy, source_arn=queue.arn):
        reason = "Queue does not have permission to use the dead-letter queue: its RedriveAllowPolicy denies it."
        raise redrive.invalid("RedrivePolicy", text, reason)
    return target.arn


def _check_throughput(queue: Queue) -> None:
    if queue.throughput_limit == "perMessageGroupId" and queue.deduplication_scope != "messageGroup":
        raise InvalidAttributeValue(
            "FifoThroughputLimit can be set to perMessageGroupId only when DeduplicationScope is set to messageGroup."
        )


def lock_queue(*, account: Account, name: str) -> Queue:
    """The queue, locked until the transaction ends. Raises ``QueueDoesNotExist``."""
    queue = Queue.objects.select_for_update().filter(account=account, name=name).first()
    if queue is None:
        raise QueueDoesNotExist
    return queue


@transaction.atomic
def purge_queue(*, account: Account, name: str) -> None:
    """Delete all messages of a queue, those in flight too. Raises ``QueueDoesNotExist``, ``PurgeQueueInProgress``."""
    queue = lock_queue(account=account, name=name)
    now = clock.now()
    if queue.purged_at is not None and now - queue.purged_at < PURGE_EVERY:
        raise PurgeQueueInProgress(name=name)
    Message.objects.filter(queue=queue).delete()
    Queue.objects.filter(pk=queue.pk).update(purged_at=now)


@transaction.atomic
def delete_queue(*, account: Account, name: str) -> None:
    """Delete a queue with its messages; the name is free again after a minute. Raises ``QueueDoesNotExist``."""
    queue = lock_queue(account=account, name=name)
    Message.objects.filter(queue=queue).delete()
    Deduplication.objects.filter(queue=queue).delete()
    arn = queue.arn
    queue.delete()
    DeletedQueue.objects.update_or_create(account=account, name=name, defaults={"deleted_at": clock.now()})
    bump_stamp(account_id=account.pk)
    transaction.on_commit(partial(signals.queue_deleted.send, Queue, account_id=account.pk, arn=arn))


# -- tags ------------------------------------------------------------------------------------------


@transaction.atomic
def tag_queue(*, account: Account, name: str, tags: Mapping[str, str]) -> None:
    """Add tags, or change their values. Raises ``QueueDoesNotExist``, ``InvalidParameter``, ``MissingParameter``."""
    queue = lock_queue(account=account, name=name)
    if not tags:
        raise MissingParameter(name="Tags")
    merged = {**queue.tags, **tags}
    check_tags(merged)
    Queue.objects.filter(pk=queue.pk).update(tags=merged)


@transaction.atomic
def untag_queue(*, account: Account, name: str, keys: Iterable[str]) -> None:
    """Remove tags by their keys. Raises ``QueueDoesNotExist``."""
    queue = lock_queue(account=account, name=name)
    gone = set(keys)
    Queue.objects.filter(pk=queue.pk).update(tags={key: value for key, value in queue.tags.items() if key not in gone})


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise for more than 50 tags, empty or reserved keys, and characters AWS does not take."""
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise InvalidParameter(f"Too many tags added for queue: a queue can have {limits.TAGS_PER_RESOURCE}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY or not _TAG.fullmatch(key) or "\x00" in key:
            raise InvalidParameter(f"Tag keys must be between 1 and {_TAG_KEY} characters in length.")
        if len(value) > _TAG_VALUE or not _TAG.fullmatch(value) or "\x00" in value:
            raise InvalidParameter(f"Tag values must be between 0 and {_TAG_VALUE} characters in length.")
        if key.lower().startswith("aws:") and not key.startswith("aws:cloudformation:"):
            raise InvalidParameter("Tag keys that begin with aws: are reserved and cannot be set.")
