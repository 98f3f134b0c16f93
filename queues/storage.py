"""Messages in the database, in SQL by hand: every call of SQS passes here.

Everything runs inside a transaction of the caller. Two receivers never get the same message: on PostgreSQL a claim
locks the rows it takes and passes over those of others, on SQLite a writing transaction is alone.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from queues.models import Deduplication, Message, Queue, ReceiveAttempt

_TABLE = Message._meta.db_table
_QUEUES = Queue._meta.db_table
_DEDUPLICATION = Deduplication._meta.db_table
_ATTEMPTS = ReceiveAttempt._meta.db_table

_NEW = (
    "queue_id, message_id, body, attributes, trace, sender_id, size, sent_ms, arrived_ms, visible_ms, "
    "receive_count, first_received_ms, token, group_id, deduplication_id, sequence, dead_letter_source"
)
_INSERT = f"INSERT INTO {_TABLE} ({_NEW}) VALUES ({', '.join(['%s'] * 17)})"
_READ = (
    "id, message_id, body, attributes, trace, sender_id, sent_ms, receive_count, first_received_ms, group_id, "
    "deduplication_id, sequence, dead_letter_source"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A message to be stored."""

    queue_id: int
    message_id: str
    body: str
    attributes: str
    trace: str
    sender_id: str
    size: int
    sent_ms: int
    visible_ms: int
    group_id: str = ""
    deduplication_id: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A message as it is stored, after the claim that took it."""

    pk: int
    message_id: str
    body: str
    attributes: str
    trace: str
    sender_id: str
    sent_ms: int
    receive_count: int
    first_received_ms: int
    group_id: str
    deduplication_id: str
    sequence: int
    dead_letter_source: str


def _skip_locked() -> str:
    return "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""


def _places(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


# -- sending ---------------------------------------------------------------------------------------


def insert(rows: Iterable[Row]) -> None:
    """Store messages that nobody has received yet."""
    values = [
        (
            row.queue_id,
            row.message_id,
            row.body,
            row.attributes,
            row.trace,
            row.sender_id,
            row.size,
            row.sent_ms,
            row.sent_ms,
            row.visible_ms,
            0,
            None,
            "",
            row.group_id,
            row.deduplication_id,
            row.sequence,
            "",
        )
        for row in rows
    ]
    with connection.cursor() as cursor:
        if len(values) == 1:
            cursor.execute(_INSERT, values[0])
        else:
            cursor.executemany(_INSERT, values)


def next_sequences(queue_id: int, count: int) -> int | None:
    """Lock the queue and take ``count`` numbers; the first of them, or None when the queue is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_QUEUES} SET sequence = sequence + %s WHERE id = %s RETURNING sequence", [count, queue_id]
        )
        row = cursor.fetchone()
    return None if row is None else row[0] - count + 1


def lock(queue_id: int) -> None:
    """Be alone with a FIFO queue until the transaction ends; on SQLite every writer is."""
    if connection.features.has_select_for_update:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {_QUEUES} WHERE id = %s FOR UPDATE", [queue_id])


def duplicate(queue_id: int, group_id: str | None, deduplication_id: str, since_ms: int) -> tuple[str, int] | None:
    """The id and number of a message like it that was accepted after ``since_ms``; None for ``group_id`` means any."""
    of_group = "" if group_id is None else " AND group_id = %s"
    parameters: list[int | str] = [queue_id, deduplication_id, since_ms, *([] if group_id is None else [group_id])]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT message_id, sequence FROM {_DEDUPLICATION} WHERE queue_id = %s AND deduplication_id = %s "
            f"AND at_ms > %s{of_group} ORDER BY at_ms LIMIT 1",
            parameters,
        )
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def remember(row: Row) -> None:
    """That this message was accepted."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_DEDUPLICATION} (queue_id, group_id, deduplication_id, message_id, sequence, at_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (queue_id, deduplication_id, group_id) DO UPDATE "
            "SET message_id = excluded.message_id, sequence = excluded.sequence, at_ms = excluded.at_ms",
            [row.queue_id, row.group_id, row.deduplication_id, row.message_id, row.sequence, row.sent_ms],
        )


# -- receiving -------------------------------------------------------------------------------------


def claim(queue_id: int, *, limit: int, now_ms: int, alive_ms: int, visible_ms: int, token: str) -> list[Found]:
    """Take up to ``limit`` messages of a standard queue that were sent after ``alive_ms``, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET visible_ms = %s, token = %s, receive_count = receive_count + 1, "
            f"first_received_ms = COALESCE(first_received_ms, %s) WHERE id IN (SELECT id FROM {_TABLE} "
            "WHERE queue_id = %s AND visible_ms <= %s AND sent_ms > %s ORDER BY visible_ms LIMIT %s "
            f"{_skip_locked()}) RETURNING {_READ}",
            [visible_ms, token, now_ms, queue_id, now_ms, alive_ms, limit],
        )
        return sorted((Found(*row) for row in cursor.fetchall()), key=lambda found: found.pk)


