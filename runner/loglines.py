"""A function's output, cut into log events as it arrives."""

from collections.abc import Callable

from core import limits

OnLog = Callable[[str], None]
KEPT_NEWLINE = b"\0\n"  # inside one event, as the runtimes write it


class LogLines:
    """Turns output bytes into calls of ``on_log``: one event for each line, decoded and without its newline.

    A line over ``limits.LOG_EVENT_SIZE`` is cut. Bytes past ``total`` raise nothing and are counted in ``dropped``.
    """

    def __init__(self, on_log: OnLog, total: int) -> None:
        self.on_log = on_log
        self.dropped = 0
        self._room = total
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self.dropped += max(0, len(data) - self._room)
        data = data[: self._room]
        self._room -= len(data)
        self._rest += data
        start = searched = 0
        while (at := self._rest.find(b"\n", searched)) >= 0:
            searched = at + 1
            if at > start and self._rest[at - 1] == 0:
                continue
            self._emit(self._rest[start:at])
            start = searched
        del self._rest[:start]
        while len(self._rest) > limits.LOG_EVENT_SIZE:
            self._emit(self._rest[: limits.LOG_EVENT_SIZE])
            del self._rest[: limits.LOG_EVENT_SIZE]

    def finish(self) -> None:
        """The output is at its end: what has no newline is an event too."""
        if self._rest:
            self._emit(self._rest)
            self._rest = bytearray()

    def _emit(self, event: bytearray) -> None:
        self.on_log(bytes(event).replace(KEPT_NEWLINE, b"\n").decode("utf-8", "replace"))
