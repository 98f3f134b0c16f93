"""The metrics of ``AWS/Lambda``: computed from the records of invocations when somebody asks.

What no record holds is stored as it happens, under all three dimensions: throttles, executions that were tried again,
and deliveries that failed. Every answer adds up both. Source: Lambda developer guide, "Types of metrics for Lambda
functions".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    FloatField,
    Func,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Ceil, Ln

from accounts.models import Account
from core import clock, limits
from logs import metrics
from logs.metrics import MetricId, Sample, Series, Summary, Window
from logs.metrics import store as stored_metrics
from logs.metrics.identity import merge
from logs.metrics.sketch import LOG_BASE, Sketch
from logs.models import Metric
from runner.lookup import Found
from runner.models import Invocation, InvocationType, State
from runner.retries import Cause

NAMESPACE = "AWS/Lambda"
DESTINATION, DEAD_LETTER = "DestinationDeliveryFailures", "DeadLetterErrors"
COUNT, MILLISECONDS = "Count", "Milliseconds"
_LISTED_FOR = timedelta(days=14)
# An event is asked for before it is executed and ends later still.
_BEFORE = timedelta(seconds=limits.ASYNC_EVENT_AGE_S_MAX + 2 * limits.TIMEOUT_S_MAX)


class _EpochSeconds(Func):
    """Whole seconds since 1970."""

    template = "CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s)) AS BIGINT)"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)", **context
        )


class _MillisecondsBetween(Func):
    """From the second moment to the first."""

    arity = 2
    template, arg_joiner = "(EXTRACT(EPOCH FROM (%(expressions)s)) * 1000.0)", " - "
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "((julianday(%(expressions)s)) * 86400000.0)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **context)


# -- what records hold -----------------------------------------------------------------------------

# Of an event that was executed several times the record is the last execution's; the others are stored apart.
EXECUTED = (
    Q(state=State.SUCCEEDED)
    | Q(state=State.FAILED, reason="")
    | Q(state__in=(State.DEAD_LETTER, State.DISCARDED), reason__startswith=Cause.RETRIES_EXHAUSTED)
)
_DROPPED = Q(state__in=(State.DEAD_LETTER, State.DISCARDED))
_IN_A_LOOP = Q(reason__startswith=Cause.RECURSIVE_INVOCATION)
_EVENT = Q(invocation_type=InvocationType.EVENT)


@dataclass(frozen=True, slots=True)
class _Measure:
    """One metric: its unit, and which records have which value of it at which time; None when none has any."""

    unit: str
    rows: Q | None = None
    time: str = "started_at"
    value: Combinable = Value(1.0)  # noqa: RUF009


_ERROR = Case(When(state=State.SUCCEEDED, then=Value(0.0)), default=Value(1.0), output_field=FloatField())
_AGE = _MillisecondsBetween(F("started_at"), F("asked_at"))

MEASURES: dict[str, _Measure] = {
    "Invocations": _Measure(COUNT, EXECUTED),
    "Errors": _Measure(COUNT, EXECUTED, value=_ERROR),
    "Duration": _Measure(MILLISECONDS, EXECUTED & Q(duration_ms__isnull=False), value=F("duration_ms")),
    "Throttles": _Measure(COUNT),
    "ConcurrentExecutions": _Measure(COUNT, EXECUTED),
    "AsyncEventsReceived": _Measure(COUNT, _EVENT, time="asked_at"),
    "AsyncEventAge": _Measure(MILLISECONDS, EXECUTED & _EVENT, value=_AGE),
    "AsyncEventsDropped": _Measure(COUNT, _EVENT & _DROPPED, time="finished_at"),
    "RecursiveInvocationsDropped": _Measure(COUNT, _EVENT & _DROPPED & _IN_A_LOOP, time="finished_at"),
    DEAD_LETTER: _Measure(COUNT),
    DESTINATION: _Measure(COUNT),
}


class LambdaMetrics:
    """The source of ``AWS/Lambda`` for ``logs.metrics``."""

    def metrics(self, *, account: Account) -> Iterable[MetricId]:
        """Of every function that was asked for something in the last two weeks, under each set of dimensions."""
        since = clock.now() - _LISTED_FOR
        rows = Invocation.objects.filter(account=account, asked_at__gte=since).order_by()
        found: set[MetricId] = set()
        for name, qualifier, version in rows.values_list("function_name", "qualifier", "version").distinct():
            for dimensions in _sets_of_dimensions(name, qualifier, version):
                found |= {
                    MetricId.of(NAMESPACE, one, dimensions) for one, of in MEASURES.items() if of.rows is not None
                }
        stored = Metric.objects.filter(account=account, namespace=NAMESPACE, last_s__gte=int(since.timestamp()))
        for name, dimensions in stored.values_list("name", "dimensions"):
            own = dict(dimensions)
            resource = own.get("Resource", "").partition(":")[2]
            for some in _sets_of_dimensions(own.get("FunctionName", ""), resource, own.get("ExecutedVersion", "")):
                found.add(MetricId.of(NAMESPACE, name, some))
        return found

    def read(self, *, account: Account, metric: MetricId, window: Window, spread: bool) -> dict[str, Series]:
        """See ``logs.metrics.sources.Source``."""
        measure = MEASURES.get(metric.name)
        wanted = _condition(dict(metric.dimensions))
        if measure is None or wanted is None:
            return {}
        series: Series = {}
        if measure.rows is not None:
            rows = Invocation.objects.filter(wanted & measure.rows, account=account)
            if metric.name == "ConcurrentExecutions":
                series = _concurrency(rows, window)
            else:
                series = _aggregate(rows, measure, window, spread=spread)
        for more in _stored(account, metric, window, spread=spread):
            series = merge(series, more)
        return {measure.unit: series}


def _sets_of_dimensions(name: str, qualifier: str, version: str) -> Iterator[dict[str, str]]:
    yield {}
    yield {"FunctionName": name}
    yield {"FunctionName": name, "Resource": _resource(name, qualifier)}
    if qualifier and version and qualifier != version:
        yield {"FunctionName": name, "Resource": _resource(name, qualifier), "ExecutedVersion": version}


def _resource(name: str, qualifier: str) -> str:
    """The dimension for what was asked for: the function, or one of its versions or aliases."""
    return f"{name}:{qualifier}" if qualifier else name


def _condition(dimensions: dict[str, str]) -> Q | None:
    """Which records have these dimensions; None when none can."""
    wanted = Q()
    for name, value in dimensions.items():
        match name:
            case "FunctionName":
                wanted &= Q(function_name=value)
            case "Resource":
                function, _, qualifier = value.partition(":")
                wanted &= Q(function_name=function, qualifier=qualifier)
            case "ExecutedVersion":
                wanted &= Q(version=value)
            case _:
                return None
    return wanted


# -- from records ----------------------------------------------------------------------------------


def _in(rows: "QuerySet[Invocation]", time: str, window: Window) -> "QuerySet[Invocation]":
    """The records of a window; those asked for long before are left out by the index."""
    start, end = window.moment(window.start), window.moment(window.end)
    within = {f"{time}__gte": start, f"{time}__lt": end}
    return rows.filter(asked_at__gte=start - _BEFORE, asked_at__lt=end).filter(**within)


def _aggregate(rows: "QuerySet[Invocation]", measure: _Measure, window: Window, *, spread: bool) -> Series:
    number = (_EpochSeconds(F(measure.time)) - Value(window.start)) / Value(window.period)
    placed = _in(rows, measure.time, window).annotate(number=number, measured=Cast(measure.value, FloatField()))
    figures = (
        placed.order_by().values_list("number").annotate(Count("id"), Sum("measured"), Min("measured"), Max("measured"))
    )
    sketches = _sketches(placed) if spread else {}
    return {
        window.start + at * window.period: Summary(count, total, minimum, maximum, sketches.get(at))
        for at, count, total, minimum, maximum in figures
    }


def _sketches(placed: "QuerySet[Invocation]") -> dict[int, Sketch]:
    """How values are spread in each period, counted by the database in the sketch's own buckets."""
    bucket = Case(When(measured__gt=0.0, then=Ceil(Ln(F("measured")) / Value(LOG_BASE))), default=None)
    counted = placed.annotate(bucket=bucket).order_by().values_list("number", "bucket").annotate(Count("id"))
    buckets: dict[int, dict[int, float]] = {}
    zeros: dict[int, float] = {}
    for at, of, count in counted:
        buckets.setdefault(at, {})
        if of is None:
            zeros[at] = float(count)
        else:
            buckets[at][int(of)] = float(count)
    return {at: Sketch.of_buckets(found, zeros.get(at, 0.0)) for at, found in buckets.items()}


