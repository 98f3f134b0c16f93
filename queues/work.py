"""Group commit for messages: what many callers ask for at once is one transaction.

A ``Job`` changes messages inside a transaction that is open around it. Called within a transaction of the caller's own,
``perform`` runs it there; otherwise one thread of the process takes all jobs that wait, runs them in one transaction,
and tells everybody after its commit. So under load the disk is asked once for many messages, and on SQLite no two
threads of a process wait for each other's lock.

A job raises its ``ServiceError`` before it changes anything: the others' work goes on.
"""

import asyncio
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from core import database
from core.errors import ServiceError
from queues.effects import Effects
from queues.errors import QueueDoesNotExist

log = logging.getLogger(__name__)

type Job[T] = Callable[[Effects], T]


class InDoubt(Exception):
    """The database went away while it committed: what was asked for is done, or not, and nobody can tell."""


_BATCH = 128


@dataclass(slots=True)
class _Asked:
    """A job and whom to tell."""

    job: Job[Any]
    tell: Callable[["_Asked"], None]
    future: Any
    result: Any = None
    error: BaseException | None = None


def perform[T](job: Job[T]) -> T:
    """Run a job and return what it returns once that is committed; with the caller's transaction if there is one."""
    if connection.in_atomic_block:
        effects = Effects()
        result = job(effects)
        transaction.on_commit(effects.apply)
        return result
    future: Future[T] = Future()
    _desk().ask(_Asked(job, _tell_thread, future))
    return future.result()


async def performed[T](job: Job[T]) -> T:
    """The same for the event loop, holding no thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    _desk().ask(_Asked(job, _tell_loop, future))
    return await future


def run(jobs: list[Job[Any]]) -> list[Any]:
    """Run jobs in one transaction; a result for each, or the ``ServiceError`` it raised. Raises ``InDoubt``."""
    effects = Effects()
    results: list[Any] = []
    try:
        with database.turn(), transaction.atomic():
            for job in jobs:
                try:
                    results.append(job(effects))
                except ServiceError as error:
                    results.append(error)
    except (OperationalError, InterfaceError) as error:
        if len(results) == len(jobs):
            raise InDoubt from error
        raise
    effects.apply()
    return results


# -- telling ---------------------------------------------------------------------------------------


def _tell_thread(asked: _Asked) -> None:
    if asked.error is not None:
        asked.future.set_exception(asked.error)
    else:
        asked.future.set_result(asked.result)


def _tell_loop(asked: _Asked) -> None:
    if asked.future.cancelled():
        return
    _tell_thread(asked)


def _tell(batch: list[_Asked]) -> None:
    """Each event loop is woken once, whatever number of callers it has."""
    in_loops: defaultdict[asyncio.AbstractEventLoop, list[_Asked]] = defaultdict(list)
    for asked in batch:
        if asked.tell is _tell_loop:
            in_loops[asked.future.get_loop()].append(asked)
        else:
            asked.tell(asked)
    for loop, of_loop in in_loops.items():
        try:
            loop.call_soon_threadsafe(_tell_all, of_loop)
        except RuntimeError:
            log.debug("An event loop ended before it was told.")


def _tell_all(batch: list[_Asked]) -> None:
    for asked in batch:
        asked.tell(asked)


# -- the thread ------------------------------------------------------------------------------------


class _Desk:
    """One thread with a connection of its own, which takes whatever waits."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[_Asked] = SimpleQueue()
        self.pid = os.getpid()
        threading.Thread(target=self._serve, name="queues", daemon=True).start()

    def ask(self, asked: _Asked) -> None:
        self._waiting.put(asked)

    def _serve(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < _BATCH:
                try:
                    batch.append(self._waiting.get_nowait())
                except Empty:
                    break
            self._work(batch)
            _tell(batch)

    def _work(self, batch: list[_Asked]) -> None:
        try:
            with database.borrowed():
                results = run([one.job for one in batch])
            for asked, result in zip(batch, results, strict=True):
                if isinstance(result, ServiceError):
                    asked.error = result
                else:
                    asked.result = result
        except InDoubt as error:  # a second time might send every message twice: those who asked decide
            for asked in batch:
                asked.error = error.__cause__
        except Exception as error:
            if len(batch) == 1:
                # All that the database itself can refuse is a message in a queue that was deleted meanwhile.
                batch[0].error = QueueDoesNotExist() if isinstance(error, IntegrityError) else error
                return
            if not isinstance(error, (DatabaseError, InterfaceError)):
                log.exception("A job failed; the others are done one by one")
            for asked in batch:  # whose fault it was shows when each is alone
                self._work([asked])


_one: _Desk | None = None
_making = threading.Lock()


def _desk() -> _Desk:
    global _one
    if _one is None or _one.pid != os.getpid():
        with _making:
            if _one is None or _one.pid != os.getpid():
                _one = _Desk()
    return _one
