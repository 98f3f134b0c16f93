"""Which workers are alive, and what dead ones were doing for callers that still wait.

Each worker says every two seconds that it lives, and lists the calls it has been serving for more than a moment.
When one falls silent, another answers its callers. For clear errors only, never for decisions about events.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core import clock, redis

_KEY = "workers"
LIVES_S = 10.0
_LIST_LIVES_S = 3600


class Waiting(NamedTuple):
    """A call being served: whom to tell when its worker dies, and which lease to give back."""

    request_id: str
    answer_to: str
    lease_key: str


def announce(worker_id: str, calls: Iterable[Waiting]) -> None:
    """This worker is alive and serves these calls. Raises ``redis.Unavailable``."""
    listed = json.dumps([call._asdict() for call in calls])
    pipeline = redis.connection().pipeline(transaction=False)
    pipeline.zadd(_KEY, {worker_id: clock.now().timestamp() + LIVES_S})
    pipeline.set(f"worker:{worker_id}", listed, ex=_LIST_LIVES_S)
    pipeline.execute()


def leave(worker_id: str) -> None:
    """This worker goes, and nobody waits for it."""
    try:
        redis.connection().zrem(_KEY, worker_id)
        redis.connection().delete(f"worker:{worker_id}")
    except redis.Unavailable:
        return  # it is forgotten in a moment


def anybody() -> bool:
    """Whether some worker is alive; true as well when nobody can tell."""
    now = clock.now().timestamp()
    try:
        return bool(redis.connection().zcount(_KEY, now, "+inf"))
    except redis.Unavailable:
        return True


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at everything: whether some worker lives, how many calls wait to be taken, and what is being served."""

    anybody: bool
    queued: int
    serving: frozenset[str]

    def knows(self, request_id: str) -> bool:
        """Whether this call may still be answered."""
        return self.queued > 0 or request_id in self.serving


def look(lanes: Sequence[str]) -> Seen:
    """What living workers say, and how long ``lanes`` are. Raises ``redis.Unavailable``."""
    connection = redis.connection()
    alive = [raw.decode() for raw in connection.zrangebyscore(_KEY, clock.now().timestamp(), "+inf")]
    pipeline = connection.pipeline(transaction=False)
    for lane in lanes:
        pipeline.llen(lane)
    for worker_id in alive:
        pipeline.get(f"worker:{worker_id}")
    said = pipeline.execute()
    lists = [json.loads(listed or "[]") for listed in said[len(lanes) :]]
    return Seen(
        bool(alive), sum(said[: len(lanes)]), frozenset(call["request_id"] for calls in lists for call in calls)
    )


def left_behind() -> list[Waiting]:
    """The calls of workers that fell silent, each told to one asker only. Raises ``redis.Unavailable``."""
    connection = redis.connection()
    found: list[Waiting] = []
    for raw in connection.zrangebyscore(_KEY, "-inf", clock.now().timestamp()):
        worker_id = raw.decode()
        if connection.zrem(_KEY, worker_id):
            listed = connection.getdel(f"worker:{worker_id}")
            found += [Waiting(**call) for call in json.loads(listed or "[]")]
    return found
