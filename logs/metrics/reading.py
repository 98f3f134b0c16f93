"""GetMetricStatistics and ListMetrics, and the series beneath every question about a metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from core import clock, paging
from core.errors import InvalidParameterValue
from logs.metrics import store
from logs.metrics.errors import (
    InvalidMetricCombination,
    InvalidMetricToken,
    InvalidMetricValue,
    MissingMetricParameter,
)
from logs.metrics.identity import MetricId, Series, Window, is_period, merge
from logs.metrics.sources import SOURCES
from logs.metrics.summary import BASIC, Summary, find_statistic, needs_spread
from logs.models import Metric

DATAPOINTS = 1_440
PAGE = 500
_TWO_WEEKS_S, _RECENT_S = 14 * 86_400, 3 * 3_600


def read_series(
    *, account: Account, metric: MetricId, window: Window, unit: str = "", spread: bool = False
) -> dict[str, Series]:
    """A metric's values in each period, by unit; without ``spread`` no percentile can be told from them."""
    if source := SOURCES.get(metric.namespace):
        found = source.read(account=account, metric=metric, window=window, spread=spread)
        return {one: series for one, series in found.items() if unit in ("", one) and series}
    rows = store.find_metrics(account_id=account.pk, metric=metric)
    return store.read(metrics=rows, window=window, unit=unit, spread=spread) if rows else {}


def read_all_units(
    *, account: Account, metric: MetricId, window: Window, unit: str = "", spread: bool = False
) -> Series:
    """The same, whatever the unit."""
    together: Series = {}
    for series in read_series(account=account, metric=metric, window=window, unit=unit, spread=spread).values():
        together = merge(together, series)
    return together


# -- for charts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value in the period that begins at ``at``; None when nothing was measured."""

    at: datetime
    value: float | None


def read_points(
    *, account: Account, metric: MetricId, statistic: str, start: datetime, end: datetime, period_s: int
) -> list[Point]:
    """A metric with a point for every period, which is a multiple of 60 seconds.

    ``statistic`` is ``Sum``, ``Average``, ``Minimum``, ``Maximum``, ``SampleCount`` or a percentile (``p95``).
    """
    [points] = read_statistics(
        account=account, metric=metric, statistics=(statistic,), start=start, end=end, period_s=period_s
    )
    return points


def read_statistics(
    *, account: Account, metric: MetricId, statistics: Sequence[str], start: datetime, end: datetime, period_s: int
) -> list[list[Point]]:
    """The same for several statistics of one metric, which is read once."""
    computes = [find_statistic(statistic) for statistic in statistics]
    if None in computes:
        raise ValueError(f"There is no such statistic among {statistics}")
    window = Window.covering(start, end, period_s, now=clock.now())
    spread = any(map(needs_spread, statistics))
    series = read_all_units(account=account, metric=metric, window=window, spread=spread)
    starts = range(window.start, window.end, window.period)
    return [
        [Point(window.moment(at), compute(series[at]) if at in series else None) for at in starts]
        for compute in computes
        if compute is not None
    ]


# -- GetMetricStatistics ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period's values of one unit."""

    at: datetime
    unit: str
    statistics: dict[str, float]
    extended: dict[str, float]


def get_metric_statistics(
    *,
    account: Account,
    metric: MetricId,
    start: datetime,
    end: datetime,
    period: int,
    statistics: Sequence[str] = (),
    extended: Sequence[str] = (),
    unit: str = "",
) -> Sequence[Datapoint]:
    """The statistics of each period that has values, oldest first, of each unit apart.

    Raises ``InvalidMetricValue``, ``InvalidMetricCombination`` (more than 1,440 periods) or
    ``MissingMetricParameter``. Source: API reference, GetMetricStatistics.
    """
    _check_statistics(statistics, extended)
    window = _window(start, end, period)
    found = read_series(account=account, metric=metric, window=window, unit=unit, spread=bool(extended))
    points = [
        Datapoint(window.moment(at), of_unit, _values(summary, statistics), _values(summary, extended))
        for of_unit, series in found.items()
        for at, summary in series.items()
    ]
    return sorted(points, key=lambda point: (point.at, point.unit))


def _check_statistics(statistics: Sequence[str], extended: Sequence[str]) -> None:
    if not statistics and not extended:
        raise MissingMetricParameter("The parameter Statistics or ExtendedStatistics is required.")
    for name in statistics:
        if name not in BASIC:
            raise InvalidMetricValue(f"The value {name} for parameter Statistics is invalid.")
    for name in extended:
        if name in BASIC or find_statistic(name) is None:
            raise InvalidMetricValue(f"The value {name} for parameter ExtendedStatistics is invalid.")


def _window(start: datetime, end: datetime, period: int) -> Window:
    if start >= end:
        raise InvalidMetricValue("The parameter StartTime must be less than the parameter EndTime.")
    if not is_period(period):
        raise InvalidMetricValue(
            "The parameter Period must be a value in the set [ 1, 5, 10, 20, 30 ] or any multiple of 60, "
            "and not more than 86400."
        )
    window = Window.covering(start, end, period, now=clock.now())
    asked = int((end - start).total_seconds()) // period
    if asked > DATAPOINTS:
        raise InvalidMetricCombination(
            f"You have requested up to {asked:,} datapoints, which exceeds the limit of {DATAPOINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return window


def _values(summary: Summary, names: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in names:
        statistic = find_statistic(name)
        if statistic is not None and (value := statistic(summary)) is not None:
            found[name] = value
    return found


# -- ListMetrics -----------------------------------------------------------------------------------


def list_metrics(
    *,
    account: Account,
    namespace: str = "",
    name: str = "",
    dimensions: Sequence[tuple[str, str | None]] = (),
    recently_active: bool = False,
    token: str | None = None,
) -> tuple[Sequence[MetricId], str | None]:
    """Metrics that had values in the last two weeks (or three hours), in order, and the token of the next page.

    ``dimensions`` are (name, value), or (name, None) for any value; a metric may have others besides.
    Raises ``InvalidMetricToken``.
    """
    now = int(clock.now().timestamp())
    rows = Metric.objects.filter(account=account, last_s__gte=now - (_RECENT_S if recently_active else _TWO_WEEKS_S))
    rows = rows.exclude(namespace__in=list(SOURCES))
    if namespace:
        rows = rows.filter(namespace=namespace)
    stored = (MetricId.of(*row) for row in rows.values_list("namespace", "name", "dimensions"))
    asked = [source for of, source in SOURCES.items() if namespace in ("", of)]
    known = {*stored, *(metric for source in asked for metric in source.metrics(account=account))}
    found = sorted(one for one in known if name in ("", one.name) and _has(one, dimensions))
    first = _first(token)
    more = len(found) > first + PAGE
    return found[first : first + PAGE], paging.encode_marker(first + PAGE) if more else None


def _has(metric: MetricId, wanted: Sequence[tuple[str, str | None]]) -> bool:
    own = dict(metric.dimensions)
    return all(name in own and value in (None, own[name]) for name, value in wanted)


def _first(token: str | None) -> int:
    if not token:
        return 0
    try:
        values = paging.decode_marker(token)
    except InvalidParameterValue:
        raise InvalidMetricToken from None
    if len(values) != 1 or type(values[0]) is not int or values[0] < 0:
        raise InvalidMetricToken
    return values[0]
