"""Schedules and rules: what runs when, what is next, what happened; event buses, and events by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from console.destinations import Kind, register
from console.forms.triggers import EventForm, ScheduleForm
from console.http import ConsoleRequest, finish, fragment, is_htmx, render_page
from console.pages.sections.common import attempt
from core import arns, clock, limits
from functions.models import Function
from triggers import cron, selectors
from triggers.models import DEFAULT, Delivery, Rule, Schedule
from triggers.services import adding, buses, events, rules, schedules
from triggers.services.events import Entry

ZONES = (
    "UTC",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Stockholm",
    "America/Sao_Paulo",
    "America/New_York",
    "Asia/Tokyo",
)
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Line:
    """A rule or schedule in the list."""

    name: str
    url: str
    expression: str
    zone: str
    is_on: bool
    functions: list[str]
    next_at: datetime | None
    kind: str


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_list(request: ConsoleRequest) -> HttpResponse:
    """Everything that runs by the clock, and a form for more."""
    form, error = ScheduleForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        made: list[Rule | Schedule] = []
        error = attempt(lambda: made.append(adding.add_schedule(account=request.account, **form.cleaned_data)))
        if error is None:
            return finish(request, url_of(request.account, made[0]), said=_("The schedule is on."))
    is_bad = bool(form.errors) or error is not None
    context = {
        "lines": lines(request.account),
        "form": form,
        "error": error,
        "zones": ZONES,
        "functions": _function_names(request.account),
    }
    return render_page(request, "triggers/schedules.html", context, status=422 if is_bad else 200)


@require_safe
def schedule_preview(request: ConsoleRequest) -> HttpResponse:
    """When an expression that is being typed would come round."""
    text, zone = request.GET.get("expression", "").strip(), request.GET.get("zone", "") or "UTC"
    times: list[datetime] = []
    wrong = False
    if text:
        try:
            found = cron.parse_schedule_expression(text, zone)
            if zone == "UTC" and not text.startswith("at("):
                found = cron.parse_rule_expression(text)
            now = clock.now()
            times = cron.upcoming(found, after=now, anchor=now)
        except cron.InvalidExpression:
            wrong = True
    return fragment(request, "triggers/_next.html", {"times": times, "wrong": wrong, "asked": bool(text), "zone": zone})


def lines(account: Account, *, function: str = "") -> list[Line]:
    """Scheduled rules and schedules, those that come next first."""
    found = []
    scheduled = selectors.list_rules(account=account, bus=None).exclude(schedule_expression="")
    for rule in scheduled.select_related("timetable").prefetch_related("targets")[:_SHOWN]:
        names = adding.functions_of(account=account, target_arns=[target.arn for target in rule.targets.all()])
        found.append(_line(account, rule, rule.schedule_expression, "UTC", rule.is_enabled, names, "EventBridge"))
    for schedule in selectors.list_schedules(account=account).select_related("timetable")[:_SHOWN]:
        names = adding.functions_of(account=account, target_arns=[schedule.target["Arn"]])
        is_on = schedule.state == Schedule.State.ENABLED
        found.append(_line(account, schedule, schedule.expression, schedule.zone, is_on, names, "Scheduler"))
    wanted = [line for line in found if not function or function in line.functions]
    return sorted(wanted, key=lambda line: (line.next_at is None, line.next_at, line.name))


def _line(
    account: Account, of: Rule | Schedule, expression: str, zone: str, is_on: bool, names: list[str], kind: str
) -> Line:
    timetable = getattr(of, "timetable", None)
    next_at = timetable.next_at if timetable else None
    return Line(of.name, url_of(account, of), expression, zone, is_on, names, next_at, kind)


def url_of(account: Account, of: Rule | Schedule) -> str:
    """The page of a rule or schedule."""
    if isinstance(of, Rule):
        return reverse("rule_detail", args=[account.slug, of.bus.name, of.name])
    return reverse("schedule_detail", args=[account.slug, of.group.name, of.name])


def _function_names(account: Account) -> list[str]:
    return list(Function.objects.filter(account=account).order_by("name").values_list("name", flat=True)[:_SHOWN])


# -- one of them -----------------------------------------------------------------------------------


@require_safe
def rule_detail(request: ConsoleRequest, bus: str, name: str) -> HttpResponse:
    """A rule: when or what for, its targets, what it sent."""
    rule = selectors.get_rule(account=request.account, name=name, bus=bus)
    context = {
        "rule": rule,
        "targets": [(target, _name_of(request.account, target.arn)) for target in rule.targets.all()],
        "action_url": reverse("rule_set", args=[request.account.slug, bus, name]),
        "is_on": rule.is_enabled,
        "expression": rule.schedule_expression,
        "zone": "UTC",
    }
    return _detail(request, rule, context)


@require_safe
def schedule_detail(request: ConsoleRequest, group: str, name: str) -> HttpResponse:
    """A schedule: when, for what, what it did."""
    schedule = selectors.get_schedule(account=request.account, name=name, group=group)
    arn = schedule.target["Arn"]
    context = {
        "schedule": schedule,
        "targets": [({"arn": arn, "settings": schedule.target}, _name_of(request.account, arn))],
        "action_url": reverse("schedule_set", args=[request.account.slug, group, name]),
        "is_on": schedule.state == Schedule.State.ENABLED,
        "expression": schedule.expression,
        "zone": schedule.zone,
    }
    return _detail(request, schedule, context)


def _name_of(account: Account, arn: str) -> str:
    """The function behind a target's ARN, or nothing."""
    return next(iter(adding.functions_of(account=account, target_arns=[arn])), "")


