"""Environment variables: names and values, a pasted .env file, and how much of AWS's 4 KB is used."""

import json
from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.translation import gettext as _

from console import dotenv
from console.forms import configuration as forms
from console.http import ConsoleRequest, fragment, is_htmx
from console.pages.sections.common import attempt, done, show
from core import limits
from functions.models import Version
from functions.services.functions import update_function_configuration

TEMPLATE = "functions/configuration_environment.html"


def environment(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The rows; a pasted file is first laid out as rows, and saved with them."""
    now = dict(version.environment or {})
    if request.method != "POST":
        return show(request, version, "environment", _context(now))
    now, wrong = forms.variables(request.POST)
    pasted, strange = dotenv.parse(request.POST.get("dotenv", ""))
    now |= pasted
    wrong += [_("This line is no variable: %(line)s") % {"line": line[:80]} for line in strange]
    if "take" in request.POST:
        context = {**_context(now), "wrong": wrong, "taken": len(pasted), "function": version.function}
        if is_htmx(request):
            return fragment(request, f"{TEMPLATE}#section", context)
        return show(request, version, "environment", context)
    error = None
    if not wrong:
        name = version.function.name
        error = attempt(lambda: update_function_configuration(account=request.account, name=name, environment=now))
        if error is None:
            return done(request, version, "environment")
    return show(request, version, "environment", {**_context(now), "wrong": wrong, "is_bad": True, "error": error})


def _context(variables: Mapping[str, str]) -> dict[str, object]:
    return {"variables": variables.items(), "used": measured(variables), "limit": limits.ENVIRONMENT_VARIABLES_SIZE}


def measured(variables: Mapping[str, str]) -> int:
    """Bytes as AWS counts them: the variables as compact JSON. None at all count nothing."""
    text = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) if variables else 0
