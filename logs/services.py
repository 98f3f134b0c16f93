"""CloudWatch Logs: what changes something. ``write_function_events`` is the worker's own bulk path."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.models import Account
from core import clock, limits
from core.strict_json import storable
from logs import errors, selectors, storage
from logs.models import LogGroup, LogStream
from logs.positions import event_id
from logs.storage import EVENT_OVERHEAD
from logs.writer import FunctionLogBatch, write_function_events

__all__ = [
    "FunctionLogBatch",
    "InputEvent",
    "PutResult",
    "create_log_group",
    "create_log_stream",
    "delete_log_group",
    "delete_log_stream",
    "delete_retention_policy",
    "put_log_events",
    "put_retention_policy",
    "tag",
    "untag",
    "write_function_events",
]

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
LOG_GROUPS_PER_ACCOUNT = 10_000
LOG_STREAMS_PER_GROUP = 100_000

_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}", re.ASCII)
_STREAM_NAME = re.compile(r"[^:*\x00\ud800-\udfff]{1,512}")
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_MAX_AGE_DAYS = 14


# -- groups and streams ----------------------------------------------------------------------------


@transaction.atomic
def create_log_group(
    *,
    account: Account,
    name: str,
    region: str = "us-east-1",
    tags: dict[str, str] | None = None,
    kms_key_id: str = "",
    log_group_class: str = "STANDARD",
) -> LogGroup:
    """Make a group whose events never expire. Raises ``LogGroupExists``, ``InvalidParameter``, ``LogsLimitExceeded``."""
    if not _GROUP_NAME.fullmatch(name):
        raise errors.InvalidParameter(
            f"1 validation error detected: Value '{storable(name)}' at 'logGroupName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
        )
    _check_tags(tags or {})
    groups = LogGroup.objects.filter(account=account)
    if groups.filter(name=name).exists():
        raise errors.LogGroupExists
    if groups.count() >= LOG_GROUPS_PER_ACCOUNT:
        raise errors.LogsLimitExceeded
    group = LogGroup(
        account=account,
        name=name,
        region=region,
        tags=tags or {},
        kms_key_id=kms_key_id,
        log_group_class=log_group_class,
    )
    try:
        with transaction.atomic():
            group.save(force_insert=True)
    except IntegrityError:  # a function's first line made it since we looked
        raise errors.LogGroupExists from None
    return group


def delete_log_group(*, account: Account, name: str) -> None:
    """Delete a group with all that is in it. A function that still runs makes a new one with its next line."""
    group = selectors.get_log_group(account=account, name=name)
    storage.delete_group(group_id=group.id)


@transaction.atomic
def create_log_stream(*, account: Account, group: str, name: str) -> LogStream:
    """Make an empty stream. Raises ``LogGroupNotFound``, ``LogStreamExists``, ``LogsLimitExceeded``."""
    if not _STREAM_NAME.fullmatch(name):
        raise errors.InvalidParameter(
            f"1 validation error detected: Value '{storable(name)}' at 'logStreamName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [^:*]*"
        )
    found = selectors.get_log_group(account=account, name=group)
    if found.streams.filter(name=name).exists():
        raise errors.LogStreamExists
    if found.streams.count() >= LOG_STREAMS_PER_GROUP:
        raise errors.LogsLimitExceeded
    try:
        with transaction.atomic():
            return LogStream.objects.create(group=found, name=name, created_ms=clock.epoch_ms())
    except IntegrityError:
        raise errors.LogStreamExists from None


def delete_log_stream(*, account: Account, group: str, name: str) -> None:
    """Delete a stream with its events."""
    stream = selectors.get_log_stream(account=account, group=group, name=name)
    storage.delete_stream(stream=stream)


# -- events ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One event to be put: epoch milliseconds and text."""

    timestamp: int
    message: str


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of a batch. The indexes say which events were left out; None when there were none of that kind."""

    next_sequence_token: str
    too_new_start: int | None = None
    too_old_end: int | None = None
    expired_end: int | None = None


def put_log_events(*, account: Account, group: str, stream: str, events: Sequence[InputEvent]) -> PutResult:
    """Add events to a stream; those too old or too far in the future are left out and reported.

    Raises ``InvalidParameter`` for a batch that is too large, out of order, or spans more than 24 hours.
    """
    _check_batch(events)
    found = selectors.get_log_stream(account=account, group=group, name=stream)
    now = clock.epoch_ms()
    horizon = now - _MAX_AGE_DAYS * _DAY_MS
    expiry = now - found.group.retention_days * _DAY_MS if found.group.retention_days else 0
    ages = [event.timestamp for event in events]
    too_old = sum(timestamp < horizon for timestamp in ages)
    expired = sum(timestamp < expiry for timestamp in ages)
    too_new = sum(timestamp > now + 2 * _HOUR_MS for timestamp in ages)
    good = events[max(too_old, expired) : len(events) - too_new]
    if good and good[-1].timestamp - good[0].timestamp > _DAY_MS:
        raise errors.InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    last_id = storage.append(stream=found, rows=[(event.timestamp, storable(event.message)) for event in good])
    return PutResult(
        next_sequence_token=event_id(now, last_id),
        too_new_start=len(events) - too_new if too_new else None,
        too_old_end=too_old if too_old and too_old >= expired else None,
        expired_end=expired if expired > too_old else None,
    )


def _check_batch(events: Sequence[InputEvent]) -> None:
    if not 1 <= len(events) <= limits.PUT_LOG_EVENTS_BATCH_COUNT:
        raise errors.InvalidParameter(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: "
            f"Member must have length between 1 and {limits.PUT_LOG_EVENTS_BATCH_COUNT}"
        )
    total = 0
    before = events[0].timestamp
    for event in events:
        size = len(event.message.encode("utf-8", "replace")) + EVENT_OVERHEAD
        if size > limits.LOG_EVENT_SIZE:
            raise errors.InvalidParameter(f"Log event too large: {size} bytes exceeds limit of {limits.LOG_EVENT_SIZE}")
        if event.timestamp < before:
            raise errors.InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
        before = event.timestamp
        total += size
    if total > limits.PUT_LOG_EVENTS_BATCH_SIZE:
        raise errors.InvalidParameter(
            f"Upload too large: {total} bytes exceeds limit of {limits.PUT_LOG_EVENTS_BATCH_SIZE}"
        )


# -- retention and tags ----------------------------------------------------------------------------


def put_retention_policy(*, account: Account, name: str, days: int) -> None:
    """Let events expire after one of CloudWatch's numbers of days."""
    if days not in RETENTION_DAYS:
        allowed = ", ".join(str(number) for number in RETENTION_DAYS)
        raise errors.InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    _update(account, name, retention_days=days)


