"""The Code tab: the function's files, a test event, and what comes of running it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console import editing, event_json, linting
from console.event_json import Problem
from console.http import ConsoleRequest, render_page
from console.pages import events, invocations, runs
from console.pages.common import function_context
from core.errors import InvalidParameterValue
from functions import archives, selectors
from functions.models import Version
from functions.services.functions import update_function_code


@require_safe
def function_detail(request: ConsoleRequest, name: str) -> HttpResponse:
    """Editor, event, result and log on one page."""
    version = selectors.get_version(account=request.account, name=name)
    return render_page(request, "functions/code.html", _context(request, version))


def _context(request: ConsoleRequest, version: Version) -> dict[str, Any]:
    name = version.function.name
    picker = events.picker(request, name)
    run = runs.last_run(request, version)
    earlier = runs.event_of(request, version)
    return {
        **function_context(request, version, tab="code"),
        **_files(version),
        **picker,
        **run,
        "event": earlier or events.text_of(request, name, picker["event_choice"]),
        "qualifiers": selectors.qualifiers_of(version.function),
        "qualifier": request.GET.get("qualifier", ""),
    }


def _files(version: Version) -> dict[str, Any]:
    try:
        found = editing.files(version.package_id)
    except InvalidParameterValue as error:
        return {"files": [], "too_large": error.text}
    first = editing.handler_file([file.path for file in found], version.handler)
    found.sort(key=lambda file: file.path != first)
    return {"files": found[: editing.TABS], "files_hidden": max(len(found) - editing.TABS, 0)}


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


@require_POST
def function_lint(request: ConsoleRequest, name: str) -> HttpResponseBase:
    """``{"problems": […]}`` for one file, or for the event when ``path`` is ``event.json``."""
    path, text = request.POST.get("path", ""), request.POST.get("text", "").replace("\r\n", "\n")
    if path == "event.json":
        return HttpResponse(_told(event_json.check(text)), content_type="application/json")
    version = selectors.get_version(account=request.account, name=name)
    language = translation.get_language() or "en"
    look = partial(
        linting.problems,
        path=path,
        text=text,
        runtime=version.runtime,
        handler=version.handler,
        account_id=request.account.pk,
    )
    return StreamingHttpResponse(_tell(look, language), content_type="application/json")


async def _tell(look: Callable[[], Awaitable[Sequence[Problem]]], language: str) -> AsyncIterator[bytes]:
    with translation.override(language):
        yield _told(await look())


def _told(problems: Sequence[Problem]) -> bytes:
    return json.dumps({"problems": [problem.as_json() for problem in problems]}).encode()
