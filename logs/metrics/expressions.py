"""CloudWatch's metric math, its everyday part: ``m1 + 2``, ``100 * errors / invocations``, ``SUM(METRICS())``.

Values are numbers, time series (by the start of a period) or lists of them. An operation on two series has values where
both have; one on a list is done for each of its series. Source: User guide, "Metric math syntax and functions".
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from logs.metrics.errors import MetricQueryError

type Points = dict[int, float]
type Value = float | Points | list[Points]

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d*)?|\.\d+)|([A-Za-z_]\w*)|(\"[^\"]*\"|'[^']*')|(.))", re.ASCII | re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_DEPTH = 40


def evaluate(expression: str, *, series: Mapping[str, Points], metrics: Sequence[str], period: int) -> Points:
    """The series that ``expression`` makes of ``series``; ``metrics`` are the ids that ``METRICS()`` means, in order.

    Raises ``MetricQueryError``.
    """
    value = _Reader(expression, series, metrics, period).read()
    if isinstance(value, dict):
        return value
    kind = "a number" if isinstance(value, float) else "a list of time series"
    raise MetricQueryError(f"Error in expression '{expression}': it must return one time series, and returns {kind}")


def names_in(expression: str) -> set[str]:
    """Every name that occurs: ids and functions alike."""
    return {match[2] for match in _TOKEN.finditer(expression) if match[2]}


class _Reader:
    """Reads and computes in one pass."""

    def __init__(self, text: str, series: Mapping[str, Points], metrics: Sequence[str], period: int) -> None:
        self._text, self._series, self._metrics, self._period = text, series, metrics, period
        self._tokens = [next(filter(None, match.groups()), "") for match in _TOKEN.finditer(text.strip())]
        self._at = self._depth = 0

    def read(self) -> Value:
        value = self._sum()
        if self._peek():
            raise self._error(f"unexpected '{self._peek()}'")
        return value

    def _error(self, why: str) -> MetricQueryError:
        return MetricQueryError(f"Error in expression '{self._text}': {why}")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise self._error(f"expected '{wanted}'" if wanted else "it ends too soon")
        self._at += 1
        return token

    def _sum(self) -> Value:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._error("it is nested too deeply")
        value = self._product()
        while self._peek() in ("+", "-"):
            value = _combine(_OPERATORS[self._take()], value, self._product(), self._error)
        self._depth -= 1
        return value

    def _product(self) -> Value:
        value = self._power()
        while self._peek() in ("*", "/"):
            value = _combine(_OPERATORS[self._take()], value, self._power(), self._error)
        return value

    def _power(self) -> Value:
        negative = False
        while self._peek() == "-":
            self._take()
            negative = not negative
        value = self._atom()
        if self._peek() == "^":
            self._take()
            sign = -1.0 if self._peek() == "-" and self._take() else 1.0
            value = _combine(
                _OPERATORS["^"], value, _combine(operator.mul, sign, self._atom(), self._error), self._error
            )
        return _combine(operator.mul, -1.0, value, self._error) if negative else value

    def _atom(self) -> Value:
        token = self._take()
        if token == "(":
            value = self._sum()
            self._take(")")
            return value
        if token == "[":
            return self._list("]")
        if _NUMBER.fullmatch(token):
            return float(token)
        if self._peek() == "(":
            return self._call(token)
        if token in self._series:
            return self._series[token]
        raise self._error(f"'{token}' is not known")

    def _list(self, end: str) -> list[Points]:
        found: list[Points] = []
        while self._peek() != end:
            value = self._sum()
            found += value if isinstance(value, list) else [self._one(value)]
            if self._peek() == ",":
                self._take()
        self._take(end)
        return found

    def _one(self, value: Value) -> Points:
        if not isinstance(value, dict):
            raise self._error("a time series is expected here")
        return value

    def _call(self, name: str) -> Value:
        self._take("(")
        if name == "METRICS":
            return self._all_metrics()
        arguments: list[Value] = []
        while self._peek() != ")":
            arguments.append(self._sum())
            if self._peek() == ",":
                self._take()
        self._take(")")
        match name, arguments:
            case (("SUM" | "AVG" | "MIN" | "MAX"), [list() as many]):
                return _across(_AGGREGATES[name], many)
            case (("SUM" | "AVG" | "MIN" | "MAX"), [dict() as points]):
                return float(_AGGREGATES[name](list(points.values()))) if points else 0.0
            case (("ABS" | "CEIL" | "FLOOR"), [value]):
                return _each(_ROUNDINGS[name], value)
            case "PERIOD", [dict()]:
                return float(self._period)
            case "FILL", [dict() as points, float(number)]:
                return self._fill(points, number)
        if name in _AGGREGATES | _ROUNDINGS or name in ("FILL", "PERIOD"):
            raise self._error(f"{name} cannot be used with these arguments")
        raise self._error(f"the function {name} is not available on this server")

    def _all_metrics(self) -> list[Points]:
        part = "" if self._peek() == ")" else self._take().strip("\"'")
        self._take(")")
        return [self._series[one] for one in self._metrics if part in one]

    def _fill(self, points: Points, number: float) -> Points:
        """A value for every period in which any series has one."""
        moments = sorted({at for series in self._series.values() for at in series})
        return {at: points.get(at, number) for at in moments}


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
}
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_ROUNDINGS: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


def _combine(
    function: Callable[[float, float], float], one: Value, other: Value, error: Callable[[str], MetricQueryError]
) -> Value:
    match one, other:
        case float(), float():
            if (value := _compute(function, one, other)) is None:
                raise error("a number cannot be computed")
            return value
        case list(), list():
            raise error("two lists of time series cannot be combined")
        case list(), _:
            return [points for each in one if isinstance(points := _combine(function, each, other, error), dict)]
        case _, list():
            return [points for each in other if isinstance(points := _combine(function, one, each, error), dict)]
        case dict(), dict():
            return _kept({at: _compute(function, one[at], other[at]) for at in one if at in other})
        case dict(), float():
            return _kept({at: _compute(function, value, other) for at, value in one.items()})
        case float(), dict():
            return _kept({at: _compute(function, one, value) for at, value in other.items()})
    raise error("these cannot be combined")


def _compute(function: Callable[[float, float], float], one: float, other: float) -> float | None:
    """None where there is no number, as for a division by zero: CloudWatch leaves the point out."""
    try:
        value = function(one, other)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _kept(points: Mapping[int, float | None]) -> Points:
    return {at: value for at, value in points.items() if value is not None}


def _across(aggregate: Callable[[list[float]], float], many: Sequence[Points]) -> Points:
    """One series of many: in each period, of those that have a value."""
    moments = sorted({at for points in many for at in points})
    return {at: float(aggregate([points[at] for points in many if at in points])) for at in moments}


def _each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [{at: float(function(number)) for at, number in points.items()} for points in value]
    if isinstance(value, dict):
        return {at: float(function(number)) for at, number in value.items()}
    return float(function(value))
