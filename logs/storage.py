"""Statements for many rows at once. The ORM's way builds an object for each row, and costs ten times as much.

Whoever writes or deletes events first locks the group's row, then the stream's, in the order of their ids: so nobody
waits in a circle, and no event arrives in a stream that is being deleted.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, IntegerField, Max, Min

from core import clock, database, limits
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
    prepare = database.preparation(_field("request_id")) or (lambda request_id: request_id)
    prepared = [(*row[:4], None if row[4] is None else prepare(row[4]), row[5]) for row in rows]
    database.insert(LogEvent._meta.db_table, [str(_field(name).column) for name in _COLUMNS], prepared)


def hold_groups(ids: Iterable[int]) -> bool:
    """Lock groups, before their streams, as whoever deletes does; False when one is not there any more.

    Where there is one writer at a time nobody deletes meanwhile: there it is not looked.
    """
    wanted = sorted(ids)
    if not wanted or not connection.features.has_select_for_update:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {_table(LogGroup)} WHERE id IN ({', '.join(['%s'] * len(wanted))}) ORDER BY id FOR NO KEY UPDATE",
            wanted,
        )
        return len(cursor.fetchall()) == len(wanted)


def make_streams(names: Sequence[tuple[int, str]], *, now: int) -> dict[tuple[int, str], int]:
    """The ids of streams by group id and name, as they are or made. What is there is written over with itself, which
    locks it. Raises ``IntegrityError``, at once or at the commit, when a group is gone.
    """
    found: dict[tuple[int, str], int] = {}
    with connection.cursor() as cursor:
        for batch in database.in_statements(sorted(names), 3):
            cursor.execute(
                f"INSERT INTO {_table(LogStream)} (group_id, name, created_ms) VALUES "
                f"{', '.join(['(%s, %s, %s)'] * len(batch))} ON CONFLICT (group_id, name)"
                " DO UPDATE SET name = excluded.name RETURNING group_id, name, id",
                [value for group_id, name in batch for value in (group_id, name, now)],
            )
            found.update({(group_id, name): pk for group_id, name, pk in cursor.fetchall()})
    return found


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


def full_groups(ids: Iterable[int]) -> set[int]:
    """Those of the groups that take no more until old events are removed: they hold twice what they may keep."""
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {_table(LogGroup)} WHERE id IN ({', '.join(['%s'] * len(wanted))}) AND stored_bytes > %s",
            [*wanted, 2 * keep_bytes()],
        )
        return {row[0] for row in cursor.fetchall()}


def keep_bytes() -> int:
    """How much a group may keep; above it the oldest events are removed."""
    return int(settings.LOG_GROUP_MB) * limits.MIB


# -- deleting --------------------------------------------------------------------------------------


def delete_group(*, group_id: int) -> None:
    """Delete a group with all its streams and events; most of it in small steps, so that others can write meanwhile."""
    events = LogEvent.objects.filter(stream__group=group_id)
    while delete_some(events, group_id=group_id):
        pass
    with transaction.atomic():
        LogGroup.objects.select_for_update().filter(id=group_id).first()
        events.delete()
        LogStream.objects.filter(group=group_id).delete()
        LogGroup.objects.filter(id=group_id).delete()


def delete_stream(*, stream: LogStream) -> None:
    """Delete a stream with all its events."""
    events = LogEvent.objects.filter(stream=stream)
    while delete_some(events, group_id=stream.group_id):
        pass
    with transaction.atomic():
        delete_some(events, group_id=stream.group_id)  # locks the group, so nothing arrives after it
        LogStream.objects.filter(id=stream.id).delete()


@transaction.atomic
def delete_some(events: models.QuerySet[LogEvent], *, group_id: int, wanted: int | None = None) -> int:
    """Delete the first of ``events``, all of one group: up to ``DELETE_BATCH``, or the few that make ``wanted`` bytes.

    Returns how many bytes the group got back.
    """
    LogGroup.objects.select_for_update().filter(id=group_id).first()
    first = events.order_by("stream", "timestamp", "id").values_list("id", _Bytes("message"))[:DELETE_BATCH]
    batch: list[int] = []
    freed = 0
    for pk, size in first:
        if wanted is not None and freed >= wanted:
            break
        batch.append(pk)
        freed += size + EVENT_OVERHEAD
    rows = LogEvent.objects.filter(id__in=batch)
    rows._raw_delete(using=rows.db)  # nothing refers to an event
    LogGroup.objects.filter(id=group_id).update(stored_bytes=F("stored_bytes") - freed)
    return freed


@transaction.atomic
def note_span(stream: LogStream) -> None:
    """Note a stream's first and last event again, after some were deleted."""
    LogStream.objects.select_for_update().filter(id=stream.id).first()
    span = LogEvent.objects.filter(stream=stream).aggregate(first=Min("timestamp"), last=Max("timestamp"))
    LogStream.objects.filter(id=stream.id).update(first_event_ms=span["first"], last_event_ms=span["last"])
