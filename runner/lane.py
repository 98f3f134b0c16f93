"""The synchronous lane, on the worker's side: calls come from a Redis list, answers go to others.

It runs inside the Celery worker's process beside Celery's own consumer. One thread does all of it that needs no
waiting: takes calls, has warm environments run them, sends the answers. Whatever may have to wait for something, a
cold start for one, goes to a thread of the crew.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings

from core import clock, redis
from core.link import Lost, Pipe
from core.resp import ReplyError
from runner import bell, leases, messages, rendezvous
from runner.calls import Begun, Calls
from runner.crew import Crew
from runner.execution import Executed, Running
from runner.messages import Call, Reply
from runner.quick import Quick, Work
from runner.reactor import Reactor, Timer
from runner.rendezvous import LANE, NESTED_LANE

log = logging.getLogger(__name__)

_WAIT_S = 5
_AHEAD = 4  # commands that wait for calls, sent ahead: so a burst of calls needs no round trip for each
_PAUSE_AFTER_ERROR_S = 0.5
_SILENT_S = 15.0  # without a reply that was due long before: the connection is dead, though nobody has said so
_STOP_S = 5.0
_LAST_ANSWERS_S = 2.0


class Lane:
    """Takes calls while there is a free slot, and hears the bell.

    Calls of functions that wait for other functions come on a list of their own, which is served whether or not a
    slot is free: their callers hold slots until they are answered. Either ``calls`` or ``on_bell`` may be None: a
    worker for one kind of work leaves the other's messages to others.
    """

    def __init__(self, *, crew: Crew, slots: int, calls: Calls | None, on_bell: Callable[[], None] | None) -> None:
        self._crew, self._slots, self._calls, self._on_bell = crew, slots, calls, on_bell
        self._reactor = Reactor()
        self._answers = _Answers(self._reactor)
        urgent = [*([bell.KEY] if on_bell else []), *([NESTED_LANE] if calls else [])]
        self._takers = [_Taker(self._reactor, urgent, self._take, lambda: True)]
        if calls is not None:
            self._takers.append(_Taker(self._reactor, [LANE], self._take, self._has_room))
        crew.freed = self._freed
        self._is_short = False  # whether a free slot would be news
        self._over = False
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more calls; those already taken are served."""
        for taker in self._takers:
            taker.stop()

    def close(self) -> None:
        """Send the last answers, and end the thread: once nothing runs any more."""
        self._reactor.call_soon(self._end)
        self._thread.join(_STOP_S)

    def _end(self) -> None:
        self._over = True

    def _run(self) -> None:
        for part in (self._answers, *self._takers):
            part.connect()
        while not self._over:
            try:
                self._reactor.turn()
            except Exception:
                # One call's mishap is not the others': its caller is told by its own patience.
                log.exception("The lane met a mistake of its own")
        until = clock.monotonic() + _LAST_ANSWERS_S
        wake = self._reactor.at(until, lambda: None)
        while self._answers.is_waiting and clock.monotonic() < until:
            self._reactor.turn()
        wake.cancel()
        for part in (self._answers, *self._takers):
            part.close()
        self._reactor.close()

    # -- for others who run something without a thread -----------------------------------------------

    def soon(self, work: Callable[[], None]) -> None:
        """Do ``work`` on the lane's thread; from any thread. What follows here is for that thread alone."""
        self._reactor.call_soon(work)

    def at(self, moment: float, work: Callable[[], None]) -> Timer:
        """Do ``work`` at a monotonic moment."""
        return self._reactor.at(moment, work)

    def drive(self, work: Work, crew: Crew) -> None:
        """Run what has begun in a warm environment."""
        Quick(self._reactor, crew, work)

    def release(self, key: str, request_id: str, then: Callable[[], None]) -> None:
        """Give a lease back without waiting for it; ``then`` it is free."""

        def done(result: Any) -> None:
            if isinstance(result, Lost | ReplyError):
                self._crew.run(leases.release, key, request_id)
            then()

        self._answers.command(done, "ZREM", key, request_id)

    def pass_on(self, key: str, *, ended: str, begins: str, seconds: float, lost: Callable[[], None]) -> None:
        """Have a lease belong to another request, without waiting for it; ``lost`` when Redis did not hear of it."""

        def done(result: Any) -> None:
            if isinstance(result, Lost | ReplyError):
                lost()

        self._answers.command(_nothing, "ZADD", key, f"{clock.now().timestamp() + seconds:.3f}", begins)
        self._answers.command(done, "ZREM", key, ended)

    # -- room --------------------------------------------------------------------------------------

    def _has_room(self) -> bool:
        self._is_short = True
        if self._crew.busy >= self._slots:
            return False
        self._is_short = False
        return True

    def _freed(self) -> None:
        if self._is_short and not self._over:
            self._reactor.call_soon(self._take_more)

    def _take_more(self) -> None:
        for taker in self._takers:
            taker.arm()

    # -- calls -------------------------------------------------------------------------------------

    def _take(self, key: str, raw: bytes) -> None:
        if key == bell.KEY:
            if self._on_bell is not None:
                self._on_bell()
        elif self._calls is not None:
            try:
                call = messages.decode_call(raw)
            except messages.NoCall as error:
                log.warning("Something that is no call was on the lane, and is left: %s", error)
                return
            if (begun := self._calls.begin(call)) is None:
                self._crew.run(self._calls.serve, call)
            else:
                self.drive(_CallWork(self, self._calls, begun), self._crew)

    def finish(self, calls: Calls, begun: Begun, executed: Executed) -> None:
        """Answer a call that was run without a thread."""
        reply = calls.reply(begun, executed)

        def sent(result: Any) -> None:
            if isinstance(result, Lost | ReplyError):
                self._crew.run(calls.send_late, begun.call, reply)
            calls.over(begun.call)
            self._crew.leave()
            if self._is_short:
                self._take_more()

        self._answers.send(begun.call, reply, sent)
        calls.record(begun, executed)