def claim_in_order(
    queue_id: int, *, limit: int, now_ms: int, alive_ms: int, visible_ms: int, token: str
) -> list[Found]:
    """The same of a FIFO queue, which is locked: of each group only what stands before everything in flight.

    As many as possible of the group whose turn it is, then of the next. Source: SQS developer guide, "FIFO queue
    delivery logic".
    """
    chosen: list[int] = []
    groups: list[str] = []
    while len(chosen) < limit:
        group = _next_group(queue_id, groups, now_ms, alive_ms)
        if group is None:
            break
        groups.append(group)
        chosen += _head_of_group(queue_id, group, limit - len(chosen), now_ms, alive_ms)
    return _take(chosen, now_ms=now_ms, visible_ms=visible_ms, token=token)


def _next_group(queue_id: int, groups: list[str], now_ms: int, alive_ms: int) -> str | None:
    others = f"AND m.group_id NOT IN ({_places(groups)})" if groups else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.group_id FROM {_TABLE} m WHERE m.queue_id = %s AND m.sequence > 0 AND m.visible_ms <= %s "
            f"AND m.sent_ms > %s {others} AND NOT EXISTS (SELECT 1 FROM {_TABLE} b WHERE b.queue_id = m.queue_id "
            "AND b.group_id = m.group_id AND b.sequence > 0 AND b.sequence < m.sequence AND b.visible_ms > %s) "
            "ORDER BY m.sequence LIMIT 1",
            [queue_id, now_ms, alive_ms, *groups, now_ms],
        )
        row = cursor.fetchone()
    return None if row is None else row[0]


def _head_of_group(queue_id: int, group: str, limit: int, now_ms: int, alive_ms: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, visible_ms FROM {_TABLE} WHERE queue_id = %s AND group_id = %s AND sequence > 0 "
            "AND sent_ms > %s ORDER BY sequence LIMIT %s",
            [queue_id, group, alive_ms, limit],
        )
        rows = cursor.fetchall()
    head: list[int] = []
    for pk, visible_ms in rows:
        if visible_ms > now_ms:
            break
        head.append(pk)
    return head


def _take(chosen: list[int], *, now_ms: int, visible_ms: int, token: str) -> list[Found]:
    if not chosen:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET visible_ms = %s, token = %s, receive_count = receive_count + 1, "
            f"first_received_ms = COALESCE(first_received_ms, %s) WHERE id IN ({_places(chosen)}) RETURNING {_READ}",
            [visible_ms, token, now_ms, *chosen],
        )
        found = {row[0]: Found(*row) for row in cursor.fetchall()}
    return [found[pk] for pk in chosen if pk in found]


def next_visible_ms(queue_id: int, now_ms: int) -> int | None:
    """When the next message becomes visible that is not yet; None without one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min(visible_ms) FROM {_TABLE} WHERE queue_id = %s AND visible_ms > %s", [queue_id, now_ms]
        )
        found: int | None = cursor.fetchone()[0]
    return found


def ready(queue_ids: Sequence[int], now_ms: int) -> list[int]:
    """Which of these queues have a visible message."""
    if not queue_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT q.id FROM {_QUEUES} q WHERE q.id IN ({_places(queue_ids)}) AND EXISTS "
            f"(SELECT 1 FROM {_TABLE} m WHERE m.queue_id = q.id AND m.visible_ms <= %s)",
            [*queue_ids, now_ms],
        )
        return [row[0] for row in cursor.fetchall()]


def count_in_flight(queue_id: int, now_ms: int, *, at_most: int) -> int:
    """How many messages are received and not deleted; no more than ``at_most`` are counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {_TABLE} WHERE queue_id = %s AND visible_ms > %s "
            "AND receive_count > 0 LIMIT %s) AS in_flight",
            [queue_id, now_ms, at_most],
        )
        count: int = cursor.fetchone()[0]
    return count


