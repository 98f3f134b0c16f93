"""Events on a bus: every enabled rule whose pattern fits sends them on, in the transaction that took them in."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from core import arns
from triggers import delivering, documents, firing, patterns
from triggers.errors import EventBusNotFound
from triggers.models import DEFAULT, Delivery, EventBus, Rule
from triggers.patterns import InvalidPattern, Pattern

_MATCH_ALL_TARGETS = 500


def entry_event(
    *,
    account_id: str,
    arn: str,
    source: str,
    detail_type: str,
    detail: Any,
    time: datetime,
    resources: Iterable[str] = (),
) -> dict[str, Any]:
    """An event for the bus of that ARN."""
    parsed = arns.parse(arn)
    region = parsed.region if parsed else ""
    return documents.event(
        account_id=account_id,
        region=region,
        source=source,
        detail_type=detail_type,
        detail=detail,
        time=time,
        resources=resources,
    )


def put(*, account_id: str, bus_arn: str, event: dict[str, Any], trace: str = "", hops: int = 0) -> int:
    """Match an event against the rules of a bus; returns how many deliveries follow. Raises ``EventBusNotFound``."""
    name = bus_arn.rpartition("/")[2]
    bus = EventBus.objects.filter(account_id=account_id, name=name).first()
    if bus is None:
        if name == DEFAULT:
            return 0  # it is made with the first rule
        raise EventBusNotFound(name=name)
    return put_all(bus=bus, events=[event], trace=trace, hops=hops)


@transaction.atomic
def put_all(*, bus: EventBus, events: list[dict[str, Any]], trace: str = "", hops: int = 0) -> int:
    """The same for several events at once."""
    rules = Rule.objects.filter(bus=bus).exclude(state=Rule.State.DISABLED).exclude(event_pattern="")
    found: list[Delivery] = []
    for rule in rules.select_related("bus").prefetch_related("targets"):
        pattern = _compiled(rule)
        for event in events:
            if pattern is not None and pattern.matches(event):
                found += [firing.of_rule(rule, target, event, trace=trace, hops=hops) for target in rule.targets.all()]
    Delivery.objects.bulk_create(found, batch_size=_MATCH_ALL_TARGETS)
    if found:
        transaction.on_commit(delivering.ring)
    return len(found)


def _compiled(rule: Rule) -> Pattern | None:
    try:
        return patterns.compile(rule.event_pattern)
    except InvalidPattern:  # it was checked when it was set, by an older version of the rules
        return None
