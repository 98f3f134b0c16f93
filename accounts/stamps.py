"""An account's stamp, read for every call in an event loop: as it is now, and without a thread where that can be.

SQLite is read in the loop: ten microseconds, ten times as much where other threads want the interpreter back while it
reads, so once for all who ask in the same turn of the loop. PostgreSQL is asked by one thread, which answers all who
came meanwhile with one query: so each answer was read after it was asked for.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.db import DatabaseError, InterfaceError, connection, connections

from core import database

log = logging.getLogger(__name__)

_COLUMNS = "stamp, concurrency_limit, name"
_ONE = f"SELECT {_COLUMNS} FROM accounts_account WHERE id = ?"


class Stamp(NamedTuple):
    """What of an account is compared by whoever keeps something."""

    stamp: int
    concurrency_limit: int
    name: str


async def read(account_id: str) -> Stamp | None:
    """The stamp as it is now; None when there is no such account, or when it cannot be told now."""
    database = connections.databases["default"]
    loop = asyncio.get_running_loop()
    if database["ENGINE"].endswith("sqlite3"):
        if (turn := _turns.get(loop)) is None:
            turn = _turns[loop] = _Turn()
        return await turn.read(account_id, str(database["NAME"]))
    if (reader := _readers.get(loop)) is None:
        reader = _readers[loop] = _Reader()
    return await reader.read(account_id)


# -- SQLite ----------------------------------------------------------------------------------------


class _OfThread(threading.local):
    name = ""
    connection: sqlite3.Connection | None = None


_of_thread = _OfThread()


class _Turn:
    """All who ask in one turn of an event loop are answered by one look."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], list[asyncio.Future[Stamp | None]]] = {}

    def read(self, account_id: str, name: str) -> asyncio.Future[Stamp | None]:
        loop, key = asyncio.get_running_loop(), (account_id, name)
        future: asyncio.Future[Stamp | None] = loop.create_future()
        if (others := self._asked.get(key)) is None:
            self._asked[key] = [future]
            loop.call_soon(self._answer, key)
        else:
            others.append(future)
        return future

    def _answer(self, key: tuple[str, str]) -> None:
        stamp = _read_file(*key)
        for future in self._asked.pop(key):
            if not future.done():
                future.set_result(stamp)


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turn] = WeakKeyDictionary()


def _read_file(account_id: str, name: str) -> Stamp | None:
    """Read from this thread's own connection, which only ever reads."""
    try:
        connection = _of_thread.connection
        if connection is None or _of_thread.name != name:
            connection = _of_thread.connection = sqlite3.connect(name, timeout=0, isolation_level=None)
            _of_thread.name = name
        row = connection.execute(_ONE, (account_id,)).fetchone()
    except sqlite3.Error:
        _of_thread.connection = None
        return None
    return Stamp._make(row) if row else None


# -- a database elsewhere --------------------------------------------------------------------------


class _Reader:
    """For one event loop."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stamps")
        self._asked: dict[str, list[asyncio.Future[Stamp | None]]] = {}
        self._is_reading = False

    async def read(self, account_id: str) -> Stamp | None:
        future: asyncio.Future[Stamp | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(account_id, []).append(future)
        if not self._is_reading:
            self._is_reading = True
            asyncio.get_running_loop().create_task(self._read_all())
        return await future

    async def _read_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            asked, self._asked = self._asked, {}
            found: dict[str, Stamp] = {}
            try:
                found = await loop.run_in_executor(self._executor, _read_rows, list(asked))
            except Exception:  # whoever waits here waits for ever unless somebody answers
                log.exception("The stamps of accounts could not be read")
            for account_id, futures in asked.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found.get(account_id))
        self._is_reading = False


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reader] = WeakKeyDictionary()


def _read_rows(account_ids: Sequence[str]) -> dict[str, Stamp]:
    """The stamps of those that there are; none when the database does not answer."""
    places = ", ".join(["%s"] * len(account_ids))
    try:
        with database.borrowed(), connection.cursor() as cursor:
            cursor.execute(f"SELECT id, {_COLUMNS} FROM accounts_account WHERE id IN ({places})", account_ids)
            return {row[0]: Stamp._make(row[1:]) for row in cursor.fetchall()}
    except (DatabaseError, InterfaceError):
        return {}
