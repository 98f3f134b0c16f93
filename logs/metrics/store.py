"""Metric values in the database: one row for each metric, unit and minute, whatever number of values it had.

Metrics with high resolution have rows by the second too, for a few hours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet, Sum, Value

from core import clock
from logs.metrics.errors import TooManyMetrics
from logs.metrics.identity import MINUTE, MetricId, Series, Window
from logs.metrics.sketch import Sketch
from logs.metrics.summary import Summary
from logs.models import Metric, MetricPoint

METRICS_PER_ACCOUNT = 2_000  # that accounts send themselves
POINTS_PER_ACCOUNT = 1_000_000
KEEP_SECONDS_FOR_S, KEEP_MINUTES_FOR_S = 3 * 3600, 15 * 86_400
OWN_PREFIX = "AWS/"  # namespaces that only the platform writes
_DELETE_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of a metric at a moment (epoch seconds)."""

    account_id: str
    metric: MetricId
    unit: str
    at: float
    summary: Summary
    by_second: bool = False


type MetricKey = tuple[str, MetricId]
type PointKey = tuple[int, int, int, str]
"""The row of the metric, resolution, start, unit."""


# -- writing ---------------------------------------------------------------------------------------


@transaction.atomic
def record(samples: Iterable[Sample]) -> None:
    """Add values to what is stored, all or nothing. Raises ``TooManyMetrics``."""
    gathered = list(samples)
    if not gathered:
        return
    ids = _lock_metrics({(sample.account_id, sample.metric): int(sample.at) for sample in gathered})
    fresh: dict[PointKey, Summary] = {}
    for sample in gathered:
        metric, second = ids[sample.account_id, sample.metric], int(sample.at)
        _add(fresh, (metric, MINUTE, second - second % MINUTE, sample.unit), sample.summary)
        if sample.by_second:
            _add(fresh, (metric, 1, second, sample.unit), sample.summary)
    for key, summary in _stored(fresh.keys()).items():
        fresh[key] = summary.merge(fresh[key])
    MetricPoint.objects.bulk_create(
        (_row(key, summary) for key, summary in fresh.items()),
        update_conflicts=True,
        unique_fields=["metric", "resolution", "start", "unit"],
        update_fields=["count", "total", "minimum", "maximum", "sketch"],
    )


def _add(points: dict[PointKey, Summary], key: PointKey, summary: Summary) -> None:
    points[key] = points[key].merge(summary) if key in points else summary


def _row(key: PointKey, summary: Summary) -> MetricPoint:
    return MetricPoint(
        metric_id=key[0],
        resolution=key[1],
        start=key[2],
        unit=key[3],
        count=summary.count,
        total=summary.total,
        minimum=summary.minimum,
        maximum=summary.maximum,
        sketch=summary.sketch.to_json() if summary.sketch is not None else None,
    )


def _stored(keys: Iterable[PointKey]) -> dict[PointKey, Summary]:
    wanted = set(keys)
    rows = MetricPoint.objects.filter(metric__in={key[0] for key in wanted}, start__in={key[2] for key in wanted})
    found: dict[PointKey, Summary] = {}
    for row in rows.iterator():
        if (key := (row.metric_id, row.resolution, row.start, row.unit)) in wanted:
            found[key] = _summary(row)
    return found


def _summary(row: MetricPoint) -> Summary:
    sketch = Sketch.from_json(row.sketch) if row.sketch is not None else None
    return Summary(row.count, row.total, row.minimum, row.maximum, sketch)


def _lock_metrics(latest: Mapping[MetricKey, int]) -> dict[MetricKey, int]:
    """The rows of metrics, made where they are missing and locked in the order of their ids: two who add to the same
    point come one after the other."""
    found = _find(latest)
    if missing := latest.keys() - found.keys():
        _check_room(missing)
        Metric.objects.bulk_create((_new(key) for key in sorted(missing)), ignore_conflicts=True)
        found = _find(latest)
    ids = {pk: latest[key] for key, pk in found.items()}
    rows = list(Metric.objects.select_for_update().filter(id__in=ids).order_by("id"))
    behind = [row for row in rows if row.last_s < ids[row.id]]
    for row in behind:
        row.last_s = ids[row.id]
    Metric.objects.bulk_update(behind, ["last_s"])
    return found


