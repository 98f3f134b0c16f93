"""What a worker needs to know to drain a queue for a function, read once a second in three queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import limits
from functions import selectors as functions
from functions.errors import FunctionNotFound
from queues import names
from queues.models import Queue
from triggers import patterns
from triggers.models import EventSourceMapping
from triggers.patterns import Pattern
from triggers.services.mappings import missing_permission

type Stamp = tuple[datetime, int, datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """One enabled mapping, as it was at ``stamp``. ``most`` is how many batches may be worked on at once."""

    id: UUID
    stamp: Stamp
    account_id: str
    queue: Queue
    function_arn: str
    timeout_s: int
    batch_size: int
    window_s: int
    most: int
    shares_most: bool  # with other workers: MaximumConcurrency was set
    reports_failures: bool
    filters: tuple[Pattern, ...]


def load(known: Mapping[UUID, Plan]) -> dict[UUID, Plan]:
    """The mappings that can be worked on now; those that have not changed are taken from ``known``.

    What stands in the way of the others is written into their rows.
    """
    rows = list(
        EventSourceMapping.objects.filter(state=EventSourceMapping.State.ENABLED).select_related("function", "account")
    )
    queues = _queues(rows)
    plans: dict[UUID, Plan] = {}
    for row in rows:
        queue = queues.get((row.account_id, names.of_arn(row.source_arn) or ""))
        if queue is None:
            _tell(row, "PROBLEM: The queue does not exist.")
            continue
        stamp = row.modified_at, row.account.stamp, queue.modified_at
        before = known.get(row.pk)
        if before is not None and before.stamp == stamp:
            plans[row.pk] = before
        elif plan := _plan(row, queue, stamp):
            plans[row.pk] = plan
    return plans


def _queues(rows: list[EventSourceMapping]) -> dict[tuple[str, str], Queue]:
    wanted = {names.of_arn(row.source_arn) or "" for row in rows}
    accounts = {row.account_id for row in rows}
    found = Queue.objects.filter(account_id__in=accounts, name__in=wanted) if rows else ()
    return {(queue.account_id, queue.name): queue for queue in found}


def _plan(row: EventSourceMapping, queue: Queue, stamp: Stamp) -> Plan | None:
    try:
        version = functions.version_of(function=row.function, qualifier=row.qualifier)
    except FunctionNotFound:
        _tell(row, "PROBLEM: The function's version or alias does not exist.")
        return None
    if operation := missing_permission(account=row.account, role_arn=version.role_arn, queue_arn=queue.arn):
        _tell(row, f"PROBLEM: The execution role does not have permissions to call {operation} on SQS.")
        return None
    _tell(row, "")
    return Plan(
        id=row.pk,
        stamp=stamp,
        account_id=row.account_id,
        queue=queue,
        function_arn=row.function_arn,
        timeout_s=version.timeout,
        batch_size=row.batch_size,
        window_s=row.window_s,
        most=row.maximum_concurrency or limits.MAPPING_CONCURRENCY_MAX,
        shares_most=row.maximum_concurrency is not None,
        reports_failures=row.reports_failures,
        filters=tuple(patterns.compile(text) for text in row.filters),
    )


def _tell(row: EventSourceMapping, problem: str) -> None:
    if row.problem != problem:
        EventSourceMapping.objects.filter(pk=row.pk).update(problem=problem)
