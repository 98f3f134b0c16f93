"""GetMetricData: several metrics and expressions of them in one question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import Account
from core import clock, paging
from core.errors import InvalidParameterValue
from logs.metrics import expressions
from logs.metrics.errors import InvalidMetricToken, MetricQueryError
from logs.metrics.expressions import Points
from logs.metrics.identity import MetricId, Window, is_period
from logs.metrics.reading import read_all_units
from logs.metrics.summary import find_statistic, needs_spread

QUERIES = 500
DATAPOINTS = 100_800
_ID = re.compile(r"[a-z]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """A metric's statistic in periods of its own, or an expression of other queries.

    ``expression_period`` goes with an expression only.
    """

    id: str
    metric: MetricId | None = None
    statistic: str = ""
    period: int | None = None
    unit: str = ""
    expression: str = ""
    expression_period: int | None = None
    label: str = ""
    return_data: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """A query's values in the order that was asked for; not ``complete`` when the next page goes on with it."""

    id: str
    label: str
    points: Sequence[tuple[datetime, float]]
    complete: bool = True


def get_metric_data(
    *,
    account: Account,
    queries: Sequence[Query],
    start: datetime,
    end: datetime,
    ascending: bool = False,
    max_datapoints: int = DATAPOINTS,
    token: str | None = None,
) -> tuple[Sequence[Result], str | None]:
    """The results of the queries that return data, and the token of the next page.

    Raises ``MetricQueryError`` or ``InvalidMetricToken``. Source: API reference, GetMetricData.
    """
    _check(queries, start, end, max_datapoints)
    answers = _Answers(account, queries, start, end)
    results = [answers.result(query, ascending=ascending) for query in queries if query.return_data]
    return _page(results, _first(token), min(max_datapoints, DATAPOINTS))


def _check(queries: Sequence[Query], start: datetime, end: datetime, max_datapoints: int) -> None:
    if start >= end:
        raise MetricQueryError("The parameter StartTime must be less than the parameter EndTime.")
    if not queries:
        raise MetricQueryError("The parameter MetricDataQueries is required.")
    if len(queries) > QUERIES:
        raise MetricQueryError(f"The collection MetricDataQueries must not have a size greater than {QUERIES}.")
    if not 1 <= max_datapoints <= DATAPOINTS:
        raise MetricQueryError(f"The parameter MaxDatapoints must be between 1 and {DATAPOINTS}.")
    if len({query.id for query in queries}) < len(queries):
        raise MetricQueryError("The values for parameter id in MetricDataQueries are not unique.")
    if not any(query.return_data for query in queries):
        raise MetricQueryError("At least one of the queries in MetricDataQueries must return data.")
    for n, query in enumerate(queries, start=1):
        _check_query(query, f"MetricDataQueries.member.{n}")


def _check_query(query: Query, path: str) -> None:
    if not _ID.fullmatch(query.id):
        raise MetricQueryError(
            f"The value {query.id} for parameter {path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )
    if (query.metric is None) == (not query.expression):
        both = f"The parameters {path}.Expression and {path}.MetricStat are mutually exclusive and you have specified"
        raise MetricQueryError(f"{both} {'both' if query.expression else 'neither'}.")
    if query.metric is not None and query.expression_period is not None:
        raise MetricQueryError(
            f"The parameters {path}.Period and {path}.MetricStat are mutually exclusive and you have specified both."
        )
    period = query.period if query.metric is not None else query.expression_period
    if period is not None and not is_period(period):
        raise MetricQueryError(
            f"The value {period} for parameter {path}.Period must be 1, 5, 10, 20, 30 or a multiple of 60, "
            "and not more than 86400."
        )
    if query.metric is not None and find_statistic(query.statistic) is None:
        raise MetricQueryError(f"The value {query.statistic} for parameter {path}.MetricStat.Stat is not supported.")


class _Answers:
    """The values of queries, each computed once."""

    def __init__(self, account: Account, queries: Sequence[Query], start: datetime, end: datetime) -> None:
        self._account, self._start, self._end = account, start, end
        self._queries = {query.id: query for query in queries}
        self._known: dict[str, Points] = {}
        self._open: list[str] = []
        self._budget = DATAPOINTS

    def result(self, query: Query, *, ascending: bool) -> Result:
        points = sorted(self._points(query).items(), reverse=not ascending)
        window = self._window(60)
        label = query.label or (query.metric.name if query.metric else query.id)
        return Result(query.id, label, [(window.moment(at), value) for at, value in points])

    def _points(self, query: Query) -> Points:
        if query.id not in self._known:
            if query.id in self._open:
                raise MetricQueryError(f"The expressions {', '.join(self._open)} depend on one another in a circle.")
            self._open.append(query.id)
            self._known[query.id] = self._expression(query) if query.expression else self._statistic(query)
            self._open.pop()
        return self._known[query.id]

    def _statistic(self, query: Query) -> Points:
        statistic = find_statistic(query.statistic)
        assert query.metric is not None and statistic is not None and query.period is not None
        series = read_all_units(
            account=self._account,
            metric=query.metric,
            window=self._window(query.period),
            unit=query.unit,
            spread=needs_spread(query.statistic),
        )
        self._budget -= len(series)
        if self._budget < 0:
            raise MetricQueryError(f"The queries ask for more than {DATAPOINTS:,} datapoints together.")
        return {at: value for at, one in series.items() if (value := statistic(one)) is not None}

    def _expression(self, query: Query) -> Points:
        names = expressions.names_in(query.expression)
        metrics = [one.id for one in self._queries.values() if one.metric is not None]
        used = [one for one in self._queries.values() if one.id in names or ("METRICS" in names and one.id in metrics)]
        series = {one.id: self._points(one) for one in used}
        periods = [one.period for one in used if one.period is not None]
        period = query.expression_period or max(periods, default=60)
        return expressions.evaluate(query.expression, series=series, metrics=metrics, period=period)

    def _window(self, period: int) -> Window:
        return Window.covering(self._start, self._end, period, now=clock.now())


def _page(results: Sequence[Result], first: int, size: int) -> tuple[Sequence[Result], str | None]:
    """``size`` points from the ``first`` on, counted through all results."""
    page: list[Result] = []
    passed = 0
    for result in results:
        end = passed + len(result.points)
        if end > first or (first == 0 and not result.points and passed < size):
            begin, stop = max(0, first - passed), max(0, min(len(result.points), first + size - passed))
            if stop > begin or not result.points:
                page.append(replace(result, points=result.points[begin:stop], complete=stop == len(result.points)))
        passed = end
    return page, paging.encode_marker(first + size) if passed > first + size else None


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
