"""Which workers are alive: each says so every two seconds. For clear errors, never for decisions about events."""

from core import clock, redis

_KEY = "workers"
LIVES_S = 10.0


def announce(worker_id: str) -> None:
    """This worker is alive. Raises ``redis.Unavailable``."""
    redis.connection().zadd(_KEY, {worker_id: clock.now().timestamp() + LIVES_S})


def leave(worker_id: str) -> None:
    """This worker goes."""
    try:
        redis.connection().zrem(_KEY, worker_id)
    except redis.Unavailable:
        return  # it is forgotten in a moment


def anybody() -> bool:
    """Whether some worker is alive; true as well when nobody can tell."""
    now = clock.now().timestamp()
    try:
        return bool(redis.connection().zcount(_KEY, now, "+inf"))
    except redis.Unavailable:
        return True
