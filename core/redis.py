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

Unavailable = redis.RedisError  # whatever goes wrong with the messenger
_OPTIONS = {"socket_connect_timeout": 2, "health_check_interval": 25}


@functools.cache
def connection() -> "redis.Redis":
    """A thread-safe client for short commands: errors after five seconds rather than hanging."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, **_OPTIONS)


@functools.cache
def _script(source: str) -> Any:
    return connection().register_script(source)


def run_script(source: str, *, keys: list[str], args: list[Any]) -> Any:
    """Run a Lua script: one round trip, atomic. It is loaded again by itself when Redis has lost it."""
    return _script(source)(keys=keys, args=args)


def blocking_connection() -> "redis.Redis":
    """A client of one's own for commands that wait (BLPOP); the caller closes it."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30, **_OPTIONS)


def async_connection() -> "redis.asyncio.Redis":
    """A client for the running event loop; the caller closes it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, **_OPTIONS)
