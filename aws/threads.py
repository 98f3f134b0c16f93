"""The threads that may touch the database: a bounded pool, each thread with a connection of its own.

The event loop hands its blocking work to ``pool``; so does an ``async`` operation that has some.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aws import errors
from core import database

THREADS = 16
WAITING_CALLS = 1_000  # for a thread; beyond it a call is refused rather than kept waiting


class Threads:
    """A pool that starts with the first call, and again after it was shut down."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """``function`` in a thread; raises ``Overloaded`` when too many wait for one already."""
        if self._waiting >= WAITING_CALLS:
            raise errors.Overloaded()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="api")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, lambda: _with_connection(function, *args, **kwargs))
        finally:
            self._waiting -= 1

    def shut_down(self) -> None:
        """Let running calls end and forget those that wait."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


def _with_connection[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    with database.borrowed():
        return function(*args, **kwargs)


pool = Threads()
