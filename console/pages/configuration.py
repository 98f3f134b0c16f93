"""The Configuration tab: general settings and environment variables; saved test events."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console import event_templates, runtime_choices
from console.forms import configuration as forms
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages import invocations
from console.pages.code import event_bodies
from console.pages.common import function_context
from core.errors import InvalidParameterValue, ServiceError
from functions import selectors
from functions.models import Version
from functions.services.functions import update_function_configuration
from functions.services.test_events import delete_test_event, save_test_event

SECTIONS = {"general": gettext_lazy("General"), "environment": gettext_lazy("Environment variables")}


@require_http_methods(["GET", "HEAD", "POST"])
def function_configuration(request: ConsoleRequest, name: str, section: str) -> HttpResponse:
    """One section of the configuration."""
    if section not in SECTIONS:
        raise Http404(section)
    version = selectors.get_version(account=request.account, name=name)
    return (general if section == "general" else environment)(request, version)


def general(request: ConsoleRequest, version: Version) -> HttpResponse:
    """Description, runtime, handler, memory, timeout."""
    names = ("description", "runtime", "handler", "memory_size", "timeout")
    initial = {name: getattr(version, name) for name in names}
    form = forms.GeneralForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        settings = {name: value for name, value in form.cleaned_data.items() if value != initial[name]}
        return _save(request, version, "general", settings)
    return _section(
        request, version, "general", {"form": form, "runtimes": runtime_choices.choices()}, bool(form.errors)
    )


def environment(request: ConsoleRequest, version: Version) -> HttpResponse:
    """The environment variables."""
    now = dict(version.environment or {})
    wrong: list[str] = []
    if request.method == "POST":
        now, wrong = forms.variables(request.POST)
        if not wrong:
            return _save(request, version, "environment", {"environment": now})
    return _section(request, version, "environment", {"variables": now.items(), "wrong": wrong}, bool(wrong))


def _section(
    request: ConsoleRequest, version: Version, section: str, context: dict[str, Any], is_bad: bool
) -> HttpResponse:
    context |= {**function_context(request, version, tab="configuration"), "section": section, "sections": SECTIONS}
    template = f"functions/configuration_{section}.html"
    if is_htmx(request) and is_bad:
        return fragment(request, f"{template}#section", context, status=422)
    return render_page(request, template, context, fragments={"section"}, status=422 if is_bad else 200)


def _save(request: ConsoleRequest, version: Version, section: str, settings: dict[str, Any]) -> HttpResponse:
    name = version.function.name
    if settings:
        update_function_configuration(account=request.account, name=name, **settings)
    return finish(request, "function_configuration", request.account.slug, name, section, said=_("Saved."))


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
