"""Waiting for messages without holding a thread or a connection, however many wait.

Whoever changes messages announces from when on a queue has one. Those who wait in an event loop stand in line before
their queue; of a line one is woken at a time, and wakes the next when it found something. Announcements reach other
processes over Redis. What is not announced (a visibility timeout that ends, a message from a process that died, a
Redis that is away) is found by a look at the database once a second, one query for all queues that are waited for.
"""

import asyncio
import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from core import clock, redis

log = logging.getLogger(__name__)

CHANNEL = "queues"
LOOK_EVERY_S = 1.0
_GATHER_S = 0.02  # announcements to other processes: the first at once, those right after it together
_PAUSE_AFTER_ERROR_S = 0.5

type Hearer = Callable[[int, int], None]
"""Told, on any thread, that the queue has a message from a moment (epoch milliseconds) on; must not block."""

type Look = Callable[[list[int]], Awaitable[Iterable[int]]]
"""Which of these queues have a message that may be received now."""

_hearers: list[Hearer] = []


def announce(visible: Mapping[int, int]) -> None:
    """Queues have messages that may be received from the given moments on: tell everybody, everywhere; does not block."""
    for queue_id, visible_ms in visible.items():
        _tell_here(queue_id, visible_ms)
    _ringer_of_this_process().ring(visible)


def hear(hearer: Hearer) -> None:
    """Have ``hearer`` told what this and other processes announce, from now on and for good."""
    _hearers.append(hearer)
    _start_listening()


def _tell_here(queue_id: int, visible_ms: int) -> None:
    for known in _lobbies:
        known.hear(queue_id, visible_ms)
    for hearer in _hearers:
        hearer(queue_id, visible_ms)


# -- standing in line ------------------------------------------------------------------------------


class Place:
    """Somebody's place in a line."""

    __slots__ = ("_line", "_rung")

    def __init__(self, line: "_Line") -> None:
        self._line = line
        self._rung: asyncio.Future[None] | None = None

    def expect(self, visible_ms: int | None) -> None:
        """There was nothing; the next message becomes visible then, as far as is known."""
        if visible_ms is not None:
            self._line.expect(visible_ms)

    async def rung(self, seconds: float) -> bool:
        """Wait to be woken for another look; False when the time is over."""
        self._rung = asyncio.get_running_loop().create_future()
        self._line.places.append(self)
        try:
            await asyncio.wait_for(self._rung, seconds)
        except TimeoutError:
            return False
        return True

    def pass_on(self) -> None:
        """There may be more: wake the next one."""
        self._line.ring()

    def _wake(self) -> bool:
        if self._rung is None or self._rung.done():
            return False
        self._rung.set_result(None)
        return True

    def _leave(self) -> None:
        rung, self._rung = self._rung, None
        if rung is not None and rung.done() and not rung.cancelled():
            return
        if self in self._line.places:
            self._line.places.remove(self)


class _Line:
    """Those who wait for one queue in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.places: deque[Place] = deque()
        self.standing = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    def ring(self) -> None:
        """Wake the one who has waited longest."""
        while self.places:
            if self.places.popleft()._wake():
                return

    def expect(self, visible_ms: int) -> None:
        """Ring at that moment, or at an earlier one that is known already."""
        wait_ms = visible_ms - clock.epoch_ms()
        if wait_ms <= 0:
            self.ring()
        elif self._timer is None or visible_ms < self._timer_ms:
            self.stop()
            self._timer_ms = visible_ms
            self._timer = self._loop.call_later(wait_ms / 1000 + 0.001, self._on_time)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_time(self) -> None:
        self._timer = None
        self.ring()


class Lobby:
    """Everybody who waits in one event loop. ``look`` says which of the given queues have something now."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._lines: dict[int, _Line] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many there are."""
        return sum(line.standing for line in self._lines.values())

    @contextmanager
    def standing(self, queue_id: int, look: Look) -> Iterator[Place]:
        """A place before the queue; enter it before the first look, so that nothing is missed."""
        line = self._lines.get(queue_id)
        if line is None:
            line = self._lines[queue_id] = _Line(self.loop)
        line.standing += 1
        if self._looking is None or self._looking.done():
            self._looking = self.loop.create_task(self._look_again_and_again(look))
        place = Place(line)
        try:
            yield place
        finally:
            place._leave()
            line.standing -= 1
            if not line.standing:
                line.stop()
                self._lines.pop(queue_id, None)

    def hear(self, queue_id: int, visible_ms: int) -> None:
        """An announcement; from any thread."""
        if queue_id in self._lines:
            try:
                self.loop.call_soon_threadsafe(self._heard, queue_id, visible_ms)
            except RuntimeError:
                log.debug("An event loop ended with somebody waiting in it.")

    def _heard(self, queue_id: int, visible_ms: int) -> None:
        if line := self._lines.get(queue_id):
            line.expect(visible_ms)

    async def _look_again_and_again(self, look: Look) -> None:
        while self._lines:
            await asyncio.sleep(LOOK_EVERY_S)
            if not (waited_for := list(self._lines)):
                return
            try:
                found = await look(waited_for)
            except Exception as error:  # the database is away: those who wait go on waiting
                log.warning("Nobody can see whether messages are there: %s", error)
                continue
            for queue_id in found:
                if line := self._lines.get(queue_id):
                    line.ring()


