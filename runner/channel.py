"""Frames to and from a sandbox, and the relay that carries the function's AWS calls over the same stream.

Every byte that comes in is a stranger's. A frame's type and size are checked before room is made for its body, and a
relayed connection can have only so much on its way: whatever breaks a rule raises ``Violation``, and the sandbox ends.
The frames themselves are described in ``runner/runtimes/init.py``.
"""

import json
import select
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from core import clock
from core.limits import KIB, MIB

HEAD = struct.Struct(">cI")
NUMBER = struct.Struct(">I")
ACKNOWLEDGE = struct.Struct(">II")
ANSWER_FRAME = 6 * MIB + 32 * KIB
SIZE_LIMITS = {
    b"Y": 4 * KIB,
    b"L": 64 * KIB,
    b"N": 64 * KIB,
    b"E": ANSWER_FRAME,
    b"R": ANSWER_FRAME,
    b"F": ANSWER_FRAME,
    b"T": 64 * KIB,
    b"X": 64 * KIB,
    b"S": 4 * KIB,
    b"P": 64 * KIB,
    b"O": 4,
    b"D": 4 + 64 * KIB,
    b"C": 4,
    b"A": 8,
}
WINDOW = 256 * KIB  # of one relayed connection, in each direction
CONNECTIONS = 64
READ_SIZE = 64 * KIB  # at a time: what is larger would be mapped and unmapped for each
QUICK = frozenset((b"L", b"R", b"F"))  # frames after which nobody has to wait for anything
CONNECT_S = 2.0


class ChannelError(Exception):
    """The conversation with a sandbox cannot go on."""


class Violation(ChannelError):
    """The other side broke a rule; the text says which."""


class Ended(ChannelError):
    """The stream is at its end: nobody is alive in there."""


