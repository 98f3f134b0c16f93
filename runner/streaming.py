"""A streamed answer on the caller's side: its parts as they come, in an event loop."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from runner import presence, rendezvous
from runner.answers import Answer
from runner.errors import EnvironmentFailure, NoWorker
from runner.messages import Part, Reply

_LOOK_EVERY_S = 10.0  # without a sign of life, see whether there is any worker at all


class Arrivals:
    """Hands what a thread puts to one event loop, in order. Made in that loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Part | Reply] = asyncio.Queue()

    def put(self, item: Part | Reply) -> None:
        """From any thread; what comes after the loop has ended is nobody's any more."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    async def get(self, patience_s: float) -> Part | Reply:
        """The next. Raises ``NoWorker`` when there is none for too long."""
        waited = 0.0
        while waited < patience_s:
            try:
                return await asyncio.wait_for(self._queue.get(), _LOOK_EVERY_S)
            except TimeoutError:
                waited += _LOOK_EVERY_S
                if not await asyncio.to_thread(presence.anybody):
                    break
        raise NoWorker(seconds=int(waited))


@dataclass(slots=True)
class Streamed:
    """An answer that has begun. ``parts`` is to be read once; afterwards ``answer`` is there, without a payload.

    ``content_type`` is what the function calls its answer, often empty; ``function_error`` of the answer says whether
    the function failed, then its payload is the error document: before the first part, or in the middle.
    """

    request_id: str
    executed_version: str
    content_type: str
    _arrivals: Arrivals
    _first: Part | Reply
    _patience_s: float
    _answers: list[Answer] = field(default_factory=list)

    @classmethod
    async def begin(cls, arrivals: Arrivals, request_id: str, future: "Future[Reply]", patience_s: float) -> "Streamed":
        """Wait for the first sign. Raises ``EnvironmentFailure`` and ``NoWorker``."""
        future.add_done_callback(lambda done: None if done.cancelled() else arrivals.put(done.result()))
        try:
            first = await arrivals.get(patience_s)
            if isinstance(first, Part):
                version, content_type = first.executed_version, first.content_type
            else:
                version, content_type = _answer(first).executed_version, ""
        except BaseException:
            rendezvous.of_this_process().forget(request_id)
            raise
        return cls(request_id, version, content_type, arrivals, first, patience_s)

    @property
    def answer(self) -> Answer:
        """How it ended; once ``parts`` has been read to its end."""
        return self._answers[0]

    async def parts(self) -> AsyncIterator[bytes]:
        """The parts. Raises ``EnvironmentFailure`` and ``NoWorker`` when the rest will not come."""
        try:
            item = self._first
            while isinstance(item, Part):
                if item.payload:
                    yield item.payload
                item = await self._arrivals.get(self._patience_s)
            answer = _answer(item)
            self._answers.append(answer)
            if answer.payload and not answer.function_error:
                yield answer.payload
        finally:
            rendezvous.of_this_process().forget(self.request_id)


def _answer(reply: Reply) -> Answer:
    if reply.answer is None:
        raise EnvironmentFailure(reason=reply.failure)
    return reply.answer
