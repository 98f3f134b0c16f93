"""Test events: the picker's texts, and saving, sharing and deleting them."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from console import event_templates
from console.http import ConsoleRequest, is_htmx
from console.pages import invocations
from core.errors import ServiceError
from functions import selectors
from functions.models import TestEvent
from functions.services.test_events import delete_test_event, save_test_event

OWN, SHARED = "saved:", "shared:"


def picker(request: ConsoleRequest, name: str, chosen: str = "") -> dict[str, Any]:
    """What the picker offers: the person's own events, those shared in the account, and every template."""
    saved = selectors.test_events_for(account=request.account, name=name, person=request.user)
    own = [event for event in saved if not event.shared]
    shared = [event for event in saved if event.shared]
    first = next((f"{OWN}{event.name}" for event in own), "") or next((f"{SHARED}{event.name}" for event in shared), "")
    choice = chosen or first or event_templates.HELLO
    templates, more_templates = event_templates.options("" if ":" in choice else choice)
    return {
        "own_events": own,
        "shared_events": shared,
        "templates": templates,
        "more_templates": more_templates,
        "event_choice": choice,
    }


def text_of(request: ConsoleRequest, name: str, choice: str) -> str:
    """The text behind one of the picker's choices. Raises ``KeyError``, ``TestEventNotFound``."""
    for prefix in (OWN, SHARED):
        if choice.startswith(prefix):
            return _find(request, name, choice.removeprefix(prefix), shared=prefix == SHARED).body
    return event_templates.body(choice, account=request.account)


def _find(request: ConsoleRequest, name: str, event: str, *, shared: bool) -> TestEvent:
    return selectors.get_test_event(account=request.account, name=name, event=event, person=request.user, shared=shared)


@require_safe
def test_event_text(request: ConsoleRequest, name: str) -> HttpResponse:
    """The text of one choice, for the editor."""
    selectors.get_function(account=request.account, name=name)
    try:
        text = text_of(request, name, request.GET.get("choice", ""))
    except KeyError:
        raise Http404(name) from None
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_POST
def test_event_save(request: ConsoleRequest, name: str) -> HttpResponse:
    """Save the event on screen under a name, for oneself or for everybody in the account."""
    body = request.POST.get("event", "").replace("\r\n", "\n")
    event, shared = request.POST.get("name", "").strip(), request.POST.get("sharing") == "shared"

    def save() -> None:
        save_test_event(account=request.account, name=name, event=event, body=body, person=request.user, shared=shared)

    return _changed(request, name, f"{SHARED if shared else OWN}{event}", save)


@require_POST
def test_event_delete(request: ConsoleRequest, name: str) -> HttpResponse:
    """Delete the saved event that is chosen."""
    choice = request.POST.get("choice", "")
    shared, event = choice.startswith(SHARED), choice.partition(":")[2]
    return _changed(
        request,
        name,
        "",
        lambda: delete_test_event(account=request.account, name=name, event=event, person=request.user, shared=shared),
    )


def _changed(request: ConsoleRequest, name: str, chosen: str, change: Callable[[], None]) -> HttpResponse:
    try:
        change()
    except ServiceError as error:
        if not is_htmx(request):
            raise
        return render(request, "functions/_event_wrong.html", {"error": error}, status=422)
    if not is_htmx(request):
        return invocations.to_function(request, name)
    function = selectors.get_function(account=request.account, name=name)
    context = {"function": function, **picker(request, name, chosen)}
    response = render(request, "functions/_events_changed.html", context)
    response["HX-Trigger"] = "close-dialog"
    return response