_lobbies: tuple[Lobby, ...] = ()  # replaced whole, as other threads read it


def lobby() -> Lobby:
    """The one of the running event loop."""
    global _lobbies
    loop = asyncio.get_running_loop()
    for known in _lobbies:
        if known.loop is loop:
            return known
    _start_listening()
    with _making:
        made = Lobby(loop)
        _lobbies = (*(known for known in _lobbies if not known.loop.is_closed()), made)
    return made


# -- between processes -----------------------------------------------------------------------------

_MYSELF = secrets.token_hex(4)


class _Ringer:
    """One thread tells the other processes, so that no request waits for Redis; what comes together goes together."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: dict[int, int] = {}
        self._lock = threading.Lock()
        self._asked = threading.Event()
        threading.Thread(target=self._ring, name="queue bell", daemon=True).start()

    def ring(self, visible: Mapping[int, int]) -> None:
        with self._lock:
            for queue_id, visible_ms in visible.items():
                self._waiting[queue_id] = min(visible_ms, self._waiting.get(queue_id, visible_ms))
        self._asked.set()

    def _ring(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            text = ",".join(f"{queue_id}:{visible_ms}" for queue_id, visible_ms in waiting.items())
            try:
                redis.connection().publish(CHANNEL, f"{_MYSELF}{os.getpid()} {text}")
            except redis.Unavailable as error:
                log.debug("Other processes were not told of messages (they look once a second): %s", error)
            threading.Event().wait(_GATHER_S)


class _Listener:
    """One thread hears what other processes announce."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        threading.Thread(target=self._listen, name="queue ear", daemon=True).start()

    def _listen(self) -> None:
        told = False
        while True:
            try:
                with redis.connection().pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(CHANNEL)
                    told = False
                    while True:
                        if message := channel.get_message(timeout=4.0):
                            _heard_from_afar(message["data"])
            except (redis.Unavailable, ValueError) as error:  # ValueError: the connection was closed under it
                if not told:
                    log.warning(
                        "Messages of other processes are noticed a second later, until Redis is back: %s", error
                    )
                told = True
                threading.Event().wait(_PAUSE_AFTER_ERROR_S)


def _heard_from_afar(data: bytes) -> None:
    sender, _, text = data.decode().partition(" ")
    if sender == f"{_MYSELF}{os.getpid()}":
        return
    for pair in text.split(","):
        queue_id, _, visible_ms = pair.partition(":")
        _tell_here(int(queue_id), int(visible_ms))


_ringer: _Ringer | None = None
_listener: _Listener | None = None
_making = threading.Lock()


def _ringer_of_this_process() -> _Ringer:
    global _ringer
    if _ringer is None or _ringer.pid != os.getpid():
        with _making:
            if _ringer is None or _ringer.pid != os.getpid():
                _ringer = _Ringer()
    return _ringer


def _start_listening() -> None:
    global _listener
    with _making:
        if _listener is None or _listener.pid != os.getpid():
            _listener = _Listener()
