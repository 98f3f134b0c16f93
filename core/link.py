"""Connections to Redis on which nobody waits: commands go out together, replies come back in order.

For the few commands that every invocation needs; ``core.redis`` is for everything else. What is sent while one thread
handles all that it has in hand goes out in one write: each write wakes another process.
"""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from core import clock, redis, resp
from core.resp import Argument, ReplyError

_CONNECT_S, _SEND_S = 2.0, 5
_READ_SIZE = 64 * 1024


class Lost(Exception):
    """The connection broke before the reply came: the command may have been carried out."""


type OnReply = Callable[[Any], None]
"""Gets the reply; or a ``ReplyError``, or ``Lost``, as a value."""


class _Pipelined:
    """Commands on their way, and who waits for their replies, in order."""

    def __init__(self) -> None:
        self._replies = resp.Replies()
        self._outgoing: list[bytes] = []
        self._expected: deque[OnReply] = deque()
        self._heard = 0.0

    @property
    def silent_s(self) -> float:
        """For how many seconds replies have been waited for and none has come: a network may die without a word."""
        return clock.monotonic() - self._heard if self._expected else 0.0

    def _write(self, data: bytes) -> None:
        """Have bytes sent soon; raises ``OSError`` when the connection is gone."""
        raise OSError

    def _gathered(self) -> bytes:
        """What was to be sent since the last time, for one write."""
        outgoing, self._outgoing = self._outgoing, []
        return b"".join(outgoing)

    def command(self, on_reply: OnReply, *arguments: Argument) -> None:
        """Send a command; ``on_reply`` gets what comes back."""
        if not self._expected:
            self._heard = clock.monotonic()
        self._expected.append(on_reply)
        try:
            self._write(resp.encode(arguments))
        except OSError:
            self._break()

    def script(self, on_reply: OnReply, source: str, *, keys: Sequence[str], args: Sequence[Argument]) -> None:
        """Run a Lua script; loaded again by itself when Redis has lost it."""

        def loaded(reply: Any) -> None:
            if isinstance(reply, ReplyError) and str(reply).startswith("NOSCRIPT"):
                self.command(on_reply, "EVAL", source, len(keys), *keys, *args)
            else:
                on_reply(reply)

        self.command(loaded, "EVALSHA", redis.script_digest(source), len(keys), *keys, *args)

    def _take(self, data: bytes) -> None:
        self._heard = clock.monotonic()
        for reply in self._replies.feed(data):
            self._expected.popleft()(reply)

    def _break(self) -> None:
        """It is gone, and with it what was not answered."""
        expected, self._expected = self._expected, deque()
        for on_reply in expected:
            on_reply(Lost())


class Link(_Pipelined, asyncio.Protocol):
    """A connection of an asyncio event loop, made by ``open``. Only for the thread of that loop."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        super().__init__()
        self._on_lost = on_lost
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
            link.command(_ignore, *command)
        return link

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """End it; what has not been answered is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            raise OSError
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(data)

    def _flush(self) -> None:
        """Once for all that a turn of the loop has to send."""
        data = self._gathered()
        if self._transport is not None:
            self._transport.write(data)

    # -- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._break()
        self._on_lost()


class Pipe(_Pipelined):
    """A connection for one thread that watches many descriptors: call ``readable`` when this one is, ``flush`` to send.

    Sending waits while Redis takes nothing. Raises ``OSError`` and ``EOFError`` when it cannot be made.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._socket: socket.socket | None = resp.Connection(url, timeout_s=_CONNECT_S).detach()
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_S, 0))

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._socket is not None

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket is not None else -1

    def readable(self) -> None:
        """Read once, and hand out the replies that are whole."""
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_SIZE)
        except OSError:
            data = b""
        if data:
            self._take(data)
        else:
            self._break()

    def close(self) -> None:
        """End it; nobody hears of what has not been answered."""
        self._expected.clear()
        self._break()

    def abandon(self) -> None:
        """End it, because the other side does not answer; what has not been answered is lost."""
        self._break()

    def _write(self, data: bytes) -> None:
        if self._socket is None:
            raise OSError
        self._outgoing.append(data)

    def flush(self) -> None:
        """Send all that was written since the last time."""
        data = self._gathered()
        if self._socket is None or not data:
            return
        try:
            self._socket.sendall(data)
        except OSError:
            self._break()

    def _break(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        super()._break()


def _ignore(_reply: Any) -> None:
    return
