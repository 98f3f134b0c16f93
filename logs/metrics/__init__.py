"""CloudWatch metrics: values that accounts send, and those that the platform knows of its own services."""

from logs.metrics.identity import MetricId, Series, Window
from logs.metrics.put import Datum, StatisticSet, put_metric_data
from logs.metrics.queries import DATAPOINTS as MAX_DATAPOINTS
from logs.metrics.queries import Query, Result, get_metric_data
from logs.metrics.reading import (
    Datapoint,
    Point,
    get_metric_statistics,
    list_metrics,
    read_all_units,
    read_points,
    read_series,
    read_statistics,
)
from logs.metrics.recorder import Recorder, recorder
from logs.metrics.sources import Source, register_source
from logs.metrics.store import Sample, record, sweep
from logs.metrics.summary import Summary, find_statistic, needs_spread

__all__ = [
    "MAX_DATAPOINTS",
    "Datapoint",
    "Datum",
    "MetricId",
    "Point",
    "Query",
    "Recorder",
    "Result",
    "Sample",
    "Series",
    "Source",
    "StatisticSet",
    "Summary",
    "Window",
    "find_statistic",
    "get_metric_data",
    "get_metric_statistics",
    "list_metrics",
    "needs_spread",
    "put_metric_data",
    "read_all_units",
    "read_points",
    "read_series",
    "read_statistics",
    "record",
    "recorder",
    "register_source",
    "sweep",
]
