"""The Configuration tab: its sections as a table; quick settings."""

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console.forms import configuration as forms
from console.http import ConsoleRequest, fragment, is_htmx
from console.pages import invocations
from console.pages.sections.asynchronous import asynchronous
from console.pages.sections.concurrency import concurrency
from console.pages.sections.environment import environment
from console.pages.sections.general import general
from console.pages.sections.layers import layers
from console.pages.sections.permissions import permissions
from console.pages.sections.tags import tags
from console.pages.sections.triggers import triggers
from core.errors import InvalidParameterValue
from functions import selectors
from functions.models import Version
from functions.services.functions import update_function_configuration

# each answers GET and POST with the function's $LATEST; the words for them are in sections/names.py
SECTIONS: dict[str, Callable[[ConsoleRequest, Version], HttpResponse]] = {
    "general": general,
    "triggers": triggers,
    "environment": environment,
    "permissions": permissions,
    "asynchronous": asynchronous,
    "concurrency": concurrency,
    "layers": layers,
    "tags": tags,
}


@require_http_methods(["GET", "HEAD", "POST"])
def function_configuration(request: ConsoleRequest, name: str, section: str) -> HttpResponse:
    """One section of the configuration."""
    if section not in SECTIONS:
        raise Http404(section)
    return SECTIONS[section](request, selectors.get_version(account=request.account, name=name))


@require_POST
def function_set(request: ConsoleRequest, name: str) -> HttpResponse:
    """The one step of an explanation: set it, then have the page run its test again."""
    try:
        settings = forms.quick(request.POST)
    except ValueError:
        raise InvalidParameterValue(_("A whole number is needed here.")) from None
    version = update_function_configuration(account=request.account, name=name, **settings)
    if not is_htmx(request):
        return invocations.to_function(request, name, said=_("Saved."))
    response = fragment(request, "functions/_facts.html", {"version": version})
    response["HX-Trigger"] = "test-again"
    return response
