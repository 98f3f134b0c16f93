"""What CloudWatch's operations need. Metrics are no resources."""

from aws.operation import Caller, Params
from aws.permissions import Rule, anything, register


def _namespace(caller: Caller, request: Params) -> dict[str, str | None]:
    return {"cloudwatch:namespace": request.get("Namespace")}


register(
    "cloudwatch",
    prefix="cloudwatch",
    operations={
        "GetMetricData": Rule(resource=anything),
        "GetMetricStatistics": Rule(resource=anything),
        "ListMetrics": Rule(resource=anything),
        "PutMetricData": Rule(resource=anything, keys=_namespace),
    },
)
