"""Connections to Redis, the messenger. Nothing in it is the truth: losing it costs a moment, never an event.

Keys, by owner:
``lane``, ``lane:nested`` (runner.rendezvous) synchronous invocations for any worker · ``answers:<process>`` their
answers · ``bell`` (runner.bell) events are due · ``stream:<request id>`` (runner.watching) log lines for whoever looks
on · ``lease:*`` (runner.leases) running invocations · ``worker:<id>`` (runner.presence) workers that are alive
"""

import functools
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

Unavailable = redis.RedisError  # whatever goes wrong with the messenger
_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 25}
# A connection that Redis dropped while it lay idle is made again, once; nothing waits for a Redis that is gone.
_RETRY_DROPPED = {"retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))}


@functools.cache
def connection() -> "redis.Redis":
    """A thread-safe client for short commands: errors after five seconds rather than hanging."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, **_RETRY_DROPPED, **_OPTIONS)


@functools.cache
def _script(source: str) -> Any:
    return connection().register_script(source)


def run_script(source: str, *, keys: list[str], args: list[Any]) -> Any:
    """Run a Lua script: one round trip, atomic. It is loaded again by itself when Redis has lost it."""
    return _script(source)(keys=keys, args=args)


class Waiter:
    """A connection of one's own that waits for lists to have something; another thread may end the wait."""

    def __init__(self) -> None:
        self._connection: redis.Redis | None = None
        self._client_id: int | None = None
        self._over = False

    def pop(self, keys: list[str], timeout_s: float) -> tuple[str, bytes] | None:
        """The first item of the first list that has one, and that list's name; None after ``timeout_s``.

        Raises ``Unavailable``; the next call connects again.
        """
        try:
            if self._connection is None or self._client_id is None:
                self._connection = self._connect()
                self._client_id = self._connection.client_id()
            popped = None if self._over else self._connection.blpop(keys, timeout=timeout_s)
        except Unavailable:
            self._client_id = None
            raise
        return None if popped is None else (popped[0].decode(), popped[1])

    def _connect(self) -> "redis.Redis":
        self.close()
        retry = Retry(NoBackoff(), 0)
        return redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=30, single_connection_client=True, retry=retry, **_OPTIONS
        )

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


def async_connection() -> "redis.asyncio.Redis":
    """A client for the running event loop; the caller closes it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, **_OPTIONS)
