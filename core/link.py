"""A connection to Redis of an event loop: commands go out at once, replies come back in order, no thread waits.

For the few commands that every invocation needs; ``core.redis`` is for everything else.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from core import redis, resp
from core.resp import Argument, ReplyError

_CONNECT_S = 2.0


class Lost(Exception):
    """The connection broke before the reply came: the command may have been carried out."""


type OnReply = Callable[[Any], None]
"""Gets the reply; or a ``ReplyError``, or ``Lost``, as a value."""


class Link(asyncio.Protocol):
    """One connection, made by ``open``. Only for the thread of its event loop."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._replies = resp.Replies()
        self._expected: deque[OnReply] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str, *, on_lost: Callable[[], None]) -> "Link":
        """Connect. ``on_lost`` is called once when the connection ends. Raises ``OSError`` and ``TimeoutError``."""
        parts, loop = urlsplit(url), asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_S):
            if parts.scheme == "unix":
                _transport, link = await loop.create_unix_connection(lambda: cls(on_lost), unquote(parts.path))
            else:
                secure = ssl.create_default_context() if parts.scheme == "rediss" else None
                host, port = parts.hostname or "127.0.0.1", parts.port or 6379
                _transport, link = await loop.create_connection(lambda: cls(on_lost), host, port, ssl=secure)
        for command in resp.introduction(parts):
            link.command(lambda _reply: None, *command)
        return link

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def command(self, on_reply: OnReply, *arguments: Argument) -> None:
        """Send a command; ``on_reply`` gets what comes back."""
        if self._transport is None:
            on_reply(Lost())
            return
        self._expected.append(on_reply)
        self._transport.write(resp.encode(arguments))

    def script(self, on_reply: OnReply, source: str, *, keys: Sequence[str], args: Sequence[Argument]) -> None:
        """Run a Lua script; loaded again by itself when Redis has lost it."""

        def loaded(reply: Any) -> None:
            if isinstance(reply, ReplyError) and str(reply).startswith("NOSCRIPT"):
                self.command(on_reply, "EVAL", source, len(keys), *keys, *args)
            else:
                on_reply(reply)

        self.command(loaded, "EVALSHA", redis.script_digest(source), len(keys), *keys, *args)

    def close(self) -> None:
        """End it; what has not been answered is lost."""
        if self._transport is not None:
            self._transport.close()

    # -- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for reply in self._replies.feed(data):
            self._expected.popleft()(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        expected, self._expected = self._expected, deque()
        for on_reply in expected:
            on_reply(Lost())
        self._on_lost()
