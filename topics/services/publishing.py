"""Publish: accept a message once, and hand it to every subscriber that wants it, in one transaction."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from core import clock, ids, limits
from core.errors import ServiceError
from logs import metrics
from logs.metrics import MetricId
from topics import delivering, messages
from topics.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameter,
    TooManyEntriesInBatchRequest,
)
from topics.messages import Message, Sent
from topics.models import Deduplication, Topic

REMEMBERED = timedelta(minutes=5)
BATCH = 10
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a batch."""

    id: str
    message: Message


type Outcome = Sent | ServiceError


def publish(*, topic: Topic, message: Message) -> Sent:
    """Accept a message: durable, and in every queue and for every function that wants it, before this returns.

    Raises ``InvalidParameter``. A FIFO topic that had the same message in the last five minutes answers as it did then.
    """
    messages.check(message, is_fifo=topic.is_fifo)
    with transaction.atomic():
        sent, is_new = _accept(topic, message)
        if is_new:
            delivering.fan_out(topic, message, sent)
    if is_new:
        _count(topic, message)
    return sent


def publish_batch(*, topic: Topic, entries: Sequence[Entry]) -> list[tuple[Entry, Outcome]]:
    """Publish up to ten messages, each for itself. Raises when the batch as a whole is none."""
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > BATCH:
        raise TooManyEntriesInBatchRequest
    if any(not _ENTRY_ID.fullmatch(entry.id) for entry in entries):
        raise InvalidBatchEntryId
    if len({entry.id for entry in entries}) < len(entries):
        raise BatchEntryIdsNotDistinct
    if sum(entry.message.size for entry in entries) > limits.TOPIC_MESSAGE_SIZE:
        raise BatchRequestTooLong
    return [(entry, _publish_or_error(topic, entry.message)) for entry in entries]


def _publish_or_error(topic: Topic, message: Message) -> Outcome:
    try:
        return publish(topic=topic, message=message)
    except ServiceError as error:
        return error


def _accept(topic: Topic, message: Message) -> tuple[Sent, bool]:
    """The message's id and number, and whether it is new; in a FIFO topic under the topic's lock."""
    if not topic.is_fifo:
        return Sent(ids.request_id(), clock.now()), True
    locked = Topic.objects.select_for_update().get(pk=topic.pk)
    wanted = message.deduplication_id or _content_id(locked, message)
    now = clock.now()
    Deduplication.objects.filter(topic=locked, at__lte=now - REMEMBERED).delete()
    known = Deduplication.objects.filter(topic=locked, deduplication_id=wanted).first()
    if known is not None:
        return Sent(known.message_id, known.at, known.sequence), False
    locked.sequence += 1
    locked.save(update_fields=["sequence"])
    sent = Sent(ids.request_id(), now, locked.sequence)
    Deduplication.objects.create(
        topic=locked, deduplication_id=wanted, message_id=sent.message_id, sequence=sent.sequence, at=now
    )
    return sent, True


def _content_id(topic: Topic, message: Message) -> str:
    if topic.attributes.get("ContentBasedDeduplication") != "true":
        raise InvalidParameter(
            what="The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    return hashlib.sha256(message.body_for(messages.DEFAULT).encode()).hexdigest()


def _count(topic: Topic, message: Message) -> None:
    account = topic.account_id
    place = {"TopicName": topic.name}
    published = MetricId.of(delivering.NAMESPACE, "NumberOfMessagesPublished", place)
    metrics.recorder.add(account_id=account, metric=published, unit="Count", value=1.0)
    size = MetricId.of(delivering.NAMESPACE, "PublishSize", place)
    metrics.recorder.add(account_id=account, metric=size, unit="Bytes", value=float(message.size))
