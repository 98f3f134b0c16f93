"""What a person does with a rule's targets: add one with the permission that it needs, and see what one lacks."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.iam.role_policies import allow_action
from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, targets
from core.errors import ServiceError
from functions.models import PolicyStatement
from functions.policies import source_of
from functions.references import parse_reference
from functions.services import permissions
from triggers import delivering, selectors
from triggers.delivering import EVENTS
from triggers.errors import NotPermitted
from triggers.models import Rule, RuleTarget
from triggers.services import rules


@transaction.atomic
def add_target(*, account: Account, name: str, bus: str, arn: str, settings: Mapping[str, Any]) -> RuleTarget:
    """Have a rule send to ``arn`` as well, and let it; ``settings`` are the other members of a target, in wire casing.

    Raises what ``put_targets`` raises, and what the target says to a permission more.
    """
    rule = selectors.get_rule(account=account, name=name, bus=bus)
    target_id = _free_id(rule)
    rules.put_targets(account=account, rule=name, bus=bus, given=[{**settings, "Id": target_id, "Arn": arn}])
    target = rule.targets.get(target_id=target_id)
    permit(account=account, target=target)
    return target


@transaction.atomic
def remove_target(*, account: Account, name: str, bus: str, target_id: str) -> None:
    """Send there no more; one that is not there is gone already. Raises ``RuleNotFound``."""
    rule = selectors.get_rule(account=account, name=name, bus=bus)
    target = rule.targets.filter(target_id=target_id).first()
    if target is None:
        return
    if not rule.targets.filter(arn=target.arn).exclude(pk=target.pk).exists():
        withdraw(account=account, target=target)
    rules.remove_targets(account=account, rule=name, bus=bus, target_ids=[target_id])


def permit_target(*, account: Account, name: str, bus: str, target_id: str) -> None:
    """Give a target of a rule the permission that it lacks. Raises ``RuleNotFound`` and what ``permit`` raises."""
    rule = selectors.get_rule(account=account, name=name, bus=bus)
    if target := rule.targets.filter(target_id=target_id).first():
        permit(account=account, target=target)


def obstacle(*, account: Account, target: RuleTarget) -> ServiceError | None:
    """Why nothing would get there, asked as a delivery asks it; None when the way is free.

    ``NotPermitted`` is what ``permit`` mends, unless a statement forbids it.
    """
    try:
        delivering.check_permission(
            account=account,
            arn=own_arn(account=account, arn=target.arn)[0],
            service=EVENTS,
            origin_arn=target.rule.arn,
            role_arn=role_of(target),
        )
    except ServiceError as error:
        return error
    return None


def role_of(target: RuleTarget) -> str:
    """The role by which a rule sends there: the target's, or its rule's."""
    return target.settings.get("RoleArn", "") or target.rule.role_arn


@transaction.atomic
def permit(*, account: Account, target: RuleTarget) -> None:
    """Let the rule send there, if it may not: a statement more in the target's policy, or in its role's.

    Raises what is in the way besides, and ``NotPermitted`` where a statement forbids it.
    """
    if (found := obstacle(account=account, target=target)) is None:
        return
    if not isinstance(found, NotPermitted):
        raise found
    arn = own_arn(account=account, arn=target.arn)[0]
    parsed = arns.parse(arn)
    service = parsed.service if parsed else ""
    source_arn = target.rule.arn
    if service == "lambda":
        reference = parse_reference(arn, account=account)
        permissions.let_in(
            account=account,
            name=reference.name,
            qualifier=reference.qualifier,
            service=EVENTS,
            source_arn=source_arn,
        )
    elif role_arn := role_of(target):
        name = role_arn.rpartition("/")[2]
        allow_action(account=account, role_name=name, action=delivering.ACTIONS[service], resource=arn)
    else:
        targets.let_in(account_id=account.id, arn=arn, service=EVENTS, source_arn=source_arn)
    if still := obstacle(account=account, target=target):
        raise still


def _free_id(rule: Rule) -> str:
    """The first number that none of the rule's targets has."""
    known = set(rule.targets.values_list("target_id", flat=True))
    return next(str(number) for number in range(1, len(known) + 2) if str(number) not in known)


def withdraw(*, account: Account, target: RuleTarget) -> None:
    """Take from a function what lets this rule invoke it; queues and topics keep their policies, as at AWS."""
    if ":lambda:" not in target.arn:
        return
    reference = parse_reference(target.arn, account=account)
    rows = PolicyStatement.objects.filter(function__account=account, function__name=reference.name)
    source_arn = target.rule.arn
    for row in rows.filter(qualifier=reference.qualifier or ""):
        if source_of(row.statement) == source_arn:
            permissions.remove_permission(account=account, name=reference.name, sid=row.sid, qualifier=row.qualifier)
