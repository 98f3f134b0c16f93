"""What functions did lately, for the list of functions: reads that join functions with their invocations."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncMinute

from functions.models import Function, Version
from runner.models import Invocation, State

UNSUCCESSFUL = (State.FAILED, State.DEAD_LETTER, State.DISCARDED)
SLOTS = 12
SLOT = timedelta(minutes=5)


@dataclass(slots=True)
class LastHour:
    """Invocations and errors of a function in the last hour, in slots of five minutes, oldest first."""

    invocations: list[int] = field(default_factory=lambda: [0] * SLOTS)
    errors: list[int] = field(default_factory=lambda: [0] * SLOTS)


def with_last_invocation(versions: QuerySet[Version]) -> QuerySet[Version]:
    """``versions`` annotated with ``last_state`` and ``last_asked_at`` of their function's newest invocation."""
    newest = Invocation.objects.filter(function=OuterRef("function")).order_by("-asked_at", "-id")
    return versions.annotate(
        last_state=Subquery(newest.values("state")[:1]), last_asked_at=Subquery(newest.values("asked_at")[:1])
    )


def last_hour(*, functions: Iterable[Function], now: datetime) -> dict[uuid.UUID, LastHour]:
    """What each function did in the hour before ``now``."""
    since = (now - SLOT * SLOTS).replace(second=0, microsecond=0)
    rows = (
        Invocation.objects.filter(function__in=[function.pk for function in functions], asked_at__gte=since)
        .annotate(minute=TruncMinute("asked_at"))
        .values("function_id", "minute")
        .annotate(total=Count("id"), errors=Count("id", filter=Q(state__in=UNSUCCESSFUL)))
    )
    hours: dict[uuid.UUID, LastHour] = defaultdict(LastHour)
    for row in rows:
        slot = min(max(int((row["minute"] - since) / SLOT), 0), SLOTS - 1)
        hours[row["function_id"]].invocations[slot] += row["total"]
        hours[row["function_id"]].errors[slot] += row["errors"]
    return hours
