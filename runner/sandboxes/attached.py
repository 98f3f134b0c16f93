"""A container's attached stream, as a socket that carries what PID 1 writes and nothing else.

The engine puts eight bytes before each piece that a container writes: which of its two outputs it came from, and its
length. Here they are taken away again, and what came from the second output is kept as the reason of a failed start.
"""

import socket
import struct
from typing import Any

_HEADER = struct.Struct(">BxxxI")
_OUTPUT, _ERRORS = 1, 2
_ERRORS_KEPT = 4096


class AttachedStream(socket.socket):
    """Non-blocking. Written to it is what PID 1 reads; ``recv`` may raise BlockingIOError though poll said readable."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        self.setblocking(False)
        self._header = b""
        self._left, self._kind = 0, _OUTPUT
        self._errors = b""

    @property
    def errors(self) -> str:
        """What PID 1, or the engine's runtime, has complained of so far; the first of it."""
        return self._errors.decode(errors="replace").strip()

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """At most ``bufsize`` bytes of what PID 1 wrote, read with one call; raises BlockingIOError when none came."""
        data = super().recv(bufsize, flags)
        if not data:
            return b""
        if not self._left and not self._header and len(data) > _HEADER.size:
            kind, length = _HEADER.unpack_from(data)
            if kind == _OUTPUT and _HEADER.size + length == len(data):
                return data[_HEADER.size :]
        if written := self._split(memoryview(data)):
            return written
        raise BlockingIOError

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        data = self.recv(nbytes or len(buffer), flags)
        memoryview(buffer)[: len(data)] = data
        return len(data)

    def _split(self, data: memoryview) -> bytes:
        """What PID 1 wrote of ``data``; complaints are kept."""
        written = []
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                if self._kind == _OUTPUT:
                    written.append(piece)
                else:
                    self._errors += piece[: _ERRORS_KEPT - len(self._errors)]
                continue
            missing = _HEADER.size - len(self._header)
            self._header += data[:missing]
            data = data[missing:]
            if len(self._header) == _HEADER.size:
                self._kind, self._left = _HEADER.unpack(self._header)
                self._header = b""
        return b"".join(written)
