"""Callers that have gone while their calls still waited in line: nobody needs to run those any more."""

from core import clock, redis
from core.link import Link
from runner.messages import Call

_KEPT_S = 3600
_SOON_MS = 3000  # whoever is served so soon is not asked about


class Abandoned(Exception):
    """The caller of a synchronous invocation has gone before it began."""


def say(link: Link, request_id: str) -> None:
    """The caller of this call has gone. What has begun runs on, as on AWS."""
    link.command(lambda _reply: None, "SET", _key(request_id), "1", "EX", _KEPT_S)


def has_left(call: Call) -> bool:
    """Whether the caller of ``call`` has gone; False as well when nobody can tell."""
    if clock.epoch_ms() - call.asked_ms < _SOON_MS:
        return False
    try:
        return bool(redis.connection().exists(_key(call.request_id)))
    except redis.Unavailable:
        return False


def _key(request_id: str) -> str:
    return f"left:{request_id}"
