"""PutMetricData: values that accounts send themselves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Account
from core import clock
from logs.metrics import store
from logs.metrics.errors import InvalidMetricCombination, InvalidMetricValue, MissingMetricParameter
from logs.metrics.identity import MetricId
from logs.metrics.store import Sample
from logs.metrics.summary import Summary

DATA_PER_CALL = 1_000
VALUES_PER_DATUM = 150
LARGEST = 2.0**360
_PAST, _FUTURE = timedelta(weeks=2), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class StatisticSet:
    """A summary that the sender made."""

    count: float
    total: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Datum:
    """One metric's values: exactly one of ``value``, ``statistics`` and ``values`` (with ``counts``, or once each)."""

    name: str
    dimensions: Sequence[tuple[str, str]] = ()
    at: datetime | None = None
    value: float | None = None
    statistics: StatisticSet | None = None
    values: Sequence[float] = ()
    counts: Sequence[float] = ()
    unit: str = ""
    resolution: int = 60


def put_metric_data(*, account: Account, namespace: str, data: Sequence[Datum]) -> None:
    """Store values, all of them or none. They can be read at once.

    Raises ``InvalidMetricValue``, ``InvalidMetricCombination``, ``MissingMetricParameter`` or ``TooManyMetrics``.
    Source: API reference, PutMetricData and MetricDatum.
    """
    if namespace.startswith((":", store.OWN_PREFIX)):
        raise InvalidMetricValue(f"The value {namespace} for parameter Namespace is invalid.")
    if not data:
        raise MissingMetricParameter("The parameter MetricData is required.")
    if len(data) > DATA_PER_CALL:
        raise InvalidMetricValue(f"The collection MetricData must not have a size greater than {DATA_PER_CALL}.")
    now = clock.now()
    store.record(
        [_sample(account, namespace, datum, f"MetricData.member.{n}", now) for n, datum in enumerate(data, start=1)]
    )


def _sample(account: Account, namespace: str, datum: Datum, path: str, now: datetime) -> Sample:
    if len({name for name, _ in datum.dimensions}) < len(datum.dimensions):
        raise InvalidMetricValue(f"The parameter {path}.Dimensions must not name a dimension twice.")
    if datum.resolution not in (1, 60):
        raise InvalidMetricValue(f"The value {datum.resolution} for parameter {path}.StorageResolution is invalid.")
    return Sample(
        account_id=account.pk,
        metric=MetricId.of(namespace, datum.name, datum.dimensions),
        unit=datum.unit or "None",
        at=_moment(datum, path, now).timestamp(),
        summary=_summary(datum, path),
        by_second=datum.resolution == 1,
    )


def _moment(datum: Datum, path: str, now: datetime) -> datetime:
    if datum.at is None:
        return now
    if datum.at < now - _PAST:
        raise InvalidMetricValue(f"The parameter {path}.Timestamp must specify a time within the past two weeks.")
    if datum.at > now + _FUTURE:
        raise InvalidMetricValue(
            f"The parameter {path}.Timestamp must specify a time no more than two hours in the future."
        )
    return datum.at


def _summary(datum: Datum, path: str) -> Summary:
    given = [
        name
        for name, is_given in (
            ("Value", datum.value is not None),
            ("Values", bool(datum.values)),
            ("StatisticValues", datum.statistics is not None),
        )
        if is_given
    ]
    if not given:
        raise MissingMetricParameter(
            f"At least one of the parameters {path}.Value, {path}.Values or {path}.StatisticValues must be specified."
        )
    if len(given) > 1:
        raise InvalidMetricCombination(
            f"The parameters {path}.{given[0]} and {path}.{given[1]} are mutually exclusive and you have specified both."
        )
    if datum.value is not None:
        return Summary.of([(_number(datum.value, f"{path}.Value"), 1.0)])
    if datum.statistics is not None:
        return _of_statistics(datum.statistics, f"{path}.StatisticValues")
    return _of_values(datum, path)


def _of_values(datum: Datum, path: str) -> Summary:
    if len(datum.values) > VALUES_PER_DATUM:
        raise InvalidMetricValue(f"The collection {path}.Values must not have a size greater than {VALUES_PER_DATUM}.")
    if datum.counts and len(datum.counts) != len(datum.values):
        raise InvalidMetricValue(f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    counts = [_number(count, f"{path}.Counts") for count in datum.counts] or [1.0] * len(datum.values)
    for count in counts:
        if count <= 0:
            raise InvalidMetricValue(f"The value {count} for parameter {path}.Counts is invalid.")
    return Summary.of(zip([_number(value, f"{path}.Values") for value in datum.values], counts, strict=True))


def _of_statistics(given: StatisticSet, path: str) -> Summary:
    count = _number(given.count, f"{path}.SampleCount")
    total = _number(given.total, f"{path}.Sum")
    minimum, maximum = _number(given.minimum, f"{path}.Minimum"), _number(given.maximum, f"{path}.Maximum")
    if count <= 0:
        raise InvalidMetricValue(f"The parameter {path}.SampleCount must be greater than 0.")
    if maximum < minimum:
        raise InvalidMetricValue(f"The parameter {path}.Maximum must be greater than {path}.Minimum.")
    if minimum == maximum:  # then it is known how they are spread
        return Summary(count, total, minimum, maximum, Summary.of([(minimum, count)]).sketch)
    return Summary(count, total, minimum, maximum)


def _number(value: float, path: str) -> float:
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise InvalidMetricValue(f"The value {value} for parameter {path} is invalid.")
    return float(value)
