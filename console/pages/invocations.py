"""Invocations: the list, each one, and looking on while one runs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.models import Account
from console import editing, explain, loglines, results, running, timeline
from console.http import ConsoleRequest, finish, render_page
from console.pages.common import function_context
from console.results import Result
from console.templatetags.console import STATES
from core.database import in_thread
from core.errors import InvalidParameterValue, ServiceError
from functions import selectors
from functions.models import Version
from logs.models import LogEvent
from logs.selectors import events_of_request
from runner import selectors as invocations
from runner import services
from runner.answers import LogLine, WatchEnd
from runner.errors import InvocationNotFound
from runner.models import Invocation, State

PAGE_SIZE = 50
GATHER_S = 0.05  # lines are sent together that come within this time
ROW_WITHIN_S = 5.0  # the worker writes an invocation's row a moment after its answer
FINAL = (State.SUCCEEDED, State.FAILED, State.DEAD_LETTER, State.DISCARDED)


def to_function(request: HttpRequest, name: str, said: str = "") -> HttpResponse:
    """On to the function's page."""
    account: Account = request.account  # type: ignore[attr-defined]
    return finish(request, "function_detail", account.slug, name, said=said)


def to_invocation(request: HttpRequest, name: str, request_id: str) -> HttpResponse:
    """On to an invocation's page."""
    account: Account = request.account  # type: ignore[attr-defined]
    return redirect("invocation_detail", account.slug, name, request_id)


# -- pages -----------------------------------------------------------------------------------------


@require_safe
def invocation_list(request: ConsoleRequest, name: str) -> HttpResponse:
    """A function's invocations, newest first."""
    version = selectors.get_version(account=request.account, name=name)
    rows = invocations.list_invocations(account=request.account, function=version.function)
    chosen = request.GET.get("state", "")
    if chosen in State.values:
        rows = rows.filter(state=chosen)
    context = {
        **function_context(request, version, tab="invocations"),
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "chosen": chosen,
        "choices": [(value, STATES[value][2]) for value in State.values],
    }
    return render_page(request, "invocations/list.html", context, fragments={"invocations"})


@require_safe
def invocation_detail(request: ConsoleRequest, name: str, request_id: str) -> HttpResponse:
    """One invocation: event, result and log."""
    version = selectors.get_version(account=request.account, name=name)
    row = _row_of(request.account, version, request_id)
    result = results.of_row(row)
    events = _events(request.account, version, request_id)
    context = {
        **function_context(request, version, tab="invocations"),
        "invocation": row,
        "event": results.pretty(result.payload)[0] if result.payload else "",
        "log": loglines.chunk((event.message, event.source) for event in events),
        "timeline": timeline.placed(timeline.steps(row, events)),
        **result_context(version, result),
    }
    return render_page(request, "invocations/detail.html", context, fragments={"invocation"})


def _row_of(account: Account, version: Version, request_id: str) -> Invocation:
    row = invocations.get_invocation(account=account, request_id=request_id)
    if row.function_id != version.function_id:
        raise InvocationNotFound(request_id=request_id)
    return row


def _events(account: Account, version: Version, request_id: str) -> list[LogEvent]:
    return list(events_of_request(account=account, group=log_group(version), request_id=request_id, limit=10_000))


def log_group(version: Version) -> str:
    """The log group a function writes to."""
    return str(version.logging.get("LogGroup") or f"/aws/lambda/{version.function.name}")


def result_context(version: Version, result: Result) -> dict[str, Any]:
    """A result with its explanation; the code is looked at only when it is the code that ran."""
    explanation = None
    if result.ok is False:
        files = text_files(version) if result.code_sha256 in ("", version.package_id) else {}
        case = explain.Case(
            result, handler=version.handler, timeout=version.timeout, memory_size=version.memory_size, files=files
        )
        explanation = explain.explain(case)
    return {"result": result, "explanation": explanation, "function": version.function, "version": version}


def text_files(version: Version) -> dict[str, str]:
    """The text files of a version's package, by path; none when it is too large for the editor."""
    try:
        found = editing.files(version.package_id)
    except InvalidParameterValue:
        return {}
    return {file.path: file.text for file in found if file.text is not None}


