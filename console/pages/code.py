"""The Code tab: the function's files, a test event, and what comes of running it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from console import editing, event_json, event_templates, linting, running
from console.http import ConsoleRequest, fragment, is_htmx, render_page
from console.pages import invocations
from console.pages.common import function_context
from core import ids
from core.database import in_thread
from core.errors import InvalidParameterValue, ResourceConflict
from functions import archives, selectors
from functions.models import TestEvent, Version
from functions.services.functions import update_function_code

SAVED = "saved:"


class ChangedMeanwhile(ResourceConflict):
    """The code was changed elsewhere since this page was loaded."""


@require_safe
def function_detail(request: ConsoleRequest, name: str) -> HttpResponse:
    """Editor, event, result and log on one page."""
    version = selectors.get_version(account=request.account, name=name)
    return render_page(request, "functions/code.html", _context(request, version))


def _context(request: ConsoleRequest, version: Version) -> dict[str, Any]:
    saved = list(selectors.list_test_events(account=request.account, name=version.function.name))
    chosen = saved[0].body if saved else event_templates.body(event_templates.HELLO)
    return {
        **function_context(request, version, tab="code"),
        **_files(version),
        "saved_events": saved,
        "templates": event_templates.LABELS,
        "event": chosen,
        "event_name": saved[0].name if saved else "",
        "event_bodies": event_bodies(saved),
    }


def event_bodies(saved: list[TestEvent]) -> dict[str, str]:
    """Every text the event picker offers, by the value of its option."""
    bodies = {name: event_templates.body(name) for name in event_templates.LABELS}
    return bodies | {f"{SAVED}{event.name}": event.body for event in saved}


def _files(version: Version) -> dict[str, Any]:
    try:
        found = editing.files(version.package_id)
    except InvalidParameterValue as error:
        return {"files": [], "too_large": error.text}
    first = editing.handler_file([file.path for file in found], version.handler)
    found.sort(key=lambda file: file.path != first)
    return {"files": found[: editing.TABS], "files_hidden": max(len(found) - editing.TABS, 0)}


# -- saving ----------------------------------------------------------------------------------------


@require_POST
def function_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Save what is on screen; answers with the new state of the save marker."""
    version = save(request, name)
    if not is_htmx(request):
        return invocations.to_function(request, name)
    return fragment(request, "functions/_saved.html", {"version": version})


def save(request: HttpRequest, name: str) -> Version:
    """Make a package of the posted files, if they differ from what there is. Raises ``ServiceError``."""
    account: Account = request.account  # type: ignore[attr-defined]
    version = selectors.get_version(account=account, name=name)
    if not any(field.startswith(editing.FIELD) for field in request.POST) and "removed" not in request.POST:
        return version
    changes = editing.changes(version.package_id, request.POST)
    if not changes:
        return version
    if (base := request.POST.get("base")) and base != version.package_id:
        raise ChangedMeanwhile(
            _("The code was changed elsewhere while this page was open. Copy your changes and load it again.")
        )
    package = archives.store_package(
        archives.replace_files(version.package_id, changes), operation="UpdateFunctionCode"
    )
    return update_function_code(account=account, name=name, package=package)


@require_POST
def function_upload(request: ConsoleRequest, name: str) -> HttpResponse:
    """Replace the whole package by a zip."""
    file = request.FILES.get("zip")
    if file is None:
        raise InvalidParameterValue(_("Choose the zip file of your function."))
    package = archives.store_package(file.read(), operation="UpdateFunctionCode")
    update_function_code(account=request.account, name=name, package=package)
    return invocations.to_function(request, name, said=_("The package is replaced."))


@require_safe
def function_package(request: ConsoleRequest, name: str) -> HttpResponse:
    """The deployment package, as it was sent."""
    version = selectors.get_version(account=request.account, name=name)
    response = HttpResponse(archives.package_bytes(version.package_id), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


# -- checking while typing -------------------------------------------------------------------------


@require_POST
async def function_lint(request: ConsoleRequest, name: str) -> JsonResponse:
    """``{"problems": […]}`` for one file, or for the event when ``path`` is ``event.json``."""
    path, text = request.POST.get("path", ""), request.POST.get("text", "").replace("\r\n", "\n")
    if path == "event.json":
        problems = await in_thread(event_json.check, text)
    else:
        version = await in_thread(selectors.get_version, account=request.account, name=name)
        problems = await linting.problems(path=path, text=text, runtime=version.runtime, handler=version.handler)
    return JsonResponse({"problems": [problem.as_json() for problem in problems]})


# -- running ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ready:
    version: Version
    payload: bytes
    request_id: str


@require_POST
async def function_test(request: ConsoleRequest, name: str) -> HttpResponse:
    """Save what is on screen, run it with the event, and answer with a result that fills itself in as it comes."""
    prepared = await in_thread(_prepare, request, name)
    if isinstance(prepared, HttpResponse):
        return prepared
    test = running.start(account=request.account, name=name, payload=prepared.payload, request_id=prepared.request_id)
    if not is_htmx(request):
        await test.task
        return await in_thread(invocations.to_invocation, request, name, prepared.request_id)
    context = {"version": prepared.version, "function": prepared.version.function, "request_id": prepared.request_id}
    return await in_thread(fragment, request, "functions/_running.html", context)


def _prepare(request: ConsoleRequest, name: str) -> "_Ready | HttpResponse":
    text = request.POST.get("event", "").replace("\r\n", "\n")
    if problems := event_json.check(text):
        context = {"problem": problems[0], "count": len(problems)}
        return fragment(request, "functions/_bad_event.html", context, status=422)
    return _Ready(save(request, name), text.encode(), ids.request_id())
