"""Saving what is on screen, and what to say when the code was changed elsewhere meanwhile."""

import base64
import binascii
import difflib
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Account
from console import editing
from console.http import ConsoleRequest, fragment, is_htmx
from console.pages import invocations
from core.errors import InvalidParameterValue, ResourceConflict
from functions import archives, selectors
from functions.archives import EditedFiles
from functions.models import Version
from functions.services.functions import update_function_code

DIFF_LINES = 400
BINARY = "binary:"


class ChangedMeanwhile(ResourceConflict):
    """The code was changed elsewhere since this page was loaded."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not the same here and there; ``lines`` are (sign, text), ``theirs`` None where it is gone."""

    path: str
    lines: tuple[tuple[str, str], ...]
    theirs: str | None
    is_text: bool = True


@require_POST
def function_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Save what is on screen; answers with the new state of the save marker."""
    version = save(request, name)
    if isinstance(version, HttpResponse):
        return version
    if not is_htmx(request):
        return invocations.to_function(request, name)
    return fragment(request, "functions/_saved.html", {"version": version})


def save(request: HttpRequest, name: str) -> Version | HttpResponse:
    """Make a package of the posted files, if they differ from what there is. Raises ``ServiceError``.

    Where the code was changed elsewhere since the page was loaded nothing is saved: htmx gets both versions to
    choose from, and a plain form ``ChangedMeanwhile``.
    """
    account: Account = request.account  # type: ignore[attr-defined]
    version = selectors.get_version(account=account, name=name)
    if not _has_files(request):
        return version
    edited = editing.changes(version.package_id, request.POST) | _uploaded(request)
    if not edited:
        return version
    if (base := request.POST.get("base")) and base != version.package_id:
        if is_htmx(request):
            return _conflict(request, version, edited)
        raise ChangedMeanwhile(
            _("The code was changed elsewhere while this page was open. Copy your changes and load it again.")
        )
    package = archives.store_package(archives.replace_files(version.package_id, edited), operation="UpdateFunctionCode")
    return update_function_code(account=account, name=name, package=package)


def _has_files(request: HttpRequest) -> bool:
    return any(field == "removed" or field.startswith((editing.FIELD, BINARY)) for field in request.POST)


def _uploaded(request: HttpRequest) -> EditedFiles:
    """Files that are no text come from the page in base64."""
    found: EditedFiles = {}
    for field in request.POST:
        if field.startswith(BINARY):
            try:
                found[field.removeprefix(BINARY)] = base64.b64decode(str(request.POST[field]), validate=True)
            except binascii.Error:
                raise InvalidParameterValue(_("A file could not be read. Upload it again.")) from None
    return found


def _conflict(request: HttpRequest, version: Version, edited: EditedFiles) -> HttpResponse:
    theirs = {file.path: file.text for file in editing.files(version.package_id)}
    differences = [_difference(path, data, theirs.get(path)) for path, data in edited.items()]
    context: dict[str, Any] = {
        "version": version,
        "function": version.function,
        "differences": differences,
        "theirs": theirs,
        "base": version.package_id,
    }
    response = fragment(request, "functions/_conflict.html", context, status=409)
    response["HX-Retarget"], response["HX-Reswap"] = "#conflict-slot", "innerHTML"
    return response


def _difference(path: str, data: bytes | None, theirs: str | None) -> Difference:
    if data is not None and b"\0" in data:
        return Difference(path, (), theirs, is_text=False)
    mine = data.decode("utf-8", "replace").replace("\r\n", "\n").splitlines() if data is not None else []
    found = difflib.unified_diff((theirs or "").splitlines(), mine, lineterm="", n=2)
    lines = [(line[:1], line[1:]) for line in list(found)[2 : DIFF_LINES + 2]]
    return Difference(path, tuple(lines), theirs)