# -- ending ----------------------------------------------------------------------------------------


def delete(queue_id: int, pk: int, token: str) -> bool:
    """Delete a message if this receive is its latest; whether it was."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_TABLE} WHERE id = %s AND queue_id = %s AND token = %s", [pk, queue_id, token])
        return bool(cursor.rowcount > 0)


def held(queue_id: int, pk: int) -> tuple[str, int] | None:
    """The token of a message's latest receive and until when it holds; None when the message is gone."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT token, visible_ms FROM {_TABLE} WHERE id = %s AND queue_id = %s", [pk, queue_id])
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def set_visible(queue_id: int, pk: int, token: str, visible_ms: int) -> bool:
    """Change until when the receive holds its message; whether there is one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET visible_ms = %s WHERE id = %s AND queue_id = %s AND token = %s",
            [visible_ms, pk, queue_id, token],
        )
        return bool(cursor.rowcount > 0)


def give_back(queue_id: int, pks: Sequence[int], token: str, now_ms: int) -> None:
    """Undo a claim that nobody got."""
    if not pks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET visible_ms = %s, token = '', receive_count = receive_count - 1 "
            f"WHERE id IN ({_places(pks)}) AND queue_id = %s AND token = %s",
            [now_ms, *pks, queue_id, token],
        )


# -- moving ----------------------------------------------------------------------------------------


def move_to_dead_letters(pk: int, *, queue_id: int, source_arn: str, now_ms: int, sequence: int, is_fifo: bool) -> None:
    """Make a claimed message the dead letter of another queue, as it was before the claim.

    Of standard queues the retention goes on counting from the first sending, of FIFO queues from now.
    """
    columns = _NEW.split(", ")
    changed: dict[str, int | str] = {
        "queue_id": queue_id,
        "arrived_ms": now_ms,
        "visible_ms": now_ms,
        "sequence": sequence,
        "dead_letter_source": source_arn,
        **({"sent_ms": now_ms} if is_fifo else {}),
    }
    expressions = {"receive_count": "receive_count - 1", "token": "''"}
    chosen = ["%s" if column in changed else expressions.get(column, column) for column in columns]
    parameters = [changed[column] for column in columns if column in changed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} ({_NEW}) SELECT {', '.join(chosen)} FROM {_TABLE} WHERE id = %s", [*parameters, pk]
        )
        cursor.execute(f"DELETE FROM {_TABLE} WHERE id = %s", [pk])


# -- receives that may be repeated -----------------------------------------------------------------


def attempt(queue_id: int, attempt_id: str, since_ms: int) -> tuple[str, list[int]] | None:
    """The token and messages of a receive that was asked for under this id after ``since_ms``."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT token, messages FROM {_ATTEMPTS} WHERE queue_id = %s AND attempt_id = %s AND at_ms > %s",
            [queue_id, attempt_id, since_ms],
        )
        row = cursor.fetchone()
    return None if row is None else (row[0], json.loads(row[1]) if isinstance(row[1], str) else row[1])


def remember_attempt(queue_id: int, attempt_id: str, token: str, pks: Sequence[int], now_ms: int) -> None:
    """What a receive under this id got."""
    ReceiveAttempt.objects.update_or_create(
        queue_id=queue_id, attempt_id=attempt_id, defaults={"token": token, "messages": list(pks), "at_ms": now_ms}
    )


def hold_again(queue_id: int, pks: Sequence[int], token: str, now_ms: int, visible_ms: int) -> list[Found]:
    """Hold the messages of an earlier receive anew, if it still holds all of them."""
    values: list[Any] = [*pks, queue_id, token, now_ms]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {_TABLE} WHERE id IN ({_places(pks)}) AND queue_id = %s AND token = %s "
            "AND visible_ms > %s",
            values,
        )
        if cursor.fetchone()[0] != len(pks):
            return []
        cursor.execute(
            f"UPDATE {_TABLE} SET visible_ms = %s WHERE id IN ({_places(pks)}) RETURNING {_READ}", [visible_ms, *pks]
        )
        found = {row[0]: Found(*row) for row in cursor.fetchall()}
    return [found[pk] for pk in pks]
