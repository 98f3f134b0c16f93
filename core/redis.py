"""Connections to Redis, the messenger. Nothing in it is the truth: losing it costs a moment, never an event.

Keys, by owner:
``lane`` (runner.rendezvous) synchronous invocations for any worker · ``answers:<process>`` their answers ·
``stream:<request id>`` log lines for whoever watches · ``lease:*`` (runner.leases) running invocations ·
``lock:*`` (core.locks)
"""

import functools

import redis
import redis.asyncio
from django.conf import settings

_OPTIONS = {"socket_connect_timeout": 2, "health_check_interval": 25}


@functools.cache
def connection() -> "redis.Redis":
    """A thread-safe client for short commands: errors after five seconds rather than hanging."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, **_OPTIONS)


def blocking_connection() -> "redis.Redis":
    """A client of one's own for commands that wait (BLPOP); the caller closes it."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30, **_OPTIONS)


def async_connection() -> "redis.asyncio.Redis":
    """A client for the running event loop; the caller closes it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, **_OPTIONS)
