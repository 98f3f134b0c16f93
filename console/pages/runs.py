"""Running a test: what is on screen is saved and run, and the answer tells what there is of it after a moment."""

import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from console import event_json, loglines, results, running
from console.http import ConsoleRequest, fragment, is_htmx
from console.middleware import error_response
from console.pages import errors, invocations, saving
from console.pages.invocations import log_of, result_context, row_of
from console.pages.streams import Early, TestStream
from console.running import Running
from console.sse import EMPTY
from core import ids
from core.database import in_thread
from core.errors import ServiceError, ServiceFailure
from functions import selectors
from functions.models import Version
from runner import services
from runner.errors import InvocationNotFound
from runner.models import InvocationType

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    version: Version
    payload: bytes
    request_id: str
    is_event: bool
    qualifier: str  # a version or alias that is run as it is; empty: what is on screen, saved first


@require_POST
def function_test(request: ConsoleRequest, name: str) -> HttpResponseBase:
    """Save what is on screen, run it with the event, and answer with a result that fills itself in as it comes."""
    ready = _prepare(request, name)
    if isinstance(ready, HttpResponse):
        return ready
    response: HttpResponseBase
    if ready.is_event:
        if not is_htmx(request):
            return invocations.to_invocation(request, name, ready.request_id)
        response = HttpResponse(_answer(request, ready, Early()))
    else:
        language = translation.get_language() or "en"
        response = StreamingHttpResponse(_run(request, ready, language))
    query = {"run": ready.request_id, **({"qualifier": ready.qualifier} if ready.qualifier else {})}
    response["HX-Replace-Url"] = f"/{request.account.slug}/functions/{name}/?{urlencode(query)}"
    return response


async def _run(request: ConsoleRequest, ready: "_Ready", language: str) -> AsyncIterator[str]:
    """Start it, and tell what there is of it after a moment; a browser without scripts is told when it is over."""
    test = running.start(
        account=request.account,
        name=ready.version.function.name,
        payload=ready.payload,
        code_sha256=ready.version.package_id,
        request_id=ready.request_id,
        qualifier=ready.qualifier,
    )
    with translation.override(language):
        if not is_htmx(request):
            yield await in_thread(_over, request, ready, await _outcome(test))
            return
        stream = TestStream(request.account, ready.version, ready.request_id, language, test)
        early = await stream.early()
        yield await in_thread(_answer, request, ready, early)


def _prepare(request: ConsoleRequest, name: str) -> "_Ready | HttpResponse":
    text = request.POST.get("event", "").replace("\r\n", "\n")
    if problems := event_json.check(text):
        return _bad_event(request, problems[0])
    qualifier = request.POST.get("qualifier", "")
    version: Version | HttpResponse
    if qualifier:
        version = selectors.get_version(account=request.account, name=name, qualifier=qualifier)
    else:
        version = saving.save(request, name)
    if isinstance(version, HttpResponse):
        return version
    request_id, is_event = ids.request_id(), request.POST.get("mode") == "event"
    if is_event:
        services.invoke_async(
            account=request.account,
            reference=name,
            qualifier=qualifier,
            payload=text.encode(),
            source="console",
            request_id=request_id,
        )
    else:
        running.announce(account=request.account, name=name, code_sha256=version.package_id, request_id=request_id)
    return _Ready(version, text.encode(), request_id, is_event, qualifier)


def _bad_event(request: ConsoleRequest, problem: event_json.Problem) -> HttpResponse:
    if is_htmx(request):
        return fragment(request, "functions/_bad_event.html", {"problem": problem}, status=422)
    where = _("Line %(line)s of the event") % {"line": problem.line}
    return errors.page(request, 422, _("Not run: the event is not valid JSON"), f"{where} · {problem.message}")


async def _outcome(test: Running) -> ServiceError | None:
    try:
        await test.task  # type: ignore[misc]
    except ServiceError as error:
        return error
    except Exception:  # the page that leads on is the only one that tells
        log.exception("A test broke off")
        return ServiceFailure()
    return None


def _over(request: ConsoleRequest, ready: _Ready, error: ServiceError | None) -> str:
    """On to its page, or why it did not run."""
    if error:
        return error_response(request, error).text
    return render_to_string("functions/_over.html", {"version": ready.version, "run_id": ready.request_id}, request)


def _answer(request: ConsoleRequest, ready: _Ready, early: Early) -> str:
    function = ready.version.function
    context = {
        "version": ready.version,
        "function": function,
        "request_id": ready.request_id,
        "is_event": ready.is_event,
        "qualifier": ready.qualifier,
        "log": loglines.chunk(early.lines) if early.lines else EMPTY,
        "final": early.final,
    }
    return render_to_string("functions/_started.html", context, request)


# -- coming back -----------------------------------------------------------------------------------


def last_run(request: ConsoleRequest, version: Version) -> dict[str, Any]:
    """What a page shows that was loaded again while or after its test ran: its result, or its stream."""
    request_id = request.GET.get("run", "")
    if not _is_request_id(request_id):
        return {}
    try:
        row = row_of(request.account, version, request_id)
    except InvocationNotFound:
        test = running.find(request_id, account=request.account)
        return {"run_id": request_id} if test and test.name == version.function.name else {}
    if not row.is_final:
        return {"run_id": request_id, "is_event": row.invocation_type == InvocationType.EVENT}
    log = loglines.chunk(log_of(request.account, version, request_id))
    return {"run_id": request_id, "run_log": log, **result_context(version, results.of_row(row))}


def event_of(request: ConsoleRequest, version: Version) -> str:
    """The event of the invocation that ``?event=`` names, for a test with the same; empty where there is none."""
    request_id = request.GET.get("event", "")
    if not _is_request_id(request_id):
        return ""
    try:
        payload = results.of_row(row_of(request.account, version, request_id)).payload
    except InvocationNotFound:
        return ""
    return results.pretty(payload)[0] if payload else ""


def _is_request_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
