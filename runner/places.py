"""Places in line of calls that no worker has taken yet, for whoever looks on at them."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from core import redis
from core.limits import KIB
from runner import messages, rendezvous, watching
from runner.answers import InLine
from runner.messages import Call

EVERY_S = 0.5  # how often it is looked for; most calls have been taken by the first time
_LARGEST = 256 * KIB  # it is looked for by its bytes, so not that of a large event


def told(call: Call) -> AbstractContextManager[None]:
    """While an event loop waits for the answer to a watched call: tell how many are before it, until it is taken."""
    return _told(call) if call.watch and len(call.payload) <= _LARGEST else _UNTOLD


_UNTOLD = nullcontext()


@contextmanager
def _told(call: Call) -> Iterator[None]:
    telling = asyncio.get_running_loop().create_task(_tell(call))
    try:
        yield
    finally:
        telling.cancel()


async def _tell(call: Call) -> None:
    last = None
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            ahead = await asyncio.to_thread(_ahead, call)
        except redis.Unavailable:
            continue
        if ahead is None:
            return
        if ahead != last:
            await asyncio.to_thread(watching.publish, call.request_id, InLine(ahead, is_taken=False))
            last = ahead


def _ahead(call: Call) -> int | None:
    """How many calls are before it on its lane; None when it is not there any more."""
    ahead: int | None = redis.connection().lpos(rendezvous.lane_of(call), messages.encode_call(call))
    return ahead
