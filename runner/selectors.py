"""Reads: invocations of one account, as the console shows them."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Max, Min, Q, QuerySet

from accounts.models import Account
from core import clock
from core.prepared import Prepared
from functions.models import Function
from logs import metrics
from logs.metrics import MetricId, Point
from runner.errors import InvocationNotFound
from runner.metrics import NAMESPACE
from runner.models import Invocation, State


@dataclass(frozen=True, slots=True)
class Figures:
    """Invocations of a function since some moment. Durations in milliseconds, None when there were none."""

    invocations: int = 0
    errors: int = 0
    cold_starts: int = 0
    average_ms: float | None = None
    longest_ms: float | None = None


@dataclass(frozen=True, slots=True)
class EventsNow:
    """Events that are not over: their time has come, it is still to come (a retry), they run. How long the oldest waits."""

    due: int
    later: int
    running: int
    waited_ms: float | None


_INVOCATION = Prepared(
    lambda account, key: Invocation.objects.select_related("function").filter(account=account, pk=key),
    account=str,
    key=uuid.UUID,
)


def get_invocation(*, account: Account, request_id: str) -> Invocation:
    """The invocation with this request id, or ``InvocationNotFound``."""
    try:
        key = uuid.UUID(request_id)
    except ValueError:
        raise InvocationNotFound(request_id=request_id) from None
    found = _INVOCATION.one(account=account.pk, key=key)
    if found is None:
        raise InvocationNotFound(request_id=request_id)
    return found


def list_invocations(*, account: Account, function: Function | None = None) -> QuerySet[Invocation]:
    """Invocations, newest first; without the documents, which a list does not show."""
    rows = Invocation.objects.filter(account=account)
    if function is not None:
        rows = rows.filter(function=function)
    return rows.defer("payload", "response", "client_context").order_by("-asked_at")


def events_now(*, function: Function) -> EventsNow:
    """What a function's events wait for at this moment."""
    now, is_waiting = clock.now(), Q(state=State.QUEUED)
    rows = Invocation.objects.filter(function=function, state__in=(State.QUEUED, State.RUNNING))
    found = rows.aggregate(
        due=Count("id", filter=is_waiting & Q(due_at__lte=now)),
        waiting=Count("id", filter=is_waiting),
        running=Count("id", filter=Q(state=State.RUNNING)),
        oldest_at=Min("asked_at", filter=is_waiting),
    )
    oldest_at = found["oldest_at"]
    waited_ms = (now - oldest_at) / timedelta(milliseconds=1) if oldest_at else None
    return EventsNow(found["due"], found["waiting"] - found["due"], found["running"], waited_ms)


def ahead_of(*, invocation: Invocation) -> int:
    """How many events of the same function are due before this one."""
    if invocation.state != State.QUEUED or invocation.due_at is None:
        return 0
    rows = Invocation.objects.filter(state=State.QUEUED, function=invocation.function_id)
    return rows.filter(due_at__lt=invocation.due_at).count()


def figures(*, account: Account, since: datetime, functions: Iterable[Function] | None = None) -> dict[str, Figures]:
    """What invocations that ended since then took and how they ended, by function name."""
    rows = Invocation.objects.filter(account=account, asked_at__gte=since, finished_at__isnull=False)
    if functions is not None:
        rows = rows.filter(function__in=list(functions))
    failed = ~Q(error_type="") | Q(state__in=(State.FAILED, State.DEAD_LETTER, State.DISCARDED))
    grouped = rows.values("function_name").annotate(
        count=Count("id"),
        failures=Count("id", filter=failed),
        cold=Count("id", filter=Q(cold=True)),
        average=Avg("duration_ms"),
        longest=Max("duration_ms"),
    )
    return {
        row["function_name"]: Figures(row["count"], row["failures"], row["cold"], row["average"], row["longest"])
        for row in grouped
    }


def metric_series(
    *,
    account: Account,
    metric: str,
    statistics: Sequence[str],
    start: datetime,
    end: datetime,
    period_s: int,
    function: Function | None = None,
) -> list[list[Point]]:
    """One metric of ``AWS/Lambda``, of a function or of them all, with a point for every period, for each of ``statistics``.

    ``metric`` is one of ``runner.metrics.MEASURES``, read once; a statistic is ``Sum``, ``Average``, ``Minimum``,
    ``Maximum``, ``SampleCount`` or a percentile (``p95``); the period is a multiple of 60 seconds.
    """
    asked = MetricId.of(NAMESPACE, metric, {"FunctionName": function.name} if function is not None else {})
    return metrics.read_statistics(
        account=account, metric=asked, statistics=statistics, start=start, end=end, period_s=period_s
    )
