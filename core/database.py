"""Connections to the database: a thread has one while it works with it, not while it waits for something else.

With PostgreSQL each process has a pool of a few connections (``settings.DATABASES``), and every thread that lives on
borrows one of them; with SQLite a connection is an open file, which stays with its thread.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connection, models

THREADS = 8  # that work for an event loop; more would only wait for each other, and each keeps a cache of the database
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="work")


@contextmanager
def borrowed() -> Iterator[None]:
    """A connection that works, when one is first needed, and given back at the end; inside a transaction, nothing.

    For whatever runs on a thread that nobody else looks after: Django does the same around each request, and Celery
    around each task. Without it a thread would keep one that the server has closed, and fail for ever after.
    """
    _give_back()
    try:
        yield
    finally:
        _give_back()


def take_any_time() -> None:
    """Lift the time limit for this thread's statements, for as long as it keeps its connection: to change tables."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


def _give_back() -> None:
    if not connection.in_atomic_block:
        close_old_connections()


async def in_thread[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """``function`` on one of a few threads that live on, for what takes some milliseconds: nothing may wait there."""

    def run() -> R:
        with borrowed():
            return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_threads, copy_context().run, run)


# -- many rows -------------------------------------------------------------------------------------

_VALUES = 2_000  # of a statement


def in_statements[T](rows: Sequence[T], values_of_each: int) -> Iterator[tuple[T, ...]]:
    """The rows in parts that fit into a statement each."""
    return batched(rows, max(1, _VALUES // values_of_each))


def insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of values that are ready for the database, in their order, many with each statement.

    With ``executemany`` every row of SQLite is a step for which the thread lets go of the interpreter; where others
    work, it waits for a turn each time, and all who want to write wait with it.
    """
    if not rows:
        return
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    # SQLite's own mark: Django looks for each of its marks in a long text, and replaces it; only its log needs them.
    place = "?" if connection.vendor == "sqlite" and not connection.queries_logged else "%s"
    places = f"({', '.join([place] * len(columns))})"
    with connection.cursor() as cursor:
        for batch in in_statements(rows, len(columns)):
            cursor.execute(
                f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES {', '.join([places] * len(batch))}",
                [value for row in batch for value in row],
            )


def preparation(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What makes the database's value of a field's, where it is not the same: the ORM's own answer is slow to come."""
    if connection.vendor != "sqlite":  # whose driver takes them all as they are
        return None
    kept = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(kept, models.UUIDField):
        return _hex
    return _naive if isinstance(kept, models.DateTimeField) else None


def _hex(value: UUID) -> str:
    return value.hex


def _naive(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


# -- taking turns ----------------------------------------------------------------------------------


class _OfThread(threading.local):
    path = ""
    file: int | None = None


_of_thread = _OfThread()


@contextmanager
def turn() -> Iterator[None]:
    """Take one's turn at writing, among all threads and processes that do: around a short transaction.

    SQLite has one writer at a time, and who finds it busy sleeps, longer and longer: with several that write all the
    time, somebody sleeps a tenth of a second for a lock that is held for three milliseconds. Here the next one is woken
    when the one before is done. Elsewhere, and inside a transaction, there is nothing to wait for.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    file = _turn_file(f"{connection.settings_dict['NAME']}-turn")
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _turn_file(path: str) -> int:
    """This thread's own opening of the file: a lock belongs to an opening."""
    if _of_thread.file is None or _of_thread.path != path:
        _of_thread.file, _of_thread.path = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), path
    return _of_thread.file
