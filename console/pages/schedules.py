"""Schedules and rules: what runs when, what is next, what happened."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account
from console import aiming, clockface, clockwork
from console.forms.triggers import ScheduleForm, TargetForm
from console.http import ConsoleRequest, finish, fragment, render_page
from console.pages.sections.common import attempt
from core.errors import ServiceError
from functions.models import Function
from triggers import cron, selectors
from triggers.models import Delivery, Rule, Schedule
from triggers.services import adding, rules, schedules, targeting

_SHOWN = 500


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_list(request: ConsoleRequest) -> HttpResponse:
    """Everything that runs by the clock, and a form for more."""
    form, error = ScheduleForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        made: list[Rule | Schedule] = []
        error = attempt(lambda: made.append(adding.add_schedule(account=request.account, **form.cleaned_data)))
        if error is None:
            return finish(request, clockwork.url_of(request.account, made[0]), said=_("The schedule is on."))
    is_bad = bool(form.errors) or error is not None
    context = {
        "lines": clockwork.lines(request.account),
        "form": form,
        "error": error,
        "zones": clockwork.ZONES,
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
            shown = clockface.of(request.account).shows
            times = cron.upcoming(found, after=shown, anchor=shown)
        except cron.InvalidExpression:
            wrong = True
    return fragment(request, "triggers/_next.html", {"times": times, "wrong": wrong, "asked": bool(text), "zone": zone})


def _function_names(account: Account) -> list[str]:
    return list(Function.objects.filter(account=account).order_by("name").values_list("name", flat=True)[:_SHOWN])


# -- one of them -----------------------------------------------------------------------------------


@require_safe
def rule_detail(request: ConsoleRequest, bus: str, name: str) -> HttpResponse:
    """A rule: when or what for, its targets, what it sent."""
    return _rule(request, bus, name, TargetForm(), None)


@require_POST
def rule_targets(request: ConsoleRequest, bus: str, name: str) -> HttpResponse:
    """Send to one more, with the permission that it needs; give one the permission that it lacks; send there no more."""
    asked, target_id = request.POST.get("do", ""), request.POST.get("target", "")
    known: dict[str, Callable[..., Any]] = {"permit": targeting.permit_target, "remove": targeting.remove_target}
    form, error = TargetForm(), None
    named: dict[str, Any] = {"account": request.account, "name": name, "bus": bus}
    if asked in known:
        error = attempt(lambda: known[asked](**named, target_id=target_id))
    else:
        form = TargetForm(request.POST)
        if form.is_valid():
            arn = form.cleaned_data["arn"]
            error = attempt(lambda: targeting.add_target(**named, arn=arn, settings=form.settings()))
    if error is None and not form.errors:
        return finish(request, "rule_detail", request.account.slug, bus, name, said=_("Saved."))
    return _rule(request, bus, name, form, error)


def _rule(request: ConsoleRequest, bus: str, name: str, form: TargetForm, error: ServiceError | None) -> HttpResponse:
    rule = selectors.get_rule(account=request.account, name=name, bus=bus)
    context = {
        "rule": rule,
        "aims": aiming.aims(request.account, rule),
        "choices": aiming.choices(request.account, rule),
        "form": form,
        "error": error,
        "is_other": any(form[field].value() for field in ("path", "constant", "template", "values")),
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
    is_bad = bool(context.get("error") or (context.get("form") and context["form"].errors))
    fired = selectors.last_firings(of)
    context |= {
        "of": of,
        "times": clockface.of(request.account).coming(selectors.next_times(of)),
        "fired": [(one.firing, [_sent(request.account, sent) for sent in one.deliveries]) for one in fired],
        "sent": [_sent(request.account, one) for one in selectors.last_deliveries(of)],
    }
    status = 422 if is_bad else 200
    return render_page(request, "triggers/detail.html", context, fragments={"happened"}, status=status)


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
