"""What a person does in one step: have a function run on a schedule, or on events, with the permission it needs."""

import json
from collections.abc import Iterable

from django.db import transaction

from accounts.models import Account
from core import arns
from functions import selectors as functions
from functions.errors import StatementAlreadyExists
from functions.policies import Permission
from functions.references import parse_reference
from functions.services.permissions import add_permission
from triggers import selectors
from triggers.delivering import EVENTS
from triggers.errors import InvalidSchedule
from triggers.models import DEFAULT, Rule, Schedule
from triggers.services import rules, schedules, targeting

LAB_ROLE = "LabRole"
_TARGET = "1"


@transaction.atomic
def add_schedule(
    *, account: Account, function: str, name: str, expression: str, zone: str = "UTC", event: str = ""
) -> Rule | Schedule:
    """A scheduled rule in UTC; a schedule of EventBridge Scheduler for another zone or a single time.

    Raises what the services of both raise, ``ScheduleExists`` for a rule of that name among them.
    """
    arn = functions.get_function(account=account, name=function).arn
    if zone == "UTC" and not expression.startswith("at("):
        _check_is_new(account, name, DEFAULT)
        rule = rules.put_rule(account=account, name=name, schedule_expression=expression)
        _aim(account, rule, function, arn, event)
        return rule
    target = {"Arn": arn, "RoleArn": arns.iam(account.id, f"role/{LAB_ROLE}")}
    if event:
        target["Input"] = event
    return schedules.create_schedule(account=account, name=name, expression=expression, zone=zone, target=target)


@transaction.atomic
def add_pattern(*, account: Account, function: str, name: str, pattern: str, bus: str = DEFAULT) -> Rule:
    """A rule that sends events of a bus to a function. Raises what ``put_rule`` raises, and ``InvalidSchedule``."""
    arn = functions.get_function(account=account, name=function).arn
    rule = add_rule(account=account, name=name, pattern=pattern, bus=bus)
    _aim(account, rule, function, arn, "")
    return rule


@transaction.atomic
def add_rule(*, account: Account, name: str, pattern: str, bus: str = DEFAULT) -> Rule:
    """A rule that has no target yet. Raises what ``put_rule`` raises, and ``InvalidSchedule`` for a name that is taken."""
    _check_is_new(account, name, bus)
    return rules.put_rule(account=account, name=name, bus=bus, event_pattern=pattern)


@transaction.atomic
def remove_rule(*, account: Account, name: str, bus: str = DEFAULT) -> None:
    """Delete a rule with its targets, and the permissions that were given for it. Raises ``RuleNotFound``."""
    rule = selectors.get_rule(account=account, name=name, bus=bus)
    for target in rule.targets.all():
        targeting.withdraw(account=account, target=target)
    rule.targets.all().delete()
    rules.delete_rule(account=account, name=name, bus=bus)


def functions_of(*, account: Account, target_arns: Iterable[str]) -> list[str]:
    """The names of the functions among targets."""
    found = [parse_reference(arn, account=account).name for arn in target_arns if ":lambda:" in arn]
    return list(dict.fromkeys(found))


def _check_is_new(account: Account, name: str, bus: str) -> None:
    if selectors.list_rules(account=account, bus=bus).filter(name=name).exists():
        raise InvalidSchedule(f"Rule {name} already exists.")


def _aim(account: Account, rule: Rule, function: str, arn: str, event: str) -> None:
    target = {"Id": _TARGET, "Arn": arn}
    if event:
        target["Input"] = json.dumps(json.loads(event))
    rules.put_targets(account=account, rule=rule.name, bus=rule.bus.name, given=[target])
    permission = Permission(sid=_sid(rule), action="lambda:InvokeFunction", principal=EVENTS, source_arn=rule.arn)
    try:
        add_permission(account=account, name=function, permission=permission)
    except StatementAlreadyExists:
        return


def _sid(rule: Rule) -> str:
    """A statement id may have no dots, and hangs on the rule's whole name."""
    return f"{rule.bus.name}-{rule.name}".replace(".", "-").replace("/", "-")[:100]
