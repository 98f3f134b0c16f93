"""Triggers of a function: queues, schedules and events, and one form for each kind that there is."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from console import clockwork
from console.forms.triggers import PatternForm, QueueTriggerForm, ScheduleForm, TopicTriggerForm
from console.http import ConsoleRequest
from console.pages.sections.common import attempt, done, show
from console.triggers import Trigger, register
from core import limits
from core.prepared import Prepared
from functions.models import Function, Version
from queues.models import Queue
from topics.selectors import list_topics, subscriptions_of, topic_of_arn
from topics.services import subscribe_function
from triggers import selectors
from triggers.errors import VisibilityTooShort
from triggers.models import EventSourceMapping, Rule, RuleTarget, Schedule
from triggers.services import adding, mappings

_MOST = 500
_TARGETS = Prepared(
    lambda account: RuleTarget.objects.filter(rule__account=account, arn__contains=":lambda:").select_related(
        "rule__bus"
    ),
    account=str,
)
_SCHEDULES = Prepared(lambda account: Schedule.objects.filter(account=account).select_related("group"), account=str)


def triggers(request: ConsoleRequest, version: Version) -> HttpResponse:
    """What invokes the function, and what else could."""
    function = version.function
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    data = {**request.POST.dict(), "function": function.name} if asked else None
    forms: dict[str, Any] = {
        "queue": QueueTriggerForm(data if asked == "queue" else None),
        "schedule": ScheduleForm(data if asked == "schedule" else None),
        "pattern": PatternForm(data if asked == "pattern" else None),
        "topic": TopicTriggerForm(data if asked == "topic" else None),
    }
    error = None
    if asked in forms and forms[asked].is_valid():
        error = attempt(lambda: _add(request.account, function, asked, forms[asked]))
        if error is None:
            return done(request, version, "triggers", _("The trigger is on."))
    elif asked in ("on", "off", "remove"):
        error = attempt(lambda: _change(request.account, asked, request.POST.get("uuid", "")))
        if error is None:
            return done(request, version, "triggers")
    account = request.account
    context = {
        "forms": forms,
        "opened": asked if asked in forms else "",
        "error": error,
        "is_bad": any(form.errors for form in forms.values()),
        "mappings": _mapped(account, version),
        "too_short": data["queue"].rpartition(":")[2] if data and isinstance(error, VisibilityTooShort) else "",
        "lines": clockwork.lines(account, function=function.name),
        "patterns": _patterns(account, function),
        "queues": list(Queue.objects.filter(account=account).order_by("name")[:_MOST]),
        "heard": list(subscriptions_of(account=account, endpoint=function.arn)),
        "topics": list(list_topics(account=account).filter(is_fifo=False)[:_MOST]),
        "buses": list(selectors.list_event_buses(account=account)[:100]),
        "zones": clockwork.ZONES,
    }
    return show(request, version, "triggers", context)


def _mapped(account: Account, version: Version) -> list[tuple[EventSourceMapping, Queue | None, int]]:
    """Each mapping with its queue, and the visibility timeout that AWS recommends where the queue's is shorter, or 0."""
    rows = list(selectors.list_mappings(account=account, function=version.function.name))
    names = [row.source_arn.rpartition(":")[2] for row in rows]
    queues = {queue.arn: queue for queue in Queue.objects.filter(account=account, name__in=names)}
    advised = limits.VISIBILITY_PER_TIMEOUT * version.timeout
    found = [(row, queues.get(row.source_arn)) for row in rows]
    return [(row, queue, advised if _hides_briefly(row, queue, advised) else 0) for row, queue in found]


def _hides_briefly(row: EventSourceMapping, queue: Queue | None, advised: int) -> bool:
    """A published version's timeout is another one: of those nothing is said."""
    return queue is not None and not row.qualifier and queue.visibility_timeout_s < advised


def _add(account: Account, function: Function, kind: str, form: Any) -> None:
    if kind == "queue":
        mappings.create_event_source_mapping(
            account=account, function=function.name, source_arn=form.cleaned_data["queue"], **form.settings()
        )
    elif kind == "schedule":
        adding.add_schedule(account=account, **form.cleaned_data)
    elif kind == "topic":
        topic = topic_of_arn(account=account, arn=form.cleaned_data["topic"])
        subscribe_function(account=account, topic=topic, function=function.name)
    else:
        adding.add_pattern(account=account, **form.cleaned_data)


def _change(account: Account, asked: str, uuid: str) -> None:
    if asked == "remove":
        mappings.delete_event_source_mapping(account=account, uuid=uuid)
    else:
        mappings.update_event_source_mapping(account=account, uuid=uuid, enabled=asked == "on")


def _patterns(account: Account, function: Function) -> list[tuple[Rule, str]]:
    found = selectors.list_rules(account=account, bus=None).exclude(event_pattern="")
    wanted = found.filter(targets__arn__startswith=function.arn).distinct().prefetch_related("targets")[:_MOST]
    return [
        (rule, clockwork.url_of(account, rule))
        for rule in wanted
        if function.name in adding.functions_of(account=account, target_arns=[one.arn for one in rule.targets.all()])
    ]


# -- for the strip and the list of functions -------------------------------------------------------


def _queues_for(account: Account, functions: Any) -> dict[Any, list[Trigger]]:
    found: dict[Any, list[Trigger]] = {}
    rows = EventSourceMapping.objects.filter(account=account, function__in=functions).select_related("function")
    for row in rows:
        url = reverse("function_configuration", args=[account.slug, row.function.name, "triggers"])
        trigger = Trigger(
            name=row.source_arn.rpartition(":")[2], url=url, detail="", source=row.source_arn, is_on=row.is_enabled
        )
        found.setdefault(row.function_id, []).append(trigger)
    return found


def _rules_for(account: Account, functions: Any) -> dict[Any, list[Trigger]]:
    by_name = {function.name: function.pk for function in functions}
    found: dict[Any, list[Trigger]] = {}
    for target in _TARGETS(account=account.pk):
        rule = target.rule
        for name in adding.functions_of(account=account, target_arns=[target.arn]):
            if name in by_name:
                detail = rule.schedule_expression or _("events")
                url = clockwork.url_of(account, rule)
                one = Trigger(name=rule.name, url=url, detail=detail, source=rule.arn, is_on=rule.is_enabled)
                found.setdefault(by_name[name], []).append(one)
    return found


def _schedules_for(account: Account, functions: Any) -> dict[Any, list[Trigger]]:
    by_name = {function.name: function.pk for function in functions}
    found: dict[Any, list[Trigger]] = {}
    for row in _SCHEDULES(account=account.pk):
        for name in adding.functions_of(account=account, target_arns=[row.target["Arn"]]):
            if name in by_name:
                is_on = row.state == Schedule.State.ENABLED
                url = clockwork.url_of(account, row)
                one = Trigger(name=row.name, url=url, detail=row.expression, source=row.arn, is_on=is_on)
                found.setdefault(by_name[name], []).append(one)
    return found


register("mapping", label=gettext_lazy("Queue"), icon="inbox", hue="queue", list_for=_queues_for)
register("rule", label=gettext_lazy("Rule"), icon="activity", hue="schedule", list_for=_rules_for)
register("schedule", label=gettext_lazy("Schedule"), icon="clock", hue="schedule", list_for=_schedules_for)
