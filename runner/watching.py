"""Looking on while an invocation runs: its lines and its end, in a Redis stream that is gone two minutes later.

A stream, not a channel: whoever comes late gets everything from the first line.
"""

import json
import logging
from collections.abc import AsyncIterator

from core import redis
from runner.answers import LogLine, WatchEnd

log = logging.getLogger(__name__)

_LIVES_S = 120
_LINES_MAX = 5_000
_BLOCK_MS = 5_000


def _key(request_id: str) -> str:
    return f"stream:{request_id}"


def publish(request_id: str, item: LogLine | WatchEnd) -> None:
    """Add a line or the end; without Redis nobody can look on, and nothing else is lost."""
    if isinstance(item, LogLine):
        fields = ["line", item.timestamp_ms, item.message, item.source]
    else:
        fields = ["end", item.function_error]
    key = _key(request_id)
    try:
        pipeline = redis.connection().pipeline(transaction=False)
        pipeline.xadd(key, {"item": json.dumps(fields)}, maxlen=_LINES_MAX, approximate=True)
        pipeline.expire(key, _LIVES_S)
        pipeline.execute()
    except redis.Unavailable as error:
        log.warning("Nobody can look on at %s: %s", request_id, error)


async def watch(request_id: str, *, patience_s: float = 960.0) -> AsyncIterator[LogLine | WatchEnd]:
    """The lines of an invocation that was asked for with ``watch=True``, from the first; the last item is its end.

    Ends without an end when nothing came for ``patience_s`` seconds. Raises ``redis.Unavailable``.
    """
    connection = redis.async_connection()
    last, silent_ms = "0", 0
    try:
        while silent_ms < patience_s * 1000:
            got = await connection.xread({_key(request_id): last}, block=_BLOCK_MS, count=200)
            if not got:
                silent_ms += _BLOCK_MS
                continue
            silent_ms = 0
            for entry, fields in _entries(got):
                last = entry
                item = _item(request_id, fields)
                yield item
                if isinstance(item, WatchEnd):
                    return
    finally:
        await connection.aclose()


def _entries(got: object) -> list[tuple[str, dict[bytes, bytes]]]:
    """The entries of the one stream in an XREAD answer, in either version of Redis's protocol."""
    if isinstance(got, dict):
        entries = [entry for batches in got.values() for batch in batches for entry in batch]
    else:
        entries = got[0][1]  # type: ignore[index]
    return entries


def _item(request_id: str, fields: dict[bytes, bytes]) -> LogLine | WatchEnd:
    kind, *rest = json.loads(fields[b"item"])
    return LogLine(*rest) if kind == "line" else WatchEnd(request_id, *rest)