class Frame(NamedTuple):
    kind: bytes
    body: bytes

    def split(self) -> tuple[dict[str, Any], bytes]:
        """Header and payload of a headed body. Raises ``Violation`` when it is none."""
        if len(self.body) < NUMBER.size:
            raise Violation("a headed frame without a header")
        (length,) = NUMBER.unpack_from(self.body)
        try:
            header = orjson.loads(self.body[NUMBER.size : NUMBER.size + length])
        except ValueError:
            header = None
        return _object(header), self.body[NUMBER.size + length :]

    def document(self) -> dict[str, Any]:
        """The body as a JSON object, which may quote what is no Unicode. Raises ``Violation`` when it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        return _object(value)


@dataclass(slots=True)
class _Relayed:
    """One connection between the function and the API. ``ahead``: bytes sent to the function, not yet taken there."""

    sock: socket.socket
    number: int
    waiting: bytearray = field(default_factory=bytearray)
    ahead: int = 0
    finished: bool = False  # the function has closed its end


class Channel:
    """Speaks over one sandbox's stream. Of one thread at a time."""

    def __init__(self, stream: socket.socket, api: str) -> None:
        self.stream = stream
        host, _colon, port = api.rpartition(":")
        self._api = (host.strip("[]") or "127.0.0.1", int(port))
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self._writing = False
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._frames: deque[Frame] = deque()
        self._relayed: dict[int, _Relayed] = {}
        self._by_fd: dict[int, _Relayed] = {}

    # -- frames ------------------------------------------------------------------------------------

    def send(self, kind: bytes, *parts: bytes) -> None:
        """Queue one frame and send what the stream takes; the rest goes out while ``receive`` waits."""
        self._outgoing += HEAD.pack(kind, sum(map(len, parts)))
        for part in parts:
            self._outgoing += part
        self._flush()

    def send_headed(self, kind: bytes, header: dict[str, Any], payload: bytes = b"") -> None:
        data = orjson.dumps(header)
        self.send(kind, NUMBER.pack(len(data)), data, payload)

    def receive(self, deadline: float) -> Frame | None:
        """The next frame that is not the relay's, or None once ``deadline`` (monotonic seconds) has passed.

        Raises ``Violation`` and ``Ended``.
        """
        self._split()
        while not self._frames:
            left = deadline - clock.monotonic()
            if left <= 0 and not self._readable_now():
                return None
            for fd, events in self._poll.poll(max(0.0, left) * 1000):
                if fd == self.stream.fileno():
                    self._stream_event(events)
                elif relayed := self._by_fd.get(fd):
                    self._relay_event(relayed, events)
        return self._frames.popleft()

    def read_now(self) -> bool:
        """Read once, without waiting; ``next`` gives what came. False: the rest is for ``receive``, in a thread."""
        try:
            data = self.stream.recv(READ_SIZE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._incoming += data
        while len(self._incoming) >= HEAD.size and bytes(self._incoming[:1]) in QUICK:
            if (frame := self._next_frame()) is None:
                return bool(data)
            self._frames.append(frame)
        return bool(data) and len(self._incoming) < HEAD.size

    def next(self) -> Frame | None:
        """A frame that has been read already."""
        return self._frames.popleft() if self._frames else None

    def put_back(self, frame: Frame) -> None:
        """``next`` or ``receive`` will give it once more."""
        self._frames.appendleft(frame)

    @property
    def is_readable(self) -> bool:
        """Whether there is something that has not been taken yet, or an end."""
        return bool(self._frames) or bool(self._incoming) or bool(self._poll.poll(0))

    @property
    def is_sent(self) -> bool:
        """Whether the stream has taken all that was to be sent."""
        return not self._outgoing

    def _readable_now(self) -> bool:
        return any(fd == self.stream.fileno() and events & select.POLLIN for fd, events in self._poll.poll(0))

    def close_relay(self) -> None:
        """The invocation is over, and with it every connection it had."""
        for relayed in list(self._relayed.values()):
            self._drop(relayed)

    def _stream_event(self, events: int) -> None:
        if events & select.POLLOUT:
            self._flush()
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._read()

    def _flush(self) -> None:
        while self._outgoing:
            try:
                sent = self.stream.send(memoryview(self._outgoing)[:READ_SIZE])
            except BlockingIOError:
                break
            except OSError:
                self._outgoing.clear()  # it is gone; what it said last may still be there to read
                break
            del self._outgoing[:sent]
        if bool(self._outgoing) != self._writing:
            self._writing = bool(self._outgoing)
            self._poll.modify(self.stream, select.POLLIN | (select.POLLOUT if self._writing else 0))

    def _read(self) -> None:
        try:
            data = self.stream.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise Ended
        self._incoming += data
        self._split()

    def _split(self) -> None:
        while (frame := self._next_frame()) is not None:
            self._take(frame)

    def _next_frame(self) -> Frame | None:
        if len(self._incoming) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self._incoming)
        limit = SIZE_LIMITS.get(kind)
        if limit is None or length > limit:
            raise Violation(f"frame {kind!r} of {length} bytes")
        end = HEAD.size + length
        if len(self._incoming) < end:
            return None
        frame = Frame(kind, bytes(memoryview(self._incoming)[HEAD.size : end]))
        del self._incoming[:end]
        return frame

    def _take(self, frame: Frame) -> None:
        match frame.kind:
            case b"O":
                self._open(*_numbers(NUMBER, frame))
            case b"D":
                self._from_function(frame.body)
            case b"C":
                self._finish(*_numbers(NUMBER, frame))
            case b"A":
                self._taken(*_numbers(ACKNOWLEDGE, frame))
            case _:
                self._frames.append(frame)

    # -- the relay ---------------------------------------------------------------------------------

    def _open(self, number: int) -> None:
        if number in self._relayed or len(self._relayed) >= CONNECTIONS:
            raise Violation("too many relayed connections")
        try:
            sock = socket.create_connection(self._api, CONNECT_S)
        except OSError:
            self.send(b"C", NUMBER.pack(number))
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        relayed = self._relayed[number] = _Relayed(sock, number)
        self._by_fd[sock.fileno()] = relayed
        self._poll.register(sock, select.POLLIN)

    def _from_function(self, body: bytes) -> None:
        if len(body) < NUMBER.size:
            raise Violation("relay data without a connection")
        relayed = self._relayed.get(NUMBER.unpack_from(body)[0])
        if relayed is None:
            return  # the API closed it a moment ago
        relayed.waiting += memoryview(body)[NUMBER.size :]
        if len(relayed.waiting) > WINDOW:
            raise Violation("relay data beyond the window")
        self._push(relayed)

    def _push(self, relayed: _Relayed) -> None:
        sent = 0
        try:
            while relayed.waiting:
                count = relayed.sock.send(relayed.waiting)
                del relayed.waiting[:count]
                sent += count
        except BlockingIOError:
            pass
        except OSError:
            self._close(relayed)
            return
        if sent:
            self.send(b"A", ACKNOWLEDGE.pack(relayed.number, sent))
        if relayed.finished and not relayed.waiting:
            self._drop(relayed)
        else:
            self._rearm(relayed)

    def _finish(self, number: int) -> None:
        if relayed := self._relayed.get(number):
            relayed.finished = True
            self._push(relayed)

    def _taken(self, number: int, count: int) -> None:
        if relayed := self._relayed.get(number):
            if count > relayed.ahead:
                raise Violation("more acknowledged than was sent")
            relayed.ahead -= count
            self._rearm(relayed)

    def _relay_event(self, relayed: _Relayed, events: int) -> None:
        if events & select.POLLOUT:
            self._push(relayed)
        if relayed.number in self._relayed and events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._from_api(relayed)

    def _from_api(self, relayed: _Relayed) -> None:
        try:
            data = relayed.sock.recv(min(64 * KIB, max(1, WINDOW - relayed.ahead)))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(relayed)
            return
        relayed.ahead += len(data)
        self.send(b"D", NUMBER.pack(relayed.number), data)
        self._rearm(relayed)

    def _rearm(self, relayed: _Relayed) -> None:
        events = select.POLLIN if relayed.ahead < WINDOW else 0
        self._poll.modify(relayed.sock, events | (select.POLLOUT if relayed.waiting else 0))

    def _close(self, relayed: _Relayed) -> None:
        self.send(b"C", NUMBER.pack(relayed.number))
        self._drop(relayed)

    def _drop(self, relayed: _Relayed) -> None:
        if self._relayed.pop(relayed.number, None):
            del self._by_fd[relayed.sock.fileno()]
            self._poll.unregister(relayed.sock)
            relayed.sock.close()


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Violation("not a JSON object")
    return value


def _numbers(layout: struct.Struct, frame: Frame) -> tuple[int, ...]:
    if len(frame.body) != layout.size:
        raise Violation(f"frame {frame.kind!r} of {len(frame.body)} bytes")
    return layout.unpack(frame.body)
