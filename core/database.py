"""Connections to the database: a thread has one while it works with it, not while it waits for something else.

With PostgreSQL each process has a pool of a few connections (``settings.DATABASES``), and every thread that lives on
borrows one of them; with SQLite a connection is an open file, which stays with its thread.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection


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


def _give_back() -> None:
    if not connection.in_atomic_block:
        close_old_connections()


async def in_thread[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """``function`` on the thread of a console's request, which keeps no connection for the time the request waits."""

    def run() -> R:
        with borrowed():
            return function(*args, **kwargs)

    return await sync_to_async(run)()