# -- looking on ------------------------------------------------------------------------------------


@require_safe
async def invocation_stream(request: ConsoleRequest, name: str, request_id: str) -> StreamingHttpResponse:
    """Server-sent events: the log lines of a test as they come, then its result in the place of the running one."""
    version = await in_thread(selectors.get_version, account=request.account, name=name)
    stream = _Stream(request.account, version, request_id, translation.get_language() or "en")
    response = StreamingHttpResponse(stream.messages(), content_type="text/event-stream")
    response["Cache-Control"], response["X-Accel-Buffering"] = "no-cache", "no"
    return response


class _Stream:
    """What one looker-on is sent."""

    def __init__(self, account: Account, version: Version, request_id: str, language: str) -> None:
        self.account, self.version, self.request_id, self.language = account, version, request_id, language
        self.test = running.find(request_id, account=account)

    async def messages(self) -> AsyncIterator[bytes]:
        """Messages for htmx; each is made of ``<hx-partial>`` elements alone."""
        try:
            async for lines in self._batches():
                yield message(partial("#log-lines", "beforeend", loglines.chunk(lines)))
            final = await self._final()
        except ServiceError as error:
            final = await in_thread(self._refused, error)
        yield message(partial("#result", "outerHTML", final))

    async def _batches(self) -> AsyncIterator[list[loglines.Line]]:
        """Log lines in batches, until the test is over; raises the ``ServiceError`` that kept it from running."""
        queue: asyncio.Queue[loglines.Line | None] = asyncio.Queue()
        pump = asyncio.create_task(self._pump(queue))
        try:
            over = False
            while not over:
                batch = [await self._next(queue)]
                await asyncio.sleep(GATHER_S if batch[0] is not None else 0)
                while not queue.empty():
                    batch.append(queue.get_nowait())
                over = None in batch
                if lines := [line for line in batch if line is not None]:
                    yield lines
        finally:
            pump.cancel()

    async def _pump(self, queue: "asyncio.Queue[loglines.Line | None]") -> None:
        async for item in services.watch(self.request_id):
            if isinstance(item, LogLine):
                queue.put_nowait((item.message, item.source))
            elif isinstance(item, WatchEnd):
                break
        queue.put_nowait(None)

    async def _next(self, queue: "asyncio.Queue[loglines.Line | None]") -> "loglines.Line | None":
        getting = asyncio.ensure_future(queue.get())
        waiting: set[asyncio.Future[Any]] = {getting}
        if self.test and not self.test.task.done():
            waiting.add(self.test.task)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        test = self.test
        assert test is not None
        if test.task.exception():
            getting.cancel()
            test.task.result()  # raises it
        try:
            return await asyncio.wait_for(getting, ROW_WITHIN_S)
        except TimeoutError:
            return None  # the answer is there, and its last lines are not: show the answer

    async def _final(self) -> SafeString:
        test = self.test
        if test is not None:
            answer = await test.task
            result = results.of_answer(answer, payload=test.payload, code_sha256=self.version.package_id)
            return await in_thread(self._render, result)
        return await self._kept()

    async def _kept(self) -> SafeString:
        """The result of a test that another process started: its row, as soon as it is there."""
        deadline = asyncio.get_running_loop().time() + ROW_WITHIN_S
        while True:
            try:
                return await in_thread(self._from_row)
            except InvocationNotFound:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(GATHER_S)

    def _from_row(self) -> SafeString:
        return self._render(results.of_row(_row_of(self.account, self.version, self.request_id)))

    def _render(self, result: Result) -> SafeString:
        with translation.override(self.language):
            context = {"account": self.account, **result_context(self.version, result)}
            return render_to_string("functions/_result.html", context)

    def _refused(self, error: ServiceError) -> SafeString:
        with translation.override(self.language):
            return render_to_string("functions/_refused.html", {"error": error})


def message(html: str) -> bytes:
    """One server-sent message."""
    return "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n")).encode() + b"\n"


def partial(target: str, swap: str, html: SafeString) -> SafeString:
    """``html`` for the elements that ``target`` selects."""
    return format_html('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>', target, swap, html)
