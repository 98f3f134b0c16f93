"""A small client of Redis's protocol for the few commands that every invocation pays for.

One command there and back costs a tenth of what the full client takes in Python; ``core.redis`` chooses who uses it.
One thread at a time.
"""

import socket
import ssl
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

type Argument = bytes | str | int | float

_BULK, _INTEGER, _SIMPLE, _ARRAY = b"$:+*"


class ReplyError(Exception):
    """Redis refused a command; the text begins with its code, e.g. ``NOSCRIPT``."""


class Connection:
    """One connection. Every ``OSError`` (a timeout is one) and ``EOFError`` leaves it closed: make a new one."""

    def __init__(self, url: str, *, timeout_s: float, connect_timeout_s: float = 2.0) -> None:
        parts = urlsplit(url)
        self._socket = _connect(parts, connect_timeout_s)
        self._socket.settimeout(timeout_s)
        self._reader = self._socket.makefile("rb")
        try:
            self._introduce(parts)
        except BaseException:
            self.close()
            raise

    def _introduce(self, parts: SplitResult) -> None:
        for command in introduction(parts):
            self.command(*command)

    def command(self, *arguments: Argument) -> Any:
        """Send a command and return its reply: bytes, int, list or None. Raises ``ReplyError``, OSError, EOFError."""
        self._socket.sendall(encode(arguments))
        return self._reply()

    def detach(self) -> socket.socket:
        """The socket alone, for somebody who reads it in another way; before any reply is on its way."""
        return self._socket

    def close(self) -> None:
        """Close it; idempotent."""
        self._reader.close()
        self._socket.close()

    def _reply(self) -> Any:
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        raise ReplyError(rest.decode("utf-8", "replace"))

    def _bulk(self, size: int) -> bytes | None:
        if size < 0:
            return None
        data = self._reader.read(size + 2)
        if len(data) != size + 2:
            raise EOFError("Redis closed the connection")
        return data[:-2]


class Replies:
    """Replies out of a stream of bytes, as they become whole: for a connection that nobody waits on."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Take bytes in; the replies that are whole now. A refusal is a ``ReplyError`` among them."""
        taken: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            taken = self._buffer
        found, at = [], 0
        while (parsed := _parse(taken, at)) is not None:
            reply, at = parsed
            found.append(reply)
        if taken is self._buffer:
            del self._buffer[:at]
        elif at < len(data):
            self._buffer += data[at:]
        return found


def _parse(buffer: bytes | bytearray, at: int) -> tuple[Any, int] | None:
    """The reply that begins at ``at``, and where it ends; None while it is not all there."""
    end = buffer.find(b"\r\n", at)
    if end < 0:
        return None
    kind, rest, at = buffer[at], bytes(buffer[at + 1 : end]), end + 2
    if kind == _BULK:
        return _parse_bulk(buffer, at, int(rest))
    if kind == _INTEGER:
        return int(rest), at
    if kind == _SIMPLE:
        return rest, at
    if kind == _ARRAY:
        return _parse_array(buffer, at, int(rest))
    return ReplyError(rest.decode("utf-8", "replace")), at


def _parse_bulk(buffer: bytes | bytearray, at: int, size: int) -> tuple[bytes | None, int] | None:
    if size < 0:
        return None, at
    end = at + size
    return (bytes(buffer[at:end]), end + 2) if len(buffer) >= end + 2 else None


def _parse_array(buffer: bytes | bytearray, at: int, size: int) -> tuple[list[Any] | None, int] | None:
    if size < 0:
        return None, at
    items = []
    for _ in range(size):
        if (parsed := _parse(buffer, at)) is None:
            return None
        item, at = parsed
        items.append(item)
    return items, at


def encode(arguments: tuple[Argument, ...]) -> bytes:
    """A command as Redis wants it."""
    lines = [b"*%d" % len(arguments)]
    for argument in arguments:
        raw = argument if isinstance(argument, bytes) else str(argument).encode()
        lines += (b"$%d" % len(raw), raw)
    lines.append(b"")
    return b"\r\n".join(lines)


def _connect(parts: SplitResult, timeout_s: float) -> socket.socket:
    if parts.scheme == "unix":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout_s)
        try:
            made.connect(unquote(parts.path))
        except OSError:
            made.close()
            raise
        return made
    host, port = parts.hostname or "127.0.0.1", parts.port or 6379
    made = socket.create_connection((host, port), timeout_s)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if parts.scheme == "rediss":
        return ssl.create_default_context().wrap_socket(made, server_hostname=host)
    return made


def introduction(parts: SplitResult) -> list[tuple[Argument, ...]]:
    """The commands that a connection begins with."""
    commands: list[tuple[Argument, ...]] = []
    if parts.password:
        user = [unquote(parts.username)] if parts.username else []
        commands.append(("AUTH", *user, unquote(parts.password)))
    if database := _database(parts):
        commands.append(("SELECT", database))
    return commands


def _database(parts: SplitResult) -> int:
    asked = parse_qs(parts.query).get("db")
    if asked:
        return int(asked[0])
    path = parts.path.strip("/")
    return int(path) if parts.scheme != "unix" and path.isdigit() else 0
