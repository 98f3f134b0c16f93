"""Looking on while an invocation runs: its lines and its end, in a Redis stream that is gone two minutes later.

A stream, not a channel: whoever comes late gets everything from the first line.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from django.conf import settings

from core import redis
from core.link import Link, Lost
from core.resp import ReplyError
from runner.answers import InLine, LogLine, WatchEnd

log = logging.getLogger(__name__)

_LIVES_S = 120
_LINES_MAX = 5_000
_BATCH = 200
_BLOCK_S = 5
_SILENT_S = 15.0  # without the reply that was due long before: the connection is dead, though nobody has said so
_TRIES, _PAUSE_S = 10, 0.5  # to reach a Redis that is away

# KEYS: the stream · ARGV: the item, how many are kept, for how many seconds
_ADD = """
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'item', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""


def _key(request_id: str) -> str:
    return f"stream:{request_id}"


type Seen = LogLine | InLine | WatchEnd
"""What is seen of an invocation."""


def publish(request_id: str, item: Seen) -> None:
    """Add a line, a place in line or the end; without Redis nobody can look on, and nothing else is lost."""
    fields: list[str | int]
    if isinstance(item, LogLine):
        fields = ["line", item.timestamp_ms, item.message, item.source]
    elif isinstance(item, InLine):
        fields = ["place", item.ahead, item.is_taken]
    else:
        fields = ["end", item.function_error]
    try:
        redis.run_script(_ADD, keys=[_key(request_id)], args=[json.dumps(fields), _LINES_MAX, _LIVES_S])
    except redis.Unavailable as error:
        log.warning("Nobody can look on at %s: %s", request_id, error)


async def watch(request_id: str, *, patience_s: float = 960.0) -> AsyncIterator[Seen]:
    """The lines of an invocation that was asked for with ``watch=True``, from the first, and before them its places in line;
    the last item is its end.

    Ends without an end when nothing came for ``patience_s`` seconds. Raises ``redis.Unavailable``.
    """
    reader, last, silent_s = _Reader(_key(request_id)), b"0", 0.0
    try:
        while silent_s < patience_s:
            entries = await reader.after(last)
            silent_s = 0.0 if entries else silent_s + _BLOCK_S
            for name, fields in entries:
                last = name
                item = _item(request_id, fields)
                yield item
                if isinstance(item, WatchEnd):
                    return
    finally:
        reader.close()


class _Reader:
    """A connection of its own that waits for a stream to grow, and is made again when it broke."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._link: Link | None = None

    async def after(self, entry: bytes) -> list[tuple[bytes, list[bytes]]]:
        """The entries behind one, each with its fields and values; none after some seconds of silence."""
        for _ in range(_TRIES):
            try:
                found = await asyncio.wait_for(self._read(entry), _SILENT_S)
            except (Lost, OSError):  # a TimeoutError is one
                self.close()
                await asyncio.sleep(_PAUSE_S)
            else:
                return [(name, fields) for name, fields in found[0][1]] if found else []
        raise redis.Unavailable("Redis does not answer")

    async def _read(self, entry: bytes) -> Any:
        if self._link is None or not self._link.is_open:
            self._link = await Link.open(settings.REDIS_URL, on_lost=_ignore)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting = ("COUNT", _BATCH, "BLOCK", _BLOCK_S * 1000)
        self._link.command(partial(_tell, reply), "XREAD", *waiting, "STREAMS", self._key, entry)
        return await reply

    def close(self) -> None:
        """Give the connection back."""
        if self._link is not None:
            self._link.close()
            self._link = None


def _tell(future: "asyncio.Future[Any]", reply: Any) -> None:
    if future.done():
        return
    if isinstance(reply, Lost):
        future.set_exception(reply)
    elif isinstance(reply, ReplyError):
        future.set_exception(redis.Refused(str(reply)))
    else:
        future.set_result(reply)


def _ignore() -> None:
    return


def _item(request_id: str, fields: list[bytes]) -> Seen:
    kind, *rest = json.loads(fields[1])
    if kind == "place":
        return InLine(*rest)
    return LogLine(*rest) if kind == "line" else WatchEnd(request_id, *rest)