def _detail(request: ConsoleRequest, of: Rule | Schedule, context: dict[str, Any]) -> HttpResponse:
    fired = selectors.last_firings(of)
    context |= {
        "of": of,
        "times": selectors.next_times(of),
        "fired": [(one.firing, [_sent(request.account, sent) for sent in one.deliveries]) for one in fired],
        "sent": [_sent(request.account, one) for one in selectors.last_deliveries(of)],
    }
    return render_page(request, "triggers/detail.html", context, fragments={"happened"})


def _sent(account: Account, delivery: Delivery) -> tuple[Delivery, str]:
    """A delivery and the page of the invocation that it became."""
    name = _name_of(account, delivery.target_arn)
    if not delivery.invocation_id or not name:
        return delivery, ""
    return delivery, reverse("invocation_detail", args=[account.slug, name, str(delivery.invocation_id)])


@require_POST
def rule_set(request: ConsoleRequest, bus: str, name: str) -> HttpResponse:
    """Run it now, switch it on or off, delete it."""
    known: dict[str, Callable[..., Any]] = {
        "run": rules.run_rule,
        "on": rules.enable_rule,
        "off": rules.disable_rule,
        "delete": adding.remove_rule,
    }
    return _set(request, known, "rule_detail", bus, {"name": name, "bus": bus})


@require_POST
def schedule_set(request: ConsoleRequest, group: str, name: str) -> HttpResponse:
    """The same for a schedule."""

    def switch(state: str) -> Callable[..., Any]:
        return lambda **named: schedules.set_state(**named, state=state)

    known: dict[str, Callable[..., Any]] = {
        "run": schedules.run_schedule,
        "on": switch(Schedule.State.ENABLED),
        "off": switch(Schedule.State.DISABLED),
        "delete": schedules.delete_schedule,
    }
    return _set(request, known, "schedule_detail", group, {"name": name, "group": group})


def _set(
    request: ConsoleRequest, known: dict[str, Callable[..., Any]], page: str, place: str, named: dict[str, str]
) -> HttpResponse:
    asked = request.POST.get("do", "")
    if asked not in known:
        return HttpResponse(status=400)
    known[asked](account=request.account, **named)
    if asked == "delete":
        return finish(request, "schedule_list", request.account.slug, said=_("Deleted."))
    said = _("It has been started.") if asked == "run" else _("Saved.")
    return finish(request, page, request.account.slug, place, named["name"], said=said)


# -- buses -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def bus_list(request: ConsoleRequest) -> HttpResponse:
    """Buses with their rules; an event by hand, a pattern on trial, a new bus."""
    asked = request.POST.get("do", "")
    form = EventForm(request.POST if asked == "put" else None, initial={"bus": DEFAULT})
    context: dict[str, Any] = {"form": form, "error": None, "tried": None, "bus_name": request.POST.get("bus_name", "")}
    if asked == "put" and form.is_valid():
        context["error"] = attempt(lambda: context.update(put=_put(request.account, form)))
    elif asked == "try":
        context["error"] = attempt(lambda: context.update(tried=_try(request)))
        context |= {"pattern": request.POST.get("pattern", ""), "tried_event": request.POST.get("event", "")}
    elif asked == "bus":
        name = context["bus_name"]
        context["error"] = attempt(lambda: buses.create_event_bus(account=request.account, name=name))
        if context["error"] is None:
            return finish(request, "bus_list", request.account.slug, said=_("The bus is there."))
    of_account = selectors.list_rules(account=request.account, bus=None).prefetch_related("targets")[:_SHOWN]
    context |= {
        "buses": list(selectors.list_event_buses(account=request.account)[: limits.EVENT_BUSES]),
        "rules": [(rule, url_of(request.account, rule)) for rule in of_account],
    }
    is_bad = bool(form.errors) or context["error"] is not None
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


register("events", Kind(gettext_lazy("Event bus"), "activity", "rule", _buses, _bus_url))