class _CallWork(NamedTuple):
    """A call in a warm environment."""

    lane: Lane
    calls: Calls
    begun: Begun

    @property
    def running(self) -> Running:
        return self.begun.running

    def over(self, executed: Executed) -> None:
        self.lane.finish(self.calls, self.begun, executed)

    def rest(self) -> None:
        self.calls.serve_rest(self.begun)


def _nothing(_result: Any) -> None:
    """For a reply that nobody waits for."""


# -- connections -----------------------------------------------------------------------------------


class _Connected:
    """Something with a connection to Redis, which is made again whenever it breaks."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._pipe: Pipe | None = None
        self._fd = -1
        self._is_closed = False
        self._will_send = False

    def connect(self) -> None:
        try:
            self._pipe = Pipe(settings.REDIS_URL)
        except (OSError, EOFError, ReplyError) as error:
            log.warning("Waiting for Redis to come back: %s", error)
            self._again()
            return
        self._fd = self._pipe.fileno()
        self._reactor.watch(self._fd, self._readable)
        self._reactor.at(clock.monotonic() + _SILENT_S, partial(self._listen, self._pipe))
        self._connected()

    def close(self) -> None:
        self._is_closed = True
        if self._pipe is not None:
            self._reactor.forget(self._fd)
            self._pipe.close()
            self._pipe = None

    def _readable(self) -> None:
        if self._pipe is not None and self._pipe.is_open:
            self._pipe.readable()
        self._check()

    def _listen(self, pipe: Pipe) -> None:
        """Every now and then: a connection may die without a word."""
        if pipe is not self._pipe:
            return
        if pipe.silent_s > _SILENT_S:
            pipe.abandon()
            self._check()
        else:
            self._reactor.at(clock.monotonic() + _SILENT_S / 3, partial(self._listen, pipe))

    def _send_soon(self) -> None:
        """After every command."""
        if not self._will_send:
            self._will_send = True
            self._reactor.before_waiting(self._send)

    def _send(self) -> None:
        self._will_send = False
        if self._pipe is not None:
            self._pipe.flush()
        self._check()

    def _check(self) -> None:
        """After every use: a connection that broke is made again in a moment."""
        if self._pipe is not None and not self._pipe.is_open:
            log.warning("A connection to Redis was lost.")
            self._reactor.forget(self._fd)
            self._pipe = None
            self._again()

    def _again(self) -> None:
        if not self._is_closed:
            self._reactor.at(clock.monotonic() + _PAUSE_AFTER_ERROR_S, self.connect)

    def _connected(self) -> None:
        return


class _Answers(_Connected):
    """Sends answers and gives leases back."""

    def __init__(self, reactor: Reactor) -> None:
        super().__init__(reactor)
        self._count = 0

    @property
    def is_waiting(self) -> bool:
        """Whether Redis has not taken all of them yet."""
        return self._count > 0

    def send(self, call: Call, reply: Reply, on_reply: Callable[[Any], None]) -> None:
        def replied(result: Any) -> None:
            self._count -= 1
            on_reply(result)

        self._count += 1
        if self._pipe is None:
            replied(Lost())
            return
        keys = [call.answer_to, call.lease_key]
        self._pipe.script(replied, rendezvous.ANSWER, keys=keys, args=[messages.encode_reply(reply), call.request_id])
        self._send_soon()

    def command(self, on_reply: Callable[[Any], None], *parts: str) -> None:
        """A command of somebody else's, whose loss does no harm."""
        if self._pipe is None:
            on_reply(Lost())
            return
        self._pipe.command(on_reply, *parts)
        self._send_soon()