def _concurrency(rows: "QuerySet[Invocation]", window: Window) -> Series:
    """How many ran when each execution began, itself included.

    An execution's own time counts, in whole milliseconds as its start is written: its record ends some moments later,
    when the next one may have begun already. Of those that began in the same millisecond the shortest was first.
    """
    start = window.moment(window.start)
    longest = timedelta(seconds=limits.TIMEOUT_S_MAX)
    times = rows.filter(
        asked_at__gte=start - _BEFORE,
        asked_at__lt=window.moment(window.end),
        started_at__gte=start - longest,
        started_at__lt=window.moment(window.end),
        finished_at__gte=start,
    )
    running: list[datetime] = []
    counts: dict[int, dict[int, float]] = {}
    columns = ("started_at", "finished_at", "init_ms", "duration_ms")
    found = times.order_by("started_at").values_list(*columns).iterator()
    for began, together in groupby(found, key=itemgetter(0)):
        assert began is not None  # the query asks for such rows only
        for ended in sorted(_ended_at(began, *row) for _began, *row in together):
            while running and running[0] <= began:
                heappop(running)
            heappush(running, ended)
            if began >= start:
                second = int(began.timestamp())
                of_period = counts.setdefault(second - (second - window.start) % window.period, {})
                of_period[len(running)] = of_period.get(len(running), 0.0) + 1
    return {at: Summary.of((float(number), count) for number, count in found.items()) for at, found in counts.items()}


