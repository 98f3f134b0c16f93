"""Invocations: the list, and each one."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts import clocks
from accounts.models import Account
from console import case, editing, explain, loglines, results, running, timeline
from console.course import Written
from console.http import ConsoleRequest, expect, finish, render_page
from console.middleware import error_response
from console.pages.common import function_context
from console.results import Result
from console.templatetags.console import STATES
from core.errors import InvalidParameterValue
from functions import selectors
from functions.models import Version
from logs.models import LogEvent
from logs.selectors import events_of_request
from runner import selectors as invocations
from runner.errors import InvocationNotFound
from runner.models import Invocation, State

PAGE_SIZE = 50
TIMED_OUT = "Sandbox.Timedout"
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
    """One invocation: event, result and log; also when the result that led here is a moment ahead of its row."""
    version = selectors.get_version(account=request.account, name=name)
    try:
        row = row_of(request.account, version, request_id)
    except InvocationNotFound as error:
        test = running.find(request_id, account=request.account)
        if test is None or test.name != name:
            raise
        return expect(error_response(request, error))
    result = results.of_row(row)
    events = _events(request.account, version, request_id)
    context = {
        **function_context(request, version, tab="invocations"),
        "invocation": row,
        "event": results.pretty(result.payload)[0] if result.payload else "",
        "log": loglines.chunk((event.message, event.source) for event in events),
        "timeline": timeline.placed(
            timeline.steps(row, events, ahead=invocations.ahead_of(invocation=row), by=clocks.of(request.account))
        ),
        **result_context(version, result),
    }
    return render_page(request, "invocations/detail.html", context, fragments={"invocation"})


def row_of(account: Account, version: Version, request_id: str) -> Invocation:
    """An invocation of this very function, or ``InvocationNotFound``."""
    row = invocations.get_invocation(account=account, request_id=request_id)
    if row.function_id != version.function_id:
        raise InvocationNotFound(request_id=request_id)
    return row


def _events(account: Account, version: Version, request_id: str) -> list[LogEvent]:
    return list(events_of_request(account=account, group=log_group(version), request_id=request_id, limit=10_000))


def log_of(account: Account, version: Version, request_id: str) -> list[loglines.Line]:
    """What an invocation wrote, as far as it is kept already."""
    return [(event.message, event.source) for event in _events(account, version, request_id)]


def log_group(version: Version) -> str:
    """The log group a function writes to."""
    return str(version.logging.get("LogGroup") or f"/aws/lambda/{version.function.name}")


def written(account: Account, version: Version, request_id: str) -> list[Written]:
    """The same with the moment of each line."""
    return [(event.timestamp, event.message, event.source) for event in _events(account, version, request_id)]


def result_context(version: Version, result: Result, log: Sequence[Written] = ()) -> dict[str, Any]:
    """A result with its explanation; the code is looked at only when it is the code that ran.

    ``log`` is what it wrote, for whoever has it; otherwise it is read where an explanation wants it.
    """
    explanation = None
    if result.ok is False:
        files = text_files(version) if result.code_sha256 in ("", version.package_id) else {}
        if result.error_type == TIMED_OUT and not log:
            log = written(version.function.account, version, result.request_id)
        failed = case.Case(
            result,
            log=log,
            handler=version.handler,
            timeout=version.timeout,
            memory_size=version.memory_size,
            files=files,
            account_id=version.function.account_id,
            role=version.role_arn.rpartition("/")[2],
        )
        explanation = explain.explain(failed)
    return {"result": result, "explanation": explanation, "function": version.function, "version": version}


def text_files(version: Version) -> dict[str, str]:
    """The text files of a version's package, by path; none when it is too large for the editor."""
    try:
        found = editing.files(version.package_id)
    except InvalidParameterValue:
        return {}
    return {file.path: file.text for file in found if file.text is not None}
