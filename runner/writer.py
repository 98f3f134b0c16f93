"""Group commit: what is known after an answer goes to the database a few milliseconds later, many at a time.

One thread writes for the whole worker. The queue is bounded: when the database is slow, invocations wait here
rather than anything being lost. An asynchronous event's end also passes here: until it is committed, its lease
holds and nobody was told.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from core import database, failpoints
from logs.services import FunctionLogBatch, write_function_events
from runner.models import Invocation
from runner.policies import Book

log = logging.getLogger(__name__)

_GATHER_S, _GATHER_ENDS_S = 0.025, 0.003  # records of calls that were answered; ends of events, which others wait for
_BATCH, _BATCH_ENDS = 200, 50  # others wait for the database meanwhile
_QUEUE = 5_000
_PAUSE_S = 0.5
_TRIES = 60  # half a minute of a database that does not answer


@dataclass(frozen=True, slots=True)
class Entry:
    """One invocation's rows: a finished one to insert, or ``finish`` to call inside the transaction; and its log.

    ``done`` is called when all of it is committed, or given up.
    """

    row: Invocation | None = None
    finish: Callable[[Book], object] | None = None
    logs: FunctionLogBatch | None = None
    done: Callable[[], object] | None = None


class Writer:
    """``put`` entries; ``close`` when no more come."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Entry | None] = queue.Queue(maxsize=_QUEUE)
        self._thread = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Have it written soon; waits while too much is waiting already."""
        self._queue.put(entry)

    def close(self, timeout_s: float = 60.0) -> None:
        """Write what is left, then stop."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _write_all(self) -> None:
        over = False
        while not over:
            batch, over = self._gather()
            if batch:
                self._write_patiently(batch)
                for entry in batch:
                    if entry.done is not None:
                        entry.done()
        connection.close()

    def _gather(self) -> tuple[list[Entry], bool]:
        """The next entries: the first one, and whatever comes soon after it."""
        first = self._queue.get()
        if first is None:
            return [], True
        batch = [first]
        until = time.monotonic() + _GATHER_S
        limit = _BATCH
        while len(batch) < limit:
            if batch[-1].finish is not None:
                until, limit = min(until, time.monotonic() + _GATHER_ENDS_S), _BATCH_ENDS
            left = until - time.monotonic()
            try:
                entry = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                return batch, True
            batch.append(entry)
        return batch, False

    def _write_patiently(self, batch: list[Entry]) -> None:
        for _try in range(_TRIES):
            try:
                with database.borrowed():
                    write(batch)
                return
            except (OperationalError, InterfaceError) as error:  # locked, full, gone: it may come back
                log.warning("The database does not take records: %s", error)
                time.sleep(_PAUSE_S)
            except Exception as error:
                log.warning("A batch of records was refused, writing them one by one: %r", error)
                for entry in batch:
                    _write_alone(entry)
                return
        log.error("%d records are lost: the database did not take them", len(batch))


def write(batch: Sequence[Entry]) -> None:
    """Write entries in one transaction."""
    failpoints.reach("answer-commit")
    with transaction.atomic():
        _insert([entry.row for entry in batch if entry.row is not None])
        book = Book()
        for entry in batch:
            if entry.finish is not None:
                entry.finish(book)
        book.notes.write()
        write_function_events([entry.logs for entry in batch if entry.logs is not None])


def _insert(rows: Sequence[Invocation]) -> None:
    """Insert finished invocations; a third of what ``bulk_create`` takes."""
    if not rows:
        return
    fields = Invocation._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO runner_invocation ({columns}) VALUES ({places})", values)


def _write_alone(entry: Entry) -> None:
    for part in (Entry(row=entry.row, finish=entry.finish), Entry(logs=entry.logs)):
        try:
            with database.borrowed():
                write([part])
        except (DatabaseError, ValueError, TypeError, KeyError):
            log.exception("A record could not be written")