def _ended_at(began: datetime, recorded: datetime, init_ms: float | None, duration_ms: float | None) -> datetime:
    if duration_ms is None:
        return max(began, recorded)
    took = timedelta(milliseconds=int(init_ms or 0) + int(duration_ms))
    return max(began, min(recorded, began + took))


# -- what records do not hold ----------------------------------------------------------------------


def _stored(account: Account, metric: MetricId, window: Window, *, spread: bool) -> Iterator[Series]:
    rows = Metric.objects.filter(account=account, namespace=NAMESPACE, name=metric.name)
    wanted = set(metric.dimensions)
    ids = [pk for pk, own in rows.values_list("id", "dimensions") if wanted <= {(name, value) for name, value in own}]
    if ids:
        yield from stored_metrics.read(metrics=ids, window=window, spread=spread).values()


def _id(name: str, *, function: str, qualifier: str, version: str) -> MetricId:
    dimensions = {"FunctionName": function, "Resource": _resource(function, qualifier), "ExecutedVersion": version}
    return MetricId.of(NAMESPACE, name, {one: value for one, value in dimensions.items() if value})


def note_throttle(found: Found) -> None:
    """Count an invocation that was refused because as many ran as may."""
    metric = _id("Throttles", function=found.function_name, qualifier=found.qualifier, version=found.version)
    metrics.recorder.add(account_id=found.account_id, metric=metric, unit=COUNT, value=1.0)


def note_throttled_event(*, account_id: str, function_name: str) -> None:
    """Count an event that stays in line because as many ran as may."""
    metric = _id("Throttles", function=function_name, qualifier="", version="")
    metrics.recorder.add(account_id=account_id, metric=metric, unit=COUNT, value=1.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose metrics: a function of an account, as it was asked for and, once executed, in which version."""

    account_id: str
    function: str
    qualifier: str
    version: str = ""


class Notes:
    """What a transaction of the writer stores beside its records; ``write`` is part of it."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def tried_again(self, place: Place, *, duration_ms: float, asked_at: datetime, started_at: datetime) -> None:
        """An execution failed, and its record will be another's."""
        age_ms = max(0.0, (started_at - asked_at).total_seconds() * 1000)
        for name, value in (
            ("Invocations", 1.0),
            ("Errors", 1.0),
            ("Duration", duration_ms),
            ("AsyncEventAge", age_ms),
        ):
            self._add(place, name, value, started_at)

    def undelivered(self, place: Place, metric: str) -> None:
        """A destination, or the dead-letter queue, did not take what it should have got."""
        self._add(place, metric, 1.0, clock.now())

    def write(self) -> None:
        """Store it all; mostly there is nothing."""
        if self._samples:
            metrics.record(self._samples)

    def _add(self, place: Place, name: str, value: float, at: datetime) -> None:
        metric = _id(name, function=place.function, qualifier=place.qualifier, version=place.version)
        summary = Summary.of([(value, 1.0)])
        self._samples.append(Sample(place.account_id, metric, MEASURES[name].unit, at.timestamp(), summary))
