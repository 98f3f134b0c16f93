"""One request, one answer: a line of JSON each way over a Unix socket, and with an answer perhaps a descriptor.

Every request has its own connection, except ``hello``: that one stays open, and its end is the worker's end.
"""

import json
import os
import socket
import struct
from typing import Any

REQUEST_SIZE = ANSWER_SIZE = 64 * 1024

type Message = dict[str, Any]


class BrokerError(Exception):
    """The broker cannot be reached, or has refused; the text says why."""


class BrokerUnreachable(BrokerError):
    """Nobody answers at the broker's socket."""


class Connection:
    """The worker's end of one connection."""

    def __init__(self, path: str, *, timeout_s: float) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(timeout_s)
        try:
            self._sock.connect(path)
        except OSError as error:
            self._sock.close()
            raise BrokerUnreachable(f"No broker answers at {path}: {error.strerror or error}.") from error

    def ask(self, request: Message) -> tuple[Message, int | None]:
        """Send ``request``; the answer, and the descriptor that came with it (the caller's to close)."""
        try:
            self._sock.sendall(json.dumps(request).encode() + b"\n")
            answer, descriptor = self._receive()
        except TimeoutError as error:
            raise BrokerError("The broker did not answer in time.") from error
        except (OSError, ValueError) as error:
            raise BrokerUnreachable(f"The connection to the broker broke: {error}.") from error
        if reason := answer.get("error"):
            if descriptor is not None:
                os.close(descriptor)
            raise BrokerError(str(reason))
        return answer, descriptor

    def _receive(self) -> tuple[Message, int | None]:
        data, descriptors = b"", []
        while not data.endswith(b"\n"):
            more, received, _flags, _address = socket.recv_fds(self._sock, ANSWER_SIZE, 1)
            descriptors += received
            data += more
            if not more or len(data) > ANSWER_SIZE:
                for descriptor in descriptors:
                    os.close(descriptor)
                raise ValueError("it ended before the answer")
        answer: Message = json.loads(data)
        return answer, descriptors[0] if descriptors else None

    def is_open(self) -> bool:
        """Whether the broker still holds the other end."""
        self._sock.setblocking(False)
        try:
            return self._sock.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        self._sock.close()


def call(path: str, request: Message, *, timeout_s: float) -> tuple[Message, int | None]:
    """Ask once over a connection of its own. Raises ``BrokerError``."""
    connection = Connection(path, timeout_s=timeout_s)
    try:
        return connection.ask(request)
    finally:
        connection.close()


def read_request(sock: socket.socket) -> Message | None:
    """The broker's end: the request, or None when none came. Raises ValueError when it is not one."""
    data = b""
    while not data.endswith(b"\n"):
        more = sock.recv(REQUEST_SIZE)
        if not more:
            return None
        data += more
        if len(data) > REQUEST_SIZE:
            raise ValueError("The request is too large.")
    request = json.loads(data)
    if not isinstance(request, dict):
        raise ValueError("The request is not an object.")
    return request


def answer(sock: socket.socket, message: Message, descriptor: int | None = None) -> None:
    """Send an answer, and ``descriptor`` with it."""
    data = json.dumps(message).encode() + b"\n"
    if descriptor is None:
        sock.sendall(data)
    else:
        if rest := data[socket.send_fds(sock, [data], [descriptor]) :]:
            sock.sendall(rest)


def peer(sock: socket.socket) -> tuple[int, int]:
    """User and group id of the process at the other end, as the kernel vouches for them."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, user, group = struct.unpack("3i", credentials)
    return user, group
