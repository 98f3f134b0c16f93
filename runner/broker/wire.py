"""A socket in the slot's folder, to which PID 1 connects before there is any code of a function's.

What the attached stream carries goes through the engine and its shim, each way: a sixth of what a short invocation
costs. The wire is between the worker and PID 1 alone, as the attached stream is in the end: it takes one connection,
from the slot's user, and the socket is gone before anybody could connect again. Where it does not come about (an
engine whose files are not this host's, an older image), the attached stream remains.
"""

import contextlib
import logging
import os
import select
import socket
from pathlib import Path

from runner.broker import protocol

log = logging.getLogger(__name__)
FOLDER, NAME = "wire", "pid1"
TARGET = "/var/wire"  # of the folder, inside


class Wire:
    """Raises OSError when there can be none in ``folder``. ``user``: whose connection it is for; None: anybody's inside."""

    def __init__(self, folder: Path, *, user: int | None) -> None:
        self._user = user
        self._directory = os.open(folder / FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = f"/proc/self/fd/{self._directory}/{NAME}"  # a socket's path may be no longer than 107 bytes
        try:
            self._listener.bind(path)
            os.chmod(path, 0o666)
            self._listener.listen(1)
        except OSError:
            self.close()
            raise

    def taken(self, attached: int, within_s: float) -> int | None:
        """The descriptor of PID 1's connection; None when it speaks over ``attached``, has ended, or does not come in time.

        Nobody else connects after it.
        """
        try:
            return self._accept(attached, within_s)
        except OSError as error:
            log.warning("A wire was not taken: %s", error)
            return None
        finally:
            self.close()

    def _accept(self, attached: int, within_s: float) -> int | None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(attached, select.POLLIN)
        ready = {descriptor for descriptor, _events in poll.poll(within_s * 1000)}
        if self._listener.fileno() not in ready:
            return None
        connection, _address = self._listener.accept()
        if self._user is not None and protocol.peer(connection)[0] != self._user:
            log.error("A wire was taken by a stranger")
            connection.close()
            return None
        return connection.detach()

    def close(self) -> None:
        """Nobody connects any more; what was taken goes on."""
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(NAME, dir_fd=self._directory)
        os.close(self._directory)
