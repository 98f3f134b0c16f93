"""Connections to Redis, the messenger. Nothing in it is the truth: losing it costs a moment, never an event.

Keys, by owner:
``lane``, ``lane:nested`` (runner.rendezvous) synchronous invocations for any worker · ``answers:<process>`` their
answers · ``bell`` (runner.bell) events are due · ``stream:<request id>`` (runner.watching) log lines for whoever looks
on · ``test:<request id>`` (console.running) whose test it is · ``lease:*`` (runner.leases) running invocations ·
``workers``, ``worker:<id>`` (runner.presence) workers that are alive · channel ``queues`` (queues.waiting) messages are
there
"""

import functools
import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from core import resp

Unavailable = redis.RedisError  # whatever goes wrong with the messenger
Refused = redis.ResponseError  # one of them: it answers, and takes the command for wrong
_TIMEOUT_S, _WAITER_TIMEOUT_S = 5, 30
_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 25, "driver_info": None}
# A connection that Redis dropped while it lay idle is made again, once; nothing waits for a Redis that is gone.
_RETRY_DROPPED = {"retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))}


@functools.cache
def connection() -> "redis.Redis":
    """A thread-safe client for short commands: errors after five seconds rather than hanging."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=_TIMEOUT_S, **_RETRY_DROPPED, **_OPTIONS)


class _OfThread(threading.local):
    """The light connection of each thread."""

    connection: resp.Connection | None = None
    url = ""


_of_thread = _OfThread()


def run_script(source: str, *, keys: Sequence[str], args: Sequence[resp.Argument]) -> Any:
    """Run a Lua script: one round trip, atomic; loaded again by itself when Redis has lost it.

    A connection that broke meanwhile is made again and the script run once more: write scripts that may run twice.
    Raises ``Unavailable``.
    """
    try:
        try:
            return _command("EVALSHA", script_digest(source), len(keys), *keys, *args)
        except resp.ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return _command("EVAL", source, len(keys), *keys, *args)
    except resp.ReplyError as error:
        raise redis.ResponseError(str(error)) from None


@functools.cache
def script_digest(source: str) -> str:
    """The name by which Redis knows a script."""
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def _command(*arguments: resp.Argument) -> Any:
    """A command on this thread's light connection, with a new one when the old one broke while it lay idle."""
    url = settings.REDIS_URL
    if _of_thread.connection is not None and _of_thread.url == url:
        try:
            return _of_thread.connection.command(*arguments)
        except TimeoutError as error:
            _drop()
            raise redis.TimeoutError(str(error)) from error
        except (OSError, EOFError):
            _drop()
    try:
        _of_thread.connection, _of_thread.url = resp.Connection(url, timeout_s=_TIMEOUT_S), url
        return _of_thread.connection.command(*arguments)
    except (OSError, EOFError) as error:
        _drop()
        raise redis.ConnectionError(str(error)) from error


def _drop() -> None:
    if _of_thread.connection is not None:
        _of_thread.connection.close()
        _of_thread.connection = None


class Waiter:
    """A connection of one's own that waits for lists to have something; another thread may end the wait."""

    def __init__(self) -> None:
        self._connection: resp.Connection | None = None
        self._client_id: int | None = None
        self._over = False

    def pop(self, keys: Sequence[str], timeout_s: float) -> tuple[str, bytes] | None:
        """The first item of the first list that has one, and that list's name; None after ``timeout_s``.

        Raises ``Unavailable``; the next call connects again.
        """
        try:
            if self._connection is None:
                self._connection = resp.Connection(settings.REDIS_URL, timeout_s=_WAITER_TIMEOUT_S)
                self._client_id = self._connection.command("CLIENT", "ID")
            popped = None if self._over else self._connection.command("BLPOP", *keys, timeout_s)
        except (OSError, EOFError, resp.ReplyError) as error:
            self.close()
            raise redis.ConnectionError(str(error)) from error
        return None if popped is None else (popped[0].decode(), popped[1])

    def interrupt(self) -> None:
        """End the wait, now and for good."""
        self._over = True
        try:
            if self._client_id is not None:
                connection().client_unblock(self._client_id)
        except Unavailable:
            return  # then nobody waits

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
