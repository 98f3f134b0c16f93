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
        while self._kind == _ERRORS or not self._left:
            if not self._next():
                return b""
        data = super().recv(min(bufsize, self._left), flags)
        self._left -= len(data)
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        data = self.recv(nbytes or len(buffer), flags)
        memoryview(buffer)[: len(data)] = data
        return len(data)

    def _next(self) -> bool:
        """Go on to the next piece, keeping one of complaints; False at the end of the stream."""
        if self._left:
            data = super().recv(min(self._left, 1 << 16))
            self._left -= len(data)
            self._errors += data[: _ERRORS_KEPT - len(self._errors)]
            return bool(data)
        data = super().recv(_HEADER.size - len(self._header))
        self._header += data
        if len(self._header) == _HEADER.size:
            self._kind, self._left = _HEADER.unpack(self._header)
            self._header = b""
        return bool(data)
