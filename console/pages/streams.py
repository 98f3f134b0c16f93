"""Looking on: whoever opens a run gets its lines as they come, and its end."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from django.http import StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.models import Account
from console import loglines, results, running
from console.course import Written
from console.http import ConsoleRequest
from console.pages.invocations import log_of, result_context, row_of
from console.results import Result
from console.running import ROW_WITHIN_S, Refusal, Running
from console.sse import EMPTY, message, partial
from core.database import in_thread
from core.errors import ServiceError
from functions import selectors
from functions.models import Version
from runner import services
from runner.answers import InLine, LogLine, WatchEnd
from runner.errors import InvocationNotFound
from runner.models import Invocation, InvocationType

log = logging.getLogger(__name__)

GATHER_S = 0.05  # between two messages of lines; the first goes at once
SOON_S = 0.06  # what comes so soon after the first line is in the answer to pressing Test: mostly, that is all
CROWD_S = 0.02  # so much later for each test that runs beside it: a second request makes a crowd wait longer
SOON_MOST_S = 0.5
QUICK_S = 2.0  # and the answer comes without a line after this time: a server that is busy is not asked twice
LOOK_S = 0.5  # how often the row of an event, or of another process's test, is looked at
FOLLOWED_S = 420  # AWS's two retries come after one minute and two more

type Lines = list[loglines.Line]
type Seen = loglines.Line | InLine | None
"""A line, a place in line, or nothing more."""


@dataclass(slots=True)
class Early:
    """What a test wrote in its first moments, and its result if it was over by then."""

    lines: Lines = field(default_factory=list)
    final: str = ""


@require_safe
def invocation_stream(request: ConsoleRequest, name: str, request_id: str) -> StreamingHttpResponse:
    """Server-sent events: the log lines of a test as they come, then its result in the place of the running one.

    Whoever comes late or again gets everything from the first line, from whichever process.
    """
    stream = _open(request, name, request_id)
    response = StreamingHttpResponse(stream.messages(), content_type="text/event-stream")
    response["Cache-Control"], response["X-Accel-Buffering"] = "no-cache", "no"
    return response


def _open(request: ConsoleRequest, name: str, request_id: str) -> "_Stream":
    version = selectors.get_version(account=request.account, name=name)
    language = translation.get_language() or "en"
    try:
        row = row_of(request.account, version, request_id)
    except InvocationNotFound:
        test = running.find(request_id, account=request.account)
        if test is None or test.name != name:
            raise
        return TestStream(request.account, version, request_id, language, test)
    kind = _EventStream if row.invocation_type == InvocationType.EVENT else _KeptStream
    return kind(request.account, version, request_id, language)


class _Stream:
    """What one looker-on is sent."""

    def __init__(self, account: Account, version: Version, request_id: str, language: str) -> None:
        self.account, self.version, self.request_id, self.language = account, version, request_id, language

    async def messages(self) -> AsyncIterator[bytes]:
        """Messages for htmx; each is made of ``<hx-partial>`` elements alone."""
        how = "innerHTML"  # the first lines take the place of those that a page has of it already
        try:
            async for seen in self.batches():
                if isinstance(seen, InLine):
                    if how == "innerHTML":  # else it has begun meanwhile
                        yield message(partial("#in-line", "innerHTML", self.place(seen)))
                    continue
                gone = partial("#in-line", "innerHTML", EMPTY) if how == "innerHTML" else ""
                yield message(partial("#log-lines", how, loglines.chunk(seen)) + gone)
                how = "beforeend"
            final = await self.final()
        except Exception as error:  # nobody but this stream tells whoever looks on
            final = await self.said(error)
        yield message(partial("#result", "outerHTML", final))

    async def said(self, error: Exception) -> SafeString:
        """The result of what never ran; or, after a mistake of ours, where it is to be found."""
        if isinstance(error, ServiceError):
            return await in_thread(self.refused, Refusal.by(error))
        log.error("The result of %s cannot be shown", self.request_id, exc_info=error)
        return await in_thread(self.lost)

    def place(self, seen: InLine) -> SafeString:
        """How many are before it."""
        with translation.override(self.language):
            return render_to_string("functions/_in_line.html", {"ahead": seen.ahead, "is_taken": seen.is_taken})

    async def batches(self) -> AsyncIterator[Lines | InLine]:
        """Log lines in batches, until it is over, and while it waits its place in line; raises the ``ServiceError`` that kept it from running."""
        yield await in_thread(log_of, self.account, self.version, self.request_id)

    async def final(self) -> SafeString:
        """What takes the place of the running result."""
        return await in_thread(self._from_row)

    def row(self) -> Invocation:
        return row_of(self.account, self.version, self.request_id)

    def _from_row(self) -> SafeString:
        return self.render(results.of_row(self.row()))

    def render(self, result: Result, log: Sequence[Written] = ()) -> SafeString:
        with translation.override(self.language):
            context = {"account": self.account, **result_context(self.version, result, log)}
            return render_to_string("functions/_result.html", context)

    def refused(self, refusal: Refusal) -> SafeString:
        with translation.override(self.language):
            return render_to_string("functions/_refused.html", {"error": refusal})

    def lost(self) -> SafeString:
        """That the result cannot be shown here, with the way to it."""
        with translation.override(self.language):
            context = {"account": self.account, "name": self.version.function.name, "request_id": self.request_id}
            return render_to_string("functions/_lost.html", context)


class _KeptStream(_Stream):
    """Of a test that is over: its log and its result, from the database."""


class _EventStream(_Stream):
    """Of an asynchronous test: its row is followed through every attempt."""

    async def batches(self) -> AsyncIterator[Lines | InLine]:
        sent, deadline = 0, asyncio.get_running_loop().time() + FOLLOWED_S
        while True:
            row, lines = await in_thread(self._look)
            if lines[sent:]:
                yield lines[sent:]
                sent = len(lines)
            if row.is_final or asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(LOOK_S)

    def _look(self) -> tuple[Invocation, Lines]:
        row = self.row()  # before its lines: what a final row wrote is there
        return row, log_of(self.account, self.version, self.request_id)


class TestStream(_Stream):
    """Of a test that runs: its lines come from the runner."""

    def __init__(self, account: Account, version: Version, request_id: str, language: str, test: Running) -> None:
        super().__init__(account, version, request_id, language)
        self.test = test
        self.written: list[Written] = []

    async def early(self) -> Early:
        """What there is of it a moment after it began, or as soon as it is over."""
        found = Early()
        now = asyncio.get_running_loop().time
        patience = asyncio.timeout(QUICK_S)
        try:
            async with patience, aclosing(self.batches(gather_s=0)) as batches:
                async for lines in batches:
                    if isinstance(lines, InLine):
                        continue
                    if not found.lines and not patience.expired():
                        patience.reschedule(now() + min(SOON_S + CROWD_S * (running.how_many() - 1), SOON_MOST_S))
                    found.lines += lines
            found.final = await self.final()
        except TimeoutError:
            pass  # it goes on: its stream tells the rest, once more from the first line
        except Exception as error:  # nobody but this answer tells whoever pressed the button
            found.final = await self.said(error)
        return found

    async def batches(self, gather_s: float = GATHER_S) -> AsyncGenerator[Lines | InLine]:
        queue: asyncio.Queue[Seen] = asyncio.Queue()
        helpers = [asyncio.create_task(self._pump(queue))]
        if self.test.task is None:
            helpers.append(asyncio.create_task(self._look_out(queue)))
        now = asyncio.get_running_loop().time
        try:
            over, sent = False, 0.0
            while not over:
                batch = [await self._next(queue)]
                await asyncio.sleep(max(0.0, sent + gather_s - now()) if batch[0] is not None else 0)
                sent = now()
                while not queue.empty():
                    batch.append(queue.get_nowait())
                over = None in batch
                if lines := [line for line in batch if isinstance(line, tuple)]:
                    yield lines
                elif places := [place for place in batch if isinstance(place, InLine)]:
                    yield places[-1]
        finally:
            for helper in helpers:
                helper.cancel()

    async def _pump(self, queue: "asyncio.Queue[Seen]") -> None:
        async for item in services.watch(self.request_id):
            if isinstance(item, LogLine):
                self.written.append((item.timestamp_ms, item.message, item.source))
                queue.put_nowait((item.message, item.source))
            elif isinstance(item, InLine):
                queue.put_nowait(item)
            elif isinstance(item, WatchEnd):
                break
        queue.put_nowait(None)

    async def _look_out(self, queue: "asyncio.Queue[Seen]") -> None:
        """Another process runs it: what its lines do not tell is that it was refused, or that its end was lost."""
        while not await in_thread(self._is_over):
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(LOOK_S)  # the last lines are on their way
        queue.put_nowait(None)

    def _is_over(self) -> bool:
        if running.refusal(self.request_id) or running.find(self.request_id, account=self.account) is None:
            return True
        try:
            return self.row().is_final
        except InvocationNotFound:
            return False

    async def _next(self, queue: "asyncio.Queue[Seen]") -> "Seen":
        getting = asyncio.ensure_future(queue.get())
        try:
            return await self._got(getting)
        finally:
            getting.cancel()

    async def _got(self, getting: "asyncio.Future[Seen]") -> "Seen":
        waiting: set[asyncio.Future[Any]] = {getting}
        task = self.test.task
        if task and not task.done():
            waiting.add(task)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if getting.done() or task is None:
            return await getting
        if task.exception():
            task.result()  # raises it
        try:
            return await asyncio.wait_for(getting, ROW_WITHIN_S)
        except TimeoutError:
            return None  # the answer is there, and its last lines are not: show the answer

    async def final(self) -> SafeString:
        if self.test.task is not None:
            answer = await self.test.task
            result = results.of_answer(answer, payload=self.test.payload, code_sha256=self.test.code_sha256)
            return await in_thread(self.render, result, self.written)
        if refusal := await in_thread(running.refusal, self.request_id):
            return await in_thread(self.refused, refusal)
        return await self._kept()

    async def _kept(self) -> SafeString:
        """The result of a test that another process started: its row, as soon as it is there."""
        deadline = asyncio.get_running_loop().time() + ROW_WITHIN_S
        while True:
            try:
                return await super().final()
            except InvocationNotFound:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(GATHER_S)
