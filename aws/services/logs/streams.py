"""Log streams."""

from aws.operation import Caller, Params, operation
from aws.services.logs import shapes
from aws.services.logs.requests import group_name
from logs import selectors, services


@operation("logs", "CreateLogStream")
def create_log_stream(caller: Caller, request: Params) -> None:
    services.create_log_stream(account=caller.account, group=request["logGroupName"], name=request["logStreamName"])


@operation("logs", "DeleteLogStream")
def delete_log_stream(caller: Caller, request: Params) -> None:
    services.delete_log_stream(account=caller.account, group=request["logGroupName"], name=request["logStreamName"])


@operation("logs", "DescribeLogStreams")
def describe_log_streams(caller: Caller, request: Params) -> Params:
    streams, token = selectors.describe_log_streams(
        account=caller.account,
        group=group_name(caller, request),
        prefix=request.get("logStreamNamePrefix", ""),
        order_by=request.get("orderBy", "LogStreamName"),
        descending=request.get("descending", False),
        token=request.get("nextToken"),
        limit=request.get("limit", selectors.DESCRIBE_LIMIT),
    )
    return {"logStreams": [shapes.log_stream(stream) for stream in streams], "nextToken": token}
