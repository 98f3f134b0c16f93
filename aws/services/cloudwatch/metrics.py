"""Metrics: put, listed, and read one by one or many at once."""

from aws.operation import Caller, Params, operation
from aws.services.cloudwatch import shapes
from logs import metrics


@operation("cloudwatch", "PutMetricData")
def put_metric_data(caller: Caller, request: Params) -> None:
    """What entities the values belong to is accepted and not kept."""
    of_entities = [one for entity in request.get("EntityMetricData", []) for one in entity.get("MetricData", [])]
    data = [*request.get("MetricData", []), *of_entities]
    metrics.put_metric_data(
        account=caller.account, namespace=request["Namespace"], data=[shapes.datum(one) for one in data]
    )


@operation("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(caller: Caller, request: Params) -> Params:
    points = metrics.get_metric_statistics(
        account=caller.account,
        metric=shapes.metric_id(request),
        start=request["StartTime"],
        end=request["EndTime"],
        period=request["Period"],
        statistics=request.get("Statistics", []),
        extended=request.get("ExtendedStatistics", []),
        unit=request.get("Unit", ""),
    )
    return {"Label": request["MetricName"], "Datapoints": [shapes.datapoint(point) for point in points]}


@operation("cloudwatch", "GetMetricData")
def get_metric_data(caller: Caller, request: Params) -> Params:
    results, token = metrics.get_metric_data(
        account=caller.account,
        queries=[shapes.query(one) for one in request["MetricDataQueries"]],
        start=request["StartTime"],
        end=request["EndTime"],
        ascending=request.get("ScanBy") == "TimestampAscending",
        max_datapoints=request.get("MaxDatapoints", metrics.MAX_DATAPOINTS),
        token=request.get("NextToken"),
    )
    return {"MetricDataResults": [shapes.result(one) for one in results], "NextToken": token, "Messages": []}


@operation("cloudwatch", "ListMetrics")
def list_metrics(caller: Caller, request: Params) -> Params:
    found, token = metrics.list_metrics(
        account=caller.account,
        namespace=request.get("Namespace", ""),
        name=request.get("MetricName", ""),
        dimensions=[(one["Name"], one.get("Value")) for one in request.get("Dimensions", [])],
        recently_active=request.get("RecentlyActive") == "PT3H",
        token=request.get("NextToken"),
    )
    return {"Metrics": [shapes.metric(one) for one in found], "NextToken": token}
