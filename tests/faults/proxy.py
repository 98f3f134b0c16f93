"""A network that is slow, or goes silent, between the product and Redis: a relay from one Unix socket to another."""

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Self


class Proxy:
    """Relays each connection. ``delay_s`` goes before every piece of data; ``go_silent`` stops all that exist now."""

    def __init__(self, path: Path, *, to: Path) -> None:
        self.path, self._to = path, to
        self.delay_s = 0.0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[socket.socket] = set()
        self._server = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self._server.bind(str(self.path))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.close()
        self.cut()

    def go_silent(self) -> None:
        """Nothing goes through the connections of this moment any more, and nobody is told: a cable was pulled."""
        for pair in self._pairs:
            self._silent.update(pair)

    def half_close(self) -> None:
        """The far end of every connection says that it has nothing more to send, and goes on listening."""
        for near, _far in self._pairs:
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Every connection of this moment is reset."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self._pairs.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self._to))
            except OSError:
                near.close()
                continue
            self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.delay_s:
                    time.sleep(self.delay_s)
                if source in self._silent:
                    continue  # swallowed
                sink.sendall(data)
        if source in self._silent:
            return  # nor is the other side told of the end
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