class _Taker(_Connected):
    """Pops ``keys``, the most urgent first, for as long as ``has_room``."""

    def __init__(
        self,
        reactor: Reactor,
        keys: Sequence[str],
        on_item: Callable[[str, bytes], None],
        has_room: Callable[[], bool],
    ) -> None:
        super().__init__(reactor)
        self._keys, self._on_item, self._has_room = keys, on_item, has_room
        self._ahead = 0
        self._client_id = 0
        self._is_over = False

    def stop(self) -> None:
        """Take no more; from another thread. Returns when all that was taken has been handed on."""
        self._is_over = True
        idle = threading.Event()
        until = clock.monotonic() + _STOP_S
        while not idle.is_set() and clock.monotonic() < until:
            if self._client_id:
                try:
                    redis.connection().client_unblock(self._client_id)
                except redis.Unavailable:
                    return  # then nothing comes either
            self._reactor.call_soon(partial(self._tell, idle))
            idle.wait(0.01)

    def _tell(self, idle: threading.Event) -> None:
        if not self._ahead or self._pipe is None:
            idle.set()

    def arm(self) -> None:
        """Have enough commands on their way."""
        if self._is_over or self._ahead > _AHEAD // 2 or self._pipe is None or not self._has_room():
            return
        pipe, count = self._pipe, _AHEAD - self._ahead
        self._ahead = _AHEAD
        for _ in range(count):
            pipe.command(self._popped, "BLPOP", *self._keys, _WAIT_S)
        self._send_soon()

    def _connected(self) -> None:
        assert self._pipe is not None
        self._ahead = self._client_id = 0
        self._pipe.command(self._identify, "CLIENT", "ID")
        self._send_soon()
        self.arm()

    def _identify(self, reply: Any) -> None:
        self._client_id = reply if isinstance(reply, int) else 0

    def _popped(self, reply: Any) -> None:
        if isinstance(reply, Lost):
            return
        self._ahead -= 1
        try:
            if isinstance(reply, list):
                self._on_item(reply[0].decode(), reply[1])
        finally:
            self.arm()
