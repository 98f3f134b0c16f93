"""Event buses and who may put events on them."""

import json
from typing import Any

from django.db import transaction

from accounts.models import Account
from core import clock, limits
from core.errors import ValidationError
from triggers import selectors
from triggers.errors import EventBusExists, EventPolicyTooLong, LimitExceeded
from triggers.models import DEFAULT, EventBus
from triggers.services import tagging


@transaction.atomic
def create_event_bus(
    *,
    account: Account,
    name: str,
    region: str = "us-east-1",
    description: str = "",
    settings: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> EventBus:
    """Make a bus. Raises ``EventBusExists``, ``LimitExceeded``, ``ValidationError``."""
    if "/" in name:
        raise ValidationError("Event bus name must not contain '/'.")
    if name == DEFAULT or EventBus.objects.filter(account=account, name=name).exists():
        raise EventBusExists(name=name)
    if EventBus.objects.filter(account=account).count() >= limits.EVENT_BUSES:
        raise LimitExceeded
    return EventBus.objects.create(
        account=account,
        name=name,
        region=region,
        description=description,
        settings=settings or {},
        tags=tagging.checked(tags or {}),
    )


@transaction.atomic
def update_event_bus(
    *, account: Account, name: str, description: str | None = None, settings: dict[str, Any] | None = None
) -> EventBus:
    """Change what is given. Raises ``EventBusNotFound``."""
    bus = selectors.get_event_bus(account=account, name=name)
    if description is not None:
        bus.description = description
    bus.settings = {**bus.settings, **(settings or {})}
    bus.modified_at = clock.now()
    bus.save()
    return bus


@transaction.atomic
def delete_event_bus(*, account: Account, name: str) -> None:
    """Delete a bus; one that is not there is gone already. Raises ``ValidationError`` while it has rules."""
    wanted = selectors.bus_name(account=account, text=name)
    if wanted == DEFAULT:
        raise ValidationError("Cannot delete event bus default.")
    bus = EventBus.objects.filter(account=account, name=wanted).first()
    if bus is None:
        return
    if bus.rules.exists():
        raise ValidationError("Event bus can't be deleted since it has rules.")
    bus.delete()


@transaction.atomic
def put_permission(
    *,
    account: Account,
    bus: str = DEFAULT,
    sid: str = "",
    action: str = "events:PutEvents",
    principal: str = "",
    condition: dict[str, str] | None = None,
    policy: str = "",
) -> None:
    """Add or replace one statement, or with ``policy`` all of them. Raises ``EventBusNotFound``, ``ValidationError``."""
    row = selectors.get_event_bus(account=account, name=bus)
    if policy:
        row.policy = _statements(policy)
    else:
        if not sid or not principal:
            raise ValidationError("Parameters StatementId, Action, and Principal must be provided.")
        statement: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
            "Action": action,
            "Resource": row.arn,
        }
        if condition:
            statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
        row.policy = [*(one for one in row.policy if one.get("Sid") != sid), statement]
    if len(policy_text(row)) > limits.EVENT_BUS_POLICY_SIZE:
        raise EventPolicyTooLong
    row.save(update_fields=["policy"])


@transaction.atomic
def remove_permission(*, account: Account, bus: str = DEFAULT, sid: str = "", remove_all: bool = False) -> None:
    """Remove one statement, or all. Raises ``EventBusNotFound``, ``ValidationError``."""
    row = selectors.get_event_bus(account=account, name=bus)
    if not remove_all and not any(one.get("Sid") == sid for one in row.policy):
        raise ValidationError("Statement with the provided id does not exist.")
    row.policy = [] if remove_all else [one for one in row.policy if one.get("Sid") != sid]
    row.save(update_fields=["policy"])


def policy_text(bus: EventBus) -> str:
    """The policy as AWS sends it; empty when there is none."""
    if not bus.policy:
        return ""
    return json.dumps({"Version": "2012-10-17", "Statement": bus.policy}, separators=(",", ":"))


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError, RecursionError):
        statements = None
    listed = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(one, dict) and "Effect" in one for one in listed):
        raise ValidationError("Event bus policy is not valid.")
    return listed
