"""Synchronous invocations of a server's event loop: sent and answered in the loop, so that none of them costs a thread.

``runner.rendezvous`` is the same for threads, and what is used while there is no meeting. When Redis goes away the
meeting connects again, and the calls that wait go on waiting.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from core import redis
from core.link import Link, Lost
from core.resp import ReplyError
from runner import leases, leaving, messages, presence, rendezvous
from runner.errors import EnvironmentFailure, MessengerUnavailable, NoWorker
from runner.leases import Allowance
from runner.messages import Call, Reply
from runner.rendezvous import LANE, NESTED_LANE

log = logging.getLogger(__name__)

FIRST_LOOK_S = 10.0  # after so long without an answer, see whether anybody can still give one
LOOK_EVERY_S = 4.0  # twice as long as a worker is silent about a call that it has taken
LOOKS = 2  # in so many of them nobody knew of a call that is lost
_WAIT_S = 5  # of one command that waits for an answer
_WAITING_COMMANDS = 16  # sent ahead, so that a burst of answers needs no round trip for each
_PAUSE_AFTER_ERROR_S = 0.5
_SILENT_S = 15.0  # without a reply that was due long before: the connection is dead, though nobody has said so


class Vigil:
    """Over one call: whether it can still be answered, look after look."""

    def __init__(self) -> None:
        self._missed = 0  # looks in a row in which nobody knew of it

    def trouble(self, seen: presence.Seen, request_id: str) -> NoWorker | EnvironmentFailure | None:
        """What its caller is to be told after another look: there is no worker, or the one that took it is gone."""
        self._missed = 0 if seen.knows(request_id) else self._missed + 1
        if not seen.anybody:
            return NoWorker(seconds=int(FIRST_LOOK_S))
        return EnvironmentFailure(reason="the worker that ran it is gone") if self._missed >= LOOKS else None


@dataclass(slots=True, eq=False)
class _Caller:
    """Somebody who waits for an answer, since a moment of the loop's time."""

    future: asyncio.Future[Reply]
    since: float
    lease_key: str
    vigil: Vigil = field(default_factory=Vigil)


