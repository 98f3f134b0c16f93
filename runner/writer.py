"""Group commit: what is known after an answer goes to the database a few milliseconds later, many at a time.

One thread writes for the whole worker. The queue is bounded: when the database is slow, invocations wait here
rather than anything being lost. An asynchronous event's end also passes here: until it is committed, its lease
holds and nobody was told.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction

from core import database, failpoints
from logs.services import FunctionLogBatch, write_function_events
from runner import records
from runner.models import Invocation
from runner.policies import Book
from runner.records import Row

log = logging.getLogger(__name__)

_GATHER_S, _GATHER_ENDS_S = 0.025, 0.003  # records of calls that were answered; ends of events, which others wait for
_MANY, _GATHER_MANY_S = 10, 0.1  # so many at a time: then more of them share what a transaction costs
_BATCH, _BATCH_ENDS = 200, 50  # others wait for the database meanwhile
_QUEUE = 5_000
_PAUSE_S = 0.5
_TRIES = 60  # half a minute of a database that does not answer


class Entry(NamedTuple):
    """One invocation's rows: a finished one to insert, or ``finish`` to call inside the transaction; and its log.

    ``row`` makes the members of an ``Invocation`` by name, those with defaults only where they differ; asked when it
    is written. ``look_up`` has the book read what ``finish`` will ask for. ``done`` is called when all of it is
    committed, or given up.
    """

    row: Callable[[], Row] | None = None
    finish: Callable[[Book], object] | None = None
    look_up: Callable[[Book], object] | None = None
    logs: FunctionLogBatch | None = None
    done: Callable[[], object] | None = None


class Writer:
    """``put`` entries; ``close`` when no more come."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._hurry = threading.Event()  # somebody waits for what is in the queue, or it is long
        self._is_over = False
        self._wrote_many = False
        self._thread = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Have it written soon; waits while too much is waiting already."""
        with self._changed:
            while len(self._waiting) >= _QUEUE:
                self._changed.wait()
            self._waiting.append(entry)
            if len(self._waiting) == 1:
                self._changed.notify_all()
        if entry.finish is not None or len(self._waiting) >= _BATCH:
            self._hurry.set()

    def close(self, timeout_s: float = 60.0) -> None:
        """Write what is left, then stop."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._hurry.set()
        self._thread.join(timeout_s)

    def _write_all(self) -> None:
        while batch := self._gather():
            self._write_patiently(batch)
            for entry in batch:
                if entry.done is not None:
                    entry.done()
        connection.close()

    def _gather(self) -> list[Entry]:
        """The next entries: the first one, and whatever comes soon after it; none at the end.

        The thread sleeps meanwhile, so that it is woken once for many of them.
        """
        with self._changed:
            while not self._waiting and not self._is_over:
                self._changed.wait()
        pause = _GATHER_MANY_S if self._wrote_many else _GATHER_S
        if not self._is_over and self._hurry.wait(pause):
            time.sleep(_GATHER_ENDS_S)
        self._hurry.clear()
        batch: list[Entry] = []
        with self._changed:
            limit = _BATCH
            while self._waiting and len(batch) < limit:
                batch.append(self._waiting.popleft())
                if batch[-1].finish is not None:
                    limit = _BATCH_ENDS
            self._wrote_many = len(batch) >= _MANY
            if self._waiting:
                self._hurry.set()
            self._changed.notify_all()
        return batch

    def _write_patiently(self, batch: list[Entry]) -> None:
        for number in range(_TRIES):
            try:
                with database.borrowed():
                    write(batch, in_doubt=number > 0)
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


def write(batch: Sequence[Entry], *, in_doubt: bool = False) -> None:
    """Write entries in one transaction. ``in_doubt``: it was tried before, and may have been committed all the same."""
    failpoints.reach("answer-commit")
    book = Book()
    for entry in batch:
        if entry.look_up is not None:
            entry.look_up(book)
    with database.turn(), transaction.atomic():
        rows = [(entry, entry.row()) for entry in batch if entry.row is not None]
        there = _there(row["id"] for _entry, row in rows) if in_doubt else set()
        records.insert([row for _entry, row in rows if row["id"] not in there])
        written = {id(entry) for entry, row in rows if row["id"] in there}
        # What has ended already did so by this very entry, or was lost to somebody else.
        over = [entry for entry in batch if entry.finish is not None and not entry.finish(book)]
        lost = book.ends.write()
        over += [entry for entry in batch if entry.logs is not None and entry.logs.request_id in lost]
        if in_doubt:
            written |= {id(entry) for entry in over}
        book.notes.write()
        write_function_events([entry.logs for entry in batch if entry.logs is not None and id(entry) not in written])


def _there(ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these invocations have their row."""
    return set(Invocation.objects.filter(pk__in=list(ids)).values_list("pk", flat=True))


def _write_alone(entry: Entry) -> None:
    for part in (Entry(row=entry.row, finish=entry.finish, look_up=entry.look_up), Entry(logs=entry.logs)):
        try:
            with database.borrowed():
                write([part])
        except Exception:  # whatever it is: the thread must live on, for all the others
            log.exception("A record could not be written")
