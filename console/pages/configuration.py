"""The Configuration tab: its sections as a table; quick settings; saved test events."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from console import event_templates
from console.forms import configuration as forms
from console.http import ConsoleRequest, fragment, is_htmx
from console.pages import invocations
from console.pages.code import event_bodies
from console.pages.sections.asynchronous import asynchronous
from console.pages.sections.concurrency import concurrency
from console.pages.sections.environment import environment
from console.pages.sections.general import general
from console.pages.sections.layers import layers
from console.pages.sections.permissions import permissions
from console.pages.sections.tags import tags
from core.errors import InvalidParameterValue, ServiceError
from functions import selectors
from functions.models import Version
from functions.services.functions import update_function_configuration
from functions.services.test_events import delete_test_event, save_test_event

# each answers GET and POST with the function's $LATEST; the words for them are in sections/names.py
SECTIONS: dict[str, Callable[[ConsoleRequest, Version], HttpResponse]] = {
    "general": general,
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


# -- test events -----------------------------------------------------------------------------------


@require_POST
def test_event_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Save the event on screen under a name."""
    body = request.POST.get("event", "").replace("\r\n", "\n")
    event = request.POST.get("name", "").strip()
    return _events(
        request, name, event, lambda: save_test_event(account=request.account, name=name, event=event, body=body)
    )


@require_POST
def test_event_delete(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete a saved event."""
    event = request.POST.get("name", "").strip()
    return _events(request, name, "", lambda: delete_test_event(account=request.account, name=name, event=event))


def _events(request: ConsoleRequest, name: str, chosen: str, change: Any) -> HttpResponse:
    try:
        change()
    except ServiceError as error:
        if not is_htmx(request):
            raise
        return render(request, "functions/_event_wrong.html", {"error": error}, status=422)
    if not is_htmx(request):
        return invocations.to_function(request, name)
    saved = list(selectors.list_test_events(account=request.account, name=name))
    context = {
        "saved_events": saved,
        "templates": event_templates.LABELS,
        "event_name": chosen,
        "event_bodies": event_bodies(saved),
    }
    response = render(request, "functions/_events_changed.html", context)
    response["HX-Trigger"] = "close-dialog"
    return response
