"""Values of an account, put and asked for."""

from datetime import timedelta

from core import clock
from logs import metrics
from logs.metrics import Datum, MetricId

NAME = MetricId.of("App", "Latency", [("Page", "home")])


def put(account, *values, ago=0, name=NAME, unit="", resolution=60):
    metrics.put_metric_data(
        account=account,
        namespace=name.namespace,
        data=[
            Datum(
                name=name.name,
                dimensions=name.dimensions,
                at=clock.now() - timedelta(seconds=ago),
                value=value,
                unit=unit,
                resolution=resolution,
            )
            for value in values
        ],
    )


def get(account, *, name=NAME, seconds=3600, period=60, statistics=("Sum",), extended=(), unit=""):
    now = clock.now()
    return metrics.get_metric_statistics(
        account=account,
        metric=name,
        start=now - timedelta(seconds=seconds),
        end=now + timedelta(seconds=60),
        period=period,
        statistics=statistics,
        extended=extended,
        unit=unit,
    )


def data(account, *queries, seconds=3600, **more):
    now = clock.now()
    return metrics.get_metric_data(
        account=account,
        queries=queries,
        start=now - timedelta(seconds=seconds),
        end=now + timedelta(seconds=60),
        ascending=True,
        **more,
    )