def _new(key: MetricKey) -> Metric:
    account_id, metric = key
    return Metric(
        account_id=account_id,
        namespace=metric.namespace,
        name=metric.name,
        dimensions=metric.dimensions,
        dimensions_key=metric.dimensions_key,
    )


def _find(keys: Iterable[MetricKey]) -> dict[MetricKey, int]:
    wanted = {(account, metric.namespace, metric.name, metric.dimensions_key): metric for account, metric in keys}
    rows = Metric.objects.filter(
        account__in={key[0] for key in wanted},
        namespace__in={key[1] for key in wanted},
        name__in={key[2] for key in wanted},
        dimensions_key__in={key[3] for key in wanted},
    )
    found: dict[MetricKey, int] = {}
    for pk, *place in rows.values_list("id", "account_id", "namespace", "name", "dimensions_key"):
        account, namespace, name, dimensions_key = place
        if metric := wanted.get((account, namespace, name, dimensions_key)):
            found[account, metric] = pk
    return found


def _check_room(missing: Iterable[MetricKey]) -> None:
    more: dict[str, int] = {}
    for account_id, metric in missing:
        if not metric.namespace.startswith(OWN_PREFIX):
            more[account_id] = more.get(account_id, 0) + 1
    for account_id, count in more.items():
        own = Metric.objects.filter(account=account_id).exclude(namespace__startswith=OWN_PREFIX)
        if own.count() + count > METRICS_PER_ACCOUNT:
            raise TooManyMetrics(limit=METRICS_PER_ACCOUNT)


# -- reading ---------------------------------------------------------------------------------------


def find_metrics(*, account_id: str, metric: MetricId) -> Sequence[int]:
    """The row of exactly this metric, if there is one."""
    return list(_find([(account_id, metric)]).values())


def read(*, metrics: Sequence[int], window: Window, unit: str = "", spread: bool = False) -> dict[str, Series]:
    """What rows of metrics hold together, by unit; how values are spread only if ``spread`` is asked for."""
    points = MetricPoint.objects.filter(
        metric__in=metrics,
        resolution=1 if window.period < MINUTE else MINUTE,
        start__gte=window.start,
        start__lt=window.end,
    )
    if unit:
        points = points.filter(unit=unit)
    return _with_spread(points, window) if spread else _sums(points, window)


def _sums(points: "QuerySet[MetricPoint]", window: Window) -> dict[str, Series]:
    number = (F("start") - Value(window.start)) / Value(window.period)
    grouped = points.annotate(number=number).values_list("unit", "number")
    figures = grouped.annotate(Sum("count"), Sum("total"), Min("minimum"), Max("maximum"))
    found: dict[str, Series] = {}
    for of_unit, at, *values in figures.order_by("number"):
        found.setdefault(of_unit, {})[window.start + at * window.period] = Summary(*values)
    return found


def _with_spread(points: "QuerySet[MetricPoint]", window: Window) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for row in points.order_by("start").iterator():
        series = found.setdefault(row.unit, {})
        at = row.start - (row.start - window.start) % window.period
        summary = _summary(row)
        series[at] = series[at].merge(summary) if at in series else summary
    return found


# -- retention -------------------------------------------------------------------------------------


def sweep() -> None:
    """Remove points that are past their time, or more than an account may keep, and metrics without any."""
    now = int(clock.now().timestamp())
    for resolution, kept_s in ((1, KEEP_SECONDS_FOR_S), (MINUTE, KEEP_MINUTES_FOR_S)):
        _delete(MetricPoint.objects.filter(resolution=resolution, start__lt=now - kept_s))
    for account_id in Metric.objects.order_by().values_list("account_id", flat=True).distinct():
        points = MetricPoint.objects.filter(metric__account=account_id)
        if (excess := points.count() - POINTS_PER_ACCOUNT) > 0:
            last = points.order_by("start").values_list("start", flat=True)[excess - 1]
            _delete(points.filter(start__lte=last))
    Metric.objects.filter(last_s__lt=now - KEEP_MINUTES_FOR_S, points=None).delete()


def _delete(points: "QuerySet[MetricPoint]") -> None:
    while keys := list(points.values_list("id", flat=True)[:_DELETE_BATCH]):
        MetricPoint.objects.filter(id__in=keys).delete()