def delete_retention_policy(*, account: Account, name: str) -> None:
    """Keep events for ever, which is as long as there is room."""
    _update(account, name, retention_days=None)


def _update(account: Account, name: str, **values: int | None) -> None:
    if LogGroup.objects.filter(account=account, name=name).update(**values) != 1:
        raise errors.LogGroupNotFound


@transaction.atomic
def tag(*, account: Account, name: str, tags: dict[str, str]) -> None:
    """Add tags to a group, or change their values. Raises ``TooManyTags``."""
    group = _lock(account, name)
    group.tags = group.tags | tags
    _check_tags(group.tags)
    group.save(update_fields=["tags"])


@transaction.atomic
def untag(*, account: Account, name: str, keys: Iterable[str]) -> None:
    """Remove tags from a group."""
    group = _lock(account, name)
    group.tags = {key: value for key, value in group.tags.items() if key not in set(keys)}
    group.save(update_fields=["tags"])


def _lock(account: Account, name: str) -> LogGroup:
    group = LogGroup.objects.select_for_update().filter(account=account, name=name).first()
    if group is None:
        raise errors.LogGroupNotFound
    return group


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > limits.TAGS_PER_RESOURCE:
        raise errors.TooManyTags
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise errors.InvalidParameter(f"The tag key {key!r} or its value is not allowed.")