class Meeting:
    """The callers of one event loop."""

    def __init__(self) -> None:
        self.address, self._former = _new_address(), ""
        self._waiting: dict[str, _Caller] = {}
        self._looked = 0.0
        self._commands: Link | None = None
        self._answers: Link | None = None
        self._ahead = 0
        self._is_over = False
        self._keeper: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether calls can be sent."""
        return self._commands is not None and self._commands.is_open

    async def open(self) -> None:
        """Connect, and stay connected, until ``close``."""
        await self._connect()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def close(self) -> None:
        """Stop listening."""
        self._is_over = True
        if self._keeper is not None:
            self._keeper.cancel()
        for link in (self._commands, self._answers):
            if link is not None:
                link.close()

    async def ask(self, call: Call, *, allowance: Allowance, patience_s: float) -> Reply:
        """Take a lease, put the call on the lane, and wait for its answer.

        Raises ``ReservedConcurrencyExceeded``, ``AccountConcurrencyExceeded``, ``MessengerUnavailable``, ``NoWorker``
        or ``EnvironmentFailure``. Who is cancelled gives up a call that has not begun yet.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting[call.request_id] = _Caller(future, loop.time(), allowance.key)
        end = loop.call_later(patience_s, _give_up, future, patience_s)
        try:
            self._send(call, allowance, patience_s, future)
            return await future
        except asyncio.CancelledError:
            if self._commands is not None:
                leaving.say(self._commands, call.request_id)
            raise
        finally:
            end.cancel()
            self._waiting.pop(call.request_id, None)

    # -- sending -----------------------------------------------------------------------------------

    def _send(self, call: Call, allowance: Allowance, patience_s: float, future: "asyncio.Future[Reply]") -> None:
        def sent(reply: Any) -> None:
            if future.done():
                return
            if isinstance(reply, Lost):
                self._begin(self._send_again(call, allowance, patience_s, future))
            elif isinstance(reply, ReplyError):
                log.error("Redis refuses calls: %s", reply)
                future.set_exception(MessengerUnavailable())
            elif not reply:
                future.set_exception(allowance.refusal())

        keys, args = leases.acquisition(allowance, request_id=call.request_id, seconds=patience_s)
        if self._commands is None:
            sent(Lost())
        else:
            lane, message = rendezvous.lane_of(call), messages.encode_call(call)
            self._commands.script(sent, leases.ACQUIRE, keys=[*keys, lane], args=[*args, message])

    async def _send_again(
        self, call: Call, allowance: Allowance, patience_s: float, future: "asyncio.Future[Reply]"
    ) -> None:
        """The connection broke: once more on another, from a thread. The script pushes nothing twice."""
        try:
            await asyncio.to_thread(
                leases.acquire_and_push,
                allowance,
                request_id=call.request_id,
                seconds=patience_s,
                lane=rendezvous.lane_of(call),
                message=messages.encode_call(call),
            )
        except Exception as error:
            if not future.done():
                future.set_exception(error)

    def _begin(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # -- answers -----------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE_AFTER_ERROR_S)
            for link in (self._commands, self._answers):
                if link is not None and link.silent_s > _SILENT_S:
                    link.close()
            if not self.is_open or self._answers is None or not self._answers.is_open:
                await self._connect()
            self._look_after_those_who_wait(asyncio.get_running_loop().time())

    def _look_after_those_who_wait(self, now: float) -> None:
        if now - self._looked < LOOK_EVERY_S:
            return
        overdue = {key: caller for key, caller in self._waiting.items() if now - caller.since >= FIRST_LOOK_S}
        if overdue:
            self._looked = now
            self._begin(_look(overdue))

    async def _connect(self) -> None:
        try:
            if not self.is_open:
                self._commands = await Link.open(settings.REDIS_URL, on_lost=self._lost)
            if self._answers is None or not self._answers.is_open:
                await self._connect_answers()
        except (OSError, TimeoutError) as error:
            log.warning("Waiting for Redis to come back: %s", error)

    async def _connect_answers(self) -> None:
        """Listen at a new address: Redis may not know yet that nobody hears what it says on the connection before."""
        link = await Link.open(settings.REDIS_URL, on_lost=self._lost)
        if self._answers is not None:
            self.address, self._former = _new_address(), self.address
        self._answers, self._ahead = link, 0
        self._listen()

    def _lost(self) -> None:
        if not self._is_over:
            log.warning("A connection to Redis was lost.")

    def _listen(self) -> None:
        """Have enough commands on their way that wait for the next answers."""
        if self._answers is None or self._ahead > _WAITING_COMMANDS // 2:
            return
        link, count = self._answers, _WAITING_COMMANDS - self._ahead
        self._ahead = _WAITING_COMMANDS
        for _ in range(count):
            link.command(self._answered, "BLPOP", self.address, self._former or self.address, _WAIT_S)

    def _answered(self, popped: Any) -> None:
        if isinstance(popped, Lost):
            return
        self._ahead -= 1
        if isinstance(popped, list):
            reply = messages.decode_reply(popped[1])
            if isinstance(reply, Reply):
                caller = self._waiting.pop(reply.request_id, None)
                if caller is not None and not caller.future.done():
                    caller.future.set_result(reply)
        if not self._is_over:
            self._listen()


def _new_address() -> str:
    return f"answers:{os.getpid()}-{secrets.token_hex(4)}"


async def _look(overdue: Mapping[str, _Caller]) -> None:
    """Tell those who wait for nothing: there is no worker, or the one that took the call went down with it."""
    try:
        seen = await asyncio.to_thread(presence.look, (LANE, NESTED_LANE))
    except redis.Unavailable:
        return  # then nobody can tell
    for request_id, caller in overdue.items():
        if caller.future.done():
            continue
        if trouble := caller.vigil.trouble(seen, request_id):
            caller.future.set_exception(trouble)
            if isinstance(trouble, EnvironmentFailure):
                await asyncio.to_thread(leases.release, caller.lease_key, request_id)


def _give_up(future: "asyncio.Future[Reply]", patience_s: float) -> None:
    if not future.done():
        future.set_exception(NoWorker(seconds=int(patience_s)))


_meetings: WeakKeyDictionary[asyncio.AbstractEventLoop, Meeting] = WeakKeyDictionary()


async def open_for_this_loop() -> None:
    """From now on invocations of this event loop need no thread; for a server, as it starts."""
    meeting = _meetings[asyncio.get_running_loop()] = Meeting()
    await meeting.open()


def close_of_this_loop() -> None:
    """The server stops."""
    if meeting := _meetings.pop(asyncio.get_running_loop(), None):
        meeting.close()


def of_this_loop() -> Meeting | None:
    """The meeting of the running event loop, when it has one that is connected."""
    meeting = _meetings.get(asyncio.get_running_loop())
    return meeting if meeting is not None and meeting.is_open else None
