"""Event buses with their rules, events by hand, and patterns on trial."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from console import clockwork
from console.destinations import Kind, register
from console.forms.triggers import EventForm, RuleForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.sections.common import attempt
from core import arns, limits
from triggers import selectors
from triggers.models import DEFAULT, Rule
from triggers.services import adding, buses, events
from triggers.services.events import Entry

_SHOWN = 500


# -- buses -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def bus_list(request: ConsoleRequest) -> HttpResponse:
    """Buses with their rules; an event by hand, a pattern on trial, a new bus."""
    asked = request.POST.get("do", "")
    form = EventForm(request.POST if asked == "put" else None, initial={"bus": DEFAULT})
    rule_form = RuleForm(request.POST if asked == "rule" else None, initial={"bus": DEFAULT})
    context: dict[str, Any] = {"form": form, "error": None, "tried": None, "bus_name": request.POST.get("bus_name", "")}
    context |= {"rule_form": rule_form, "asked": asked}
    if asked == "put" and form.is_valid():
        context["error"] = attempt(lambda: context.update(put=_put(request.account, form)))
    elif asked == "try":
        context["error"] = attempt(lambda: context.update(tried=_try(request)))
        context |= {"pattern": request.POST.get("pattern", ""), "tried_event": request.POST.get("event", "")}
    elif asked == "rule" and rule_form.is_valid():
        made: list[Rule] = []
        given = rule_form.cleaned_data
        context["error"] = attempt(lambda: made.append(adding.add_rule(account=request.account, **given)))
        if context["error"] is None:
            return finish(request, clockwork.url_of(request.account, made[0]), said=_("Now choose what it sends to."))
    elif asked == "bus":
        name = context["bus_name"]
        context["error"] = attempt(lambda: buses.create_event_bus(account=request.account, name=name))
        if context["error"] is None:
            return finish(request, "bus_list", request.account.slug, said=_("The bus is there."))
    of_account = selectors.list_rules(account=request.account, bus=None).prefetch_related("targets")[:_SHOWN]
    context |= {
        "buses": list(selectors.list_event_buses(account=request.account)[: limits.EVENT_BUSES]),
        "rules": [(rule, clockwork.url_of(request.account, rule)) for rule in of_account],
    }
    is_bad = bool(form.errors or rule_form.errors) or context["error"] is not None
    if is_htmx(request) and asked in ("put", "try"):
        return fragment(request, f"triggers/buses.html#{asked}", context, status=422 if is_bad else 200)
    return render_page(request, "triggers/buses.html", context, status=422 if is_bad else 200)


def _put(account: Account, form: EventForm) -> events.Put:
    data = form.cleaned_data
    entry = Entry(source=data["source"], detail_type=data["detail_type"], detail=data["detail"], bus=data["bus"])
    return events.put_events(account=account, entries=[entry])[0]


def _try(request: ConsoleRequest) -> bool:
    pattern, event = request.POST.get("pattern", ""), request.POST.get("event", "")
    return events.test_event_pattern(pattern=pattern, event=event)


# -- a bus as a destination ------------------------------------------------------------------------


def _buses(account: Account) -> list[tuple[str, str]]:
    return [(bus.name, bus.arn) for bus in selectors.list_event_buses(account=account)[: limits.EVENT_BUSES]]


def _bus_url(account: Account, arn: arns.Arn) -> str:
    return reverse("bus_list", args=[account.slug])


register("events", Kind(gettext_lazy("Event bus"), "activity", "schedule", _buses, _bus_url))
