"""Rules and schedules by the clock, as lists and strips show them."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from accounts.models import Account
from triggers import selectors
from triggers.models import Rule, Schedule
from triggers.services import adding

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
