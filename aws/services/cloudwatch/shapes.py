"""CloudWatch's wire members: the only place that reads data and queries, and writes metrics and values."""

from aws.operation import Params
from logs.metrics import Datapoint, Datum, MetricId, Query, Result, StatisticSet


def metric_id(members: Params) -> MetricId:
    """The metric that members name; those that AWS leaves optional are empty."""
    return MetricId.of(members.get("Namespace", ""), members.get("MetricName", ""), _dimensions(members))


def _dimensions(members: Params) -> list[tuple[str, str]]:
    return [(one["Name"], one["Value"]) for one in members.get("Dimensions", [])]


def datum(members: Params) -> Datum:
    """One metric's values as they are put."""
    given = members.get("StatisticValues")
    return Datum(
        name=members["MetricName"],
        dimensions=_dimensions(members),
        at=members.get("Timestamp"),
        value=members.get("Value"),
        statistics=(
            StatisticSet(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"]) if given else None
        ),
        values=members.get("Values", []),
        counts=members.get("Counts", []),
        unit=members.get("Unit", ""),
        resolution=members.get("StorageResolution", 60),
    )


def query(members: Params) -> Query:
    """One question of GetMetricData."""
    stat = members.get("MetricStat")
    return Query(
        id=members["Id"],
        metric=metric_id(stat["Metric"]) if stat else None,
        statistic=stat["Stat"] if stat else "",
        period=stat["Period"] if stat else None,
        unit=stat.get("Unit", "") if stat else "",
        expression=members.get("Expression", ""),
        expression_period=members.get("Period"),
        label=members.get("Label", ""),
        return_data=members.get("ReturnData", True),
    )


def metric(found: MetricId) -> Params:
    return {
        "Namespace": found.namespace,
        "MetricName": found.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in found.dimensions],
    }


def datapoint(point: Datapoint) -> Params:
    """One period's statistics of one unit."""
    return {
        "Timestamp": point.at,
        "Unit": point.unit,
        **point.statistics,
        "ExtendedStatistics": point.extended or None,
    }


def result(found: Result) -> Params:
    """One query's values."""
    return {
        "Id": found.id,
        "Label": found.label,
        "Timestamps": [at for at, _ in found.points],
        "Values": [value for _, value in found.points],
        "StatusCode": "Complete" if found.complete else "PartialData",
    }
