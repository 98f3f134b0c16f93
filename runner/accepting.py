"""Accepting events: those who come together are committed together, and each waits for that commit.

One thread of the process takes all rows that wait, inserts them in one transaction, and tells everybody. So under load
the disk is asked once for many events; a single one waits for nobody.
"""

import asyncio
import logging
import os
import threading
from collections import defaultdict
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from core import database, failpoints
from runner import bell, records
from runner.backlog import Backlog
from runner.errors import BacklogFull
from runner.records import Row

log = logging.getLogger(__name__)

_BATCH = 256
_IDLE_S = 5.0  # afterwards the thread gives its connection back

type Waiting = Future[None] | asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class _Asked:
    row: Row
    future: Waiting


def accept(row: Row) -> None:
    """Insert an event's row; committed when this returns, or with the caller's transaction. Raises ``DatabaseError``."""
    if connection.in_atomic_block:
        records.insert([row])
        transaction.on_commit(_tell_workers)
        return
    future: Future[None] = Future()
    _desk().ask(_Asked(row, future))
    future.result()


async def accepted(row: Row) -> None:
    """The same for the event loop, holding no thread."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _desk().ask(_Asked(row, future))
    await future


def _tell_workers() -> None:
    failpoints.reach("accept-bell")
    bell.ring()


class _Desk:
    """The thread; one for each process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: SimpleQueue[_Asked] = SimpleQueue()
        self._backlog = Backlog()
        threading.Thread(target=self._serve, name="accept", daemon=True).start()

    def ask(self, asked: _Asked) -> None:
        self._waiting.put(asked)

    def _serve(self) -> None:
        while True:
            if (first := self._first()) is None:
                continue
            batch = [first]
            try:
                with database.borrowed():
                    self._accept(batch)
            except Exception as error:  # the thread lives on, and whoever has not been told is told
                log.exception("Events could not be accepted")
                _tell([(asked, error) for asked in batch if not asked.future.done()])

    def _accept(self, batch: list[_Asked]) -> None:
        """Accept ``batch``, and whoever has come by the time that it is this thread's turn to write."""
        with database.turn():
            self._gather(batch)
            admitted = self._admit(batch)
            results = _commit(admitted)
        _tell([(asked, error) for asked, error in zip(admitted, results, strict=True)])

    def _admit(self, batch: list[_Asked]) -> list[_Asked]:
        """Those whose account's backlog is not full; the others are told so."""
        admitted: list[_Asked] = []
        refused: list[tuple[_Asked, Exception | None]] = []
        for asked in batch:
            try:
                self._backlog.take(str(asked.row["account_id"]))
            except (BacklogFull, DatabaseError, InterfaceError) as error:
                refused.append((asked, error))
            else:
                admitted.append(asked)
        _tell(refused)
        return admitted

    def _first(self) -> _Asked | None:
        try:
            return self._waiting.get(timeout=_IDLE_S)
        except Empty:
            connection.close()
            return None

    def _gather(self, batch: list[_Asked]) -> None:
        while len(batch) < _BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except Empty:
                return


def _commit(batch: list[_Asked]) -> list[Exception | None]:
    """Insert all; what went wrong with each. One that the database refuses does not take the others with it."""
    if not batch:
        return []
    try:
        with transaction.atomic():
            records.insert([asked.row for asked in batch])
    except (OperationalError, InterfaceError) as error:
        return [error] * len(batch)
    except DatabaseError as error:
        if len(batch) == 1:
            return [error]
        return [_commit([asked])[0] for asked in batch]
    except Exception as error:
        log.exception("Events could not be accepted")
        return [error] * len(batch)
    for _asked in batch:
        _tell_workers()
    return [None] * len(batch)


def _tell(results: list[tuple[_Asked, Exception | None]]) -> None:
    """Each event loop is woken once, whatever number of callers it has."""
    in_loops: defaultdict[asyncio.AbstractEventLoop, list[tuple[_Asked, Exception | None]]] = defaultdict(list)
    for asked, error in results:
        if isinstance(asked.future, asyncio.Future):
            in_loops[asked.future.get_loop()].append((asked, error))
        else:
            _set(asked.future, error)
    for loop, of_loop in in_loops.items():
        try:
            loop.call_soon_threadsafe(_set_all, of_loop)
        except RuntimeError:
            log.debug("An event loop ended before it was told.")


def _set_all(results: list[tuple[_Asked, Exception | None]]) -> None:
    for asked, error in results:
        if not asked.future.done():
            _set(asked.future, error)


def _set(future: Waiting, error: Exception | None) -> None:
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(None)


_current: _Desk | None = None
_making = threading.Lock()


def _desk() -> _Desk:
    """The one of this process; a forked child gets its own."""
    global _current
    if _current is None or _current.pid != os.getpid():
        with _making:
            if _current is None or _current.pid != os.getpid():
                _current = _Desk()
    return _current
