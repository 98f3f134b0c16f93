"""Statements for many rows at once. The ORM's way builds an object for each row, and costs ten times as much.

Whoever writes or deletes events first locks the group's row, then the stream's, in the order of their ids: so nobody
waits in a circle, and no event arrives in a stream that is being deleted.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F, IntegerField, Max, Min, Sum

from core import clock
from logs import errors
from logs.models import LogEvent, LogGroup, LogStream

EVENT_OVERHEAD = 26  # bytes that AWS counts for each event beside its message
DELETE_BATCH = 2_000

type EventRow = tuple[int, int, int, str, uuid.UUID | None, str]
"""Stream id, timestamp, ingestion, message, request id, source."""

_COLUMNS = ("stream", "timestamp", "ingestion", "message", "request_id", "source")


class _Bytes(models.Func):
    """The size of a text in UTF-8; ``length`` counts characters."""

    function = "OCTET_LENGTH"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="LENGTH(CAST(%(expressions)s AS BLOB))", **context)


# -- writing ---------------------------------------------------------------------------------------


def insert_events(rows: Sequence[EventRow]) -> None:
    """Insert events in the order of ``rows``."""
    request_id = _field("request_id")
    names = ", ".join(connection.ops.quote_name(str(_field(name).column)) for name in _COLUMNS)
    prepared = [
        (*row[:4], None if row[4] is None else request_id.get_db_prep_value(row[4], connection), row[5]) for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {_table(LogEvent)} ({names}) VALUES (%s, %s, %s, %s, %s, %s)",
            prepared,
        )


def _field(name: str) -> "models.Field[Any, Any]":
    field = LogEvent._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _table(model: type[models.Model]) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))


def touch(*, spans: dict[int, tuple[int, int]], sizes: dict[int, int], ingestion: int) -> bool:
    """Lock groups and streams that get events, and note what they get; False when one is not there any more.

    ``spans``: stream id → first and last timestamp. ``sizes``: group id → bytes.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_table(LogGroup)} SET stored_bytes = stored_bytes + %s WHERE id = %s",
            [(size, pk) for pk, size in sorted(sizes.items())],
        )
        groups_found: int = cursor.rowcount
        cursor.executemany(
            f"UPDATE {_table(LogStream)} SET last_ingestion_ms = %s,"
            " first_event_ms = CASE WHEN first_event_ms <= %s THEN first_event_ms ELSE %s END,"
            " last_event_ms = CASE WHEN last_event_ms >= %s THEN last_event_ms ELSE %s END WHERE id = %s",
            [(ingestion, first, first, last, last, pk) for pk, (first, last) in sorted(spans.items())],
        )
        streams_found: int = cursor.rowcount
    return groups_found == len(sizes) and streams_found == len(spans)


@transaction.atomic
def append(*, stream: LogStream, rows: Sequence[tuple[int, str]]) -> int:
    """Add (timestamp, message) rows to a stream; returns the id of its last event. Raises ``LogStreamNotFound``."""
    if rows:
        now = clock.epoch_ms()
        size = sum(len(message.encode()) + EVENT_OVERHEAD for _, message in rows)
        span = (min(row[0] for row in rows), max(row[0] for row in rows))
        if not touch(spans={stream.id: span}, sizes={stream.group_id: size}, ingestion=now):
            raise errors.LogStreamNotFound
        insert_events(
            [(stream.id, timestamp, now, message, None, LogEvent.Source.FUNCTION) for timestamp, message in rows]
        )
    last: int | None = LogEvent.objects.filter(stream=stream).aggregate(last=Max("id"))["last"]
    return last or 0


# -- deleting --------------------------------------------------------------------------------------


def delete_group(*, group_id: int) -> None:
    """Delete a group with all its streams and events; most of it in small steps, so that others can write meanwhile."""
    events = LogEvent.objects.filter(stream__group=group_id)
    while _delete_some(events):
        pass
    with transaction.atomic():
        LogGroup.objects.select_for_update().filter(id=group_id).first()
        events.delete()
        LogStream.objects.filter(group=group_id).delete()
        LogGroup.objects.filter(id=group_id).delete()


def delete_stream(*, stream_id: int) -> None:
    """Delete a stream with all its events."""
    events = LogEvent.objects.filter(stream=stream_id)
    while _delete_some(events):
        pass
    with transaction.atomic():
        LogStream.objects.select_for_update().filter(id=stream_id).first()
        events.delete()
        LogStream.objects.filter(id=stream_id).delete()


@transaction.atomic
def _delete_some(events: models.QuerySet[LogEvent]) -> int:
    """Delete up to ``DELETE_BATCH`` of ``events``, oldest first, and take them off their groups' size."""
    batch = list(events.order_by("stream", "timestamp", "id").values_list("id", flat=True)[:DELETE_BATCH])
    if not batch:
        return 0
    rows = LogEvent.objects.filter(id__in=batch)
    sizes = rows.values("stream__group").annotate(size=Sum(_Bytes("message") + EVENT_OVERHEAD)).order_by()
    for group_id, size in sorted(sizes.values_list("stream__group", "size")):
        LogGroup.objects.filter(id=group_id).update(stored_bytes=F("stored_bytes") - size)
    rows._raw_delete(using=rows.db)
    return len(batch)


def delete_before(*, stream: LogStream, timestamp: int | None, budget: int) -> int:
    """Delete a stream's events before ``timestamp`` (None: any), about ``budget`` at most; returns how many."""
    events = LogEvent.objects.filter(stream=stream)
    if timestamp is not None:
        events = events.filter(timestamp__lt=timestamp)
    deleted = 0
    while deleted < budget and (count := _delete_some(events)):
        deleted += count
    if deleted:
        _note_span(stream.id)
    return deleted


@transaction.atomic
def _note_span(stream_id: int) -> None:
    LogStream.objects.select_for_update().filter(id=stream_id).first()
    span = LogEvent.objects.filter(stream=stream_id).aggregate(first=Min("timestamp"), last=Max("timestamp"))
    LogStream.objects.filter(id=stream_id).update(first_event_ms=span["first"], last_event_ms=span["last"])
