"""Rules of event buses, and their targets."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, limits, targets
from core.errors import ValidationError
from triggers import access, delivering, firing, inputs, patterns, selectors, timetables
from triggers.cron import InvalidExpression, parse_rule_expression
from triggers.errors import InvalidEventPattern, InvalidScheduleExpression, LimitExceeded, RuleHasTargets
from triggers.models import DEFAULT, Firing, Rule, RuleTarget
from triggers.patterns import InvalidPattern
from triggers.services import tagging


@transaction.atomic
def put_rule(
    *,
    account: Account,
    name: str,
    bus: str = DEFAULT,
    schedule_expression: str = "",
    event_pattern: str = "",
    state: str = Rule.State.ENABLED,
    description: str = "",
    role_arn: str = "",
    tags: Mapping[str, str] | None = None,
    region: str = "us-east-1",
) -> Rule:
    """Make a rule, or replace what one says; its targets stay, and its tags unless it is new.

    Raises ``EventBusNotFound``, ``InvalidScheduleExpression``, ``InvalidEventPattern``, ``LimitExceeded``,
    ``ValidationError``.
    """
    if not schedule_expression and not event_pattern:
        raise ValidationError("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    check_schedule(schedule_expression)
    check_pattern(event_pattern)
    _check_role(account, role_arn)
    row = selectors.get_event_bus(account=account, name=bus, region=region)
    if schedule_expression and row.name != DEFAULT:
        raise ValidationError("ScheduleExpression is supported only on the default event bus.")
    rule = Rule.objects.select_for_update().filter(bus=row, name=name).first()
    if rule is None:
        if Rule.objects.filter(bus=row).count() >= limits.EVENT_RULES_PER_BUS:
            raise LimitExceeded
        rule = Rule(account=account, bus=row, name=name, tags=tagging.checked(tags or {}))
    rule.bus = row
    rule.schedule_expression, rule.event_pattern = schedule_expression, event_pattern
    rule.state, rule.description, rule.role_arn = state, description, role_arn
    rule.save()
    timetables.keep_for_rule(rule)
    return rule


def check_schedule(text: str) -> None:
    """Raise ``InvalidScheduleExpression`` for what a rule does not take; nothing at all is fine."""
    if not text:
        return
    try:
        parse_rule_expression(text)
    except InvalidExpression:
        raise InvalidScheduleExpression from None


def check_pattern(text: str) -> None:
    """Raise ``InvalidEventPattern`` with AWS's reason; nothing at all is fine."""
    if not text:
        return
    try:
        patterns.compile(text)
    except InvalidPattern as error:
        raise InvalidEventPattern(reason=str(error)) from None


def _check_role(account: Account, role_arn: str) -> None:
    """EventBridge takes the role at once, to see whether it can: one that is not there cannot be taken either."""
    if not role_arn:
        return
    role = access.find_role(account=account, role_arn=role_arn)
    if role is None or not access.trusts(role.assume_role_policy, delivering.EVENTS):
        raise ValidationError(f"Provided role '{role_arn}' cannot be assumed by principal '{delivering.EVENTS}'.")


@transaction.atomic
def delete_rule(*, account: Account, name: str, bus: str = DEFAULT) -> None:
    """Delete a rule; one that is not there is gone already. Raises ``RuleHasTargets``, ``EventBusNotFound``."""
    rule = _rules(account, bus).filter(name=name).first()
    if rule is None:
        return
    if rule.targets.exists():
        raise RuleHasTargets
    rule.delete()


def enable_rule(*, account: Account, name: str, bus: str = DEFAULT) -> None:
    """Switch a rule on; a schedule begins again with its next time. Raises ``RuleNotFound``."""
    _switch(account, name, bus, Rule.State.ENABLED)


def disable_rule(*, account: Account, name: str, bus: str = DEFAULT) -> None:
    """Switch a rule off: it finds nothing and does not fire. Raises ``RuleNotFound``."""
    _switch(account, name, bus, Rule.State.DISABLED)


@transaction.atomic
def _switch(account: Account, name: str, bus: str, state: str) -> None:
    rule = selectors.get_rule(account=account, name=name, bus=bus)
    rule.state = state
    rule.save(update_fields=["state"])
    timetables.keep_for_rule(rule)


@transaction.atomic
def run_rule(*, account: Account, name: str, bus: str = DEFAULT) -> Firing:
    """Fire a scheduled rule once, now. Raises ``RuleNotFound``, ``ValidationError`` for a rule without a schedule."""
    timetable = selectors.timetable_of(selectors.get_rule(account=account, name=name, bus=bus))
    if timetable is None:
        raise ValidationError("The rule has no schedule.")
    return firing.fire_now(timetable)


def _rules(account: Account, bus: str) -> "Any":
    return Rule.objects.filter(bus=selectors.get_event_bus(account=account, name=bus))


# -- targets ---------------------------------------------------------------------------------------


@transaction.atomic
def put_targets(*, account: Account, rule: str, given: Iterable[Mapping[str, Any]], bus: str = DEFAULT) -> Rule:
    """Add targets, or replace those of the same ids; ``given`` in wire casing.

    Raises ``RuleNotFound``, ``LimitExceeded`` over five, ``ValidationError``.
    """
    row = selectors.get_rule(account=account, name=rule, bus=bus)
    wanted = {target["Id"]: target for target in given}
    for target in wanted.values():
        _check(account, target)
    known = set(row.targets.values_list("target_id", flat=True))
    if len(known | set(wanted)) > limits.EVENT_TARGETS_PER_RULE:
        raise LimitExceeded
    for target_id, target in wanted.items():
        settings = {name: value for name, value in target.items() if name not in ("Id", "Arn")}
        RuleTarget.objects.update_or_create(
            rule=row, target_id=target_id, defaults={"arn": target["Arn"], "settings": settings}
        )
    return row


@transaction.atomic
def remove_targets(*, account: Account, rule: str, target_ids: Iterable[str], bus: str = DEFAULT) -> list[str]:
    """Remove targets; returns the ids that were not there. Raises ``RuleNotFound``."""
    row = selectors.get_rule(account=account, name=rule, bus=bus)
    wanted = list(dict.fromkeys(target_ids))
    known = set(row.targets.filter(target_id__in=wanted).values_list("target_id", flat=True))
    row.targets.filter(target_id__in=known).delete()
    return [target_id for target_id in wanted if target_id not in known]


def _check(account: Account, target: Mapping[str, Any]) -> None:
    arn = own_arn(account=account, arn=target["Arn"])[0]
    parsed = arns.parse(arn)
    if parsed is None:
        raise ValidationError(f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in correct format.")
    if not targets.accepts(arn):
        raise ValidationError(
            f"Parameter {target['Arn']} is not valid. Reason: This server delivers no events to {parsed.service}."
        )
    if parsed.service == "sqs" and arn.endswith(".fifo") and "SqsParameters" not in target:
        raise ValidationError(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")
    _check_role(account, target.get("RoleArn", ""))
    dead_letter = target.get("DeadLetterConfig", {}).get("Arn", "")
    if dead_letter and not dead_letter.startswith("arn:aws:sqs:"):
        raise ValidationError(f"Parameter {dead_letter} is not valid. Reason: It is not the ARN of an SQS queue.")
    inputs.check(target)
