"""One thread that waits for many descriptors and moments at once, and handles what is ready without ever waiting."""

import heapq
import itertools
import select
import socket
from collections import deque
from collections.abc import Callable

from core import clock

type Work = Callable[[], None]


class Timer:
    """Work for a moment to come; ``cancel`` when it is not wanted any more."""

    __slots__ = ("work",)

    def __init__(self, work: Work) -> None:
        self.work: Work | None = work

    def cancel(self) -> None:
        self.work = None


class Reactor:
    """``turn`` it in one thread, which all but ``call_soon`` belong to."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Work] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._soon: deque[Work] = deque()
        self._last: list[Work] = []
        self._bell, self._ear = socket.socketpair()
        for end in (self._bell, self._ear):
            end.setblocking(False)
        self.watch(self._ear.fileno(), self._hear)

    def watch(self, fd: int, handler: Work) -> None:
        """Call ``handler`` whenever ``fd`` can be read, or is at its end."""
        self._handlers[fd] = handler
        self._poll.register(fd, select.POLLIN)

    def forget(self, fd: int) -> None:
        """Watch ``fd`` no more; it may still be open, or not."""
        if self._handlers.pop(fd, None):
            self._poll.unregister(fd)

    def at(self, moment: float, work: Work) -> Timer:
        """Do ``work`` at a monotonic moment."""
        timer = Timer(work)
        heapq.heappush(self._timers, (moment, next(self._numbers), timer))
        return timer

    def call_soon(self, work: Work) -> None:
        """Do ``work`` in the next turn; from any thread."""
        self._soon.append(work)
        try:
            self._bell.send(b"!")
        except OSError:
            return  # it rings already, or nobody hears it any more

    def before_waiting(self, work: Work) -> None:
        """Do ``work`` once all is handled that is ready now."""
        self._last.append(work)

    def turn(self) -> None:
        """Wait until something is ready, and have all of it handled."""
        while self._last:
            self._last.pop()()
        for fd, _events in self._poll.poll(self._patience_ms()):
            if handler := self._handlers.get(fd):
                handler()
        while self._soon:
            self._soon.popleft()()
        self._fire()

    def close(self) -> None:
        """Give its descriptors back."""
        self._bell.close()
        self._ear.close()

    def _patience_ms(self) -> float | None:
        while self._timers and self._timers[0][2].work is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - clock.monotonic()) * 1000 + 1 if self._timers else None

    def _fire(self) -> None:
        now = clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.work is not None:
                timer.work()

    def _hear(self) -> None:
        try:
            self._ear.recv(4096)
        except BlockingIOError:
            return
