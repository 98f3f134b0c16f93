"""Log groups, their retention and tags."""

from aws.operation import Caller, Params, operation
from aws.services.logs import shapes
from aws.services.logs.requests import resource_name
from logs import selectors, services
from logs.errors import InvalidParameter


@operation("logs", "CreateLogGroup")
def create_log_group(caller: Caller, request: Params) -> None:
    if request.get("deletionProtectionEnabled"):
        raise InvalidParameter("Deletion protection of log groups is not available on this server.")
    services.create_log_group(
        account=caller.account,
        name=request["logGroupName"],
        region=caller.region,
        tags=request.get("tags"),
        kms_key_id=request.get("kmsKeyId", ""),
        log_group_class=request.get("logGroupClass", "STANDARD"),
    )


@operation("logs", "DeleteLogGroup")
def delete_log_group(caller: Caller, request: Params) -> None:
    services.delete_log_group(account=caller.account, name=request["logGroupName"])


@operation("logs", "DescribeLogGroups")
def describe_log_groups(caller: Caller, request: Params) -> Params:
    identifiers = request.get("logGroupIdentifiers", [])
    groups, token = selectors.describe_log_groups(
        account=caller.account,
        prefix=request.get("logGroupNamePrefix", ""),
        pattern=request.get("logGroupNamePattern", ""),
        names=[selectors.group_name(account=caller.account, identifier=each) for each in identifiers],
        log_group_class=request.get("logGroupClass", ""),
        token=request.get("nextToken"),
        limit=request.get("limit", selectors.DESCRIBE_LIMIT),
    )
    return {"logGroups": [shapes.log_group(group) for group in groups], "nextToken": token}


@operation("logs", "PutRetentionPolicy")
def put_retention_policy(caller: Caller, request: Params) -> None:
    services.put_retention_policy(account=caller.account, name=request["logGroupName"], days=request["retentionInDays"])


@operation("logs", "DeleteRetentionPolicy")
def delete_retention_policy(caller: Caller, request: Params) -> None:
    services.delete_retention_policy(account=caller.account, name=request["logGroupName"])


@operation("logs", "ListTagsForResource")
def list_tags_for_resource(caller: Caller, request: Params) -> Params:
    return {"tags": selectors.get_log_group(account=caller.account, name=resource_name(caller, request)).tags}


@operation("logs", "TagResource")
def tag_resource(caller: Caller, request: Params) -> None:
    services.tag(account=caller.account, name=resource_name(caller, request), tags=request["tags"])


@operation("logs", "UntagResource")
def untag_resource(caller: Caller, request: Params) -> None:
    services.untag(account=caller.account, name=resource_name(caller, request), keys=request["tagKeys"])


@operation("logs", "ListTagsLogGroup")
def list_tags_log_group(caller: Caller, request: Params) -> Params:
    return {"tags": selectors.get_log_group(account=caller.account, name=request["logGroupName"]).tags}


@operation("logs", "TagLogGroup")
def tag_log_group(caller: Caller, request: Params) -> None:
    services.tag(account=caller.account, name=request["logGroupName"], tags=request["tags"])


@operation("logs", "UntagLogGroup")
def untag_log_group(caller: Caller, request: Params) -> None:
    services.untag(account=caller.account, name=request["logGroupName"], keys=request["tags"])
