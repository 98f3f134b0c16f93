"""Schedules, their groups, and tags."""

from aws.operation import Caller, Params, operation
from aws.services.scheduler import shapes
from triggers import selectors
from triggers.models import DEFAULT
from triggers.services import schedules, tagging
from triggers.services.schedules import Settings

_LARGEST = 100


@operation("scheduler", "CreateSchedule")
def create_schedule(caller: Caller, request: Params) -> Params:
    schedule = schedules.create_schedule(
        account=caller.account,
        name=request["Name"],
        group=request.get("GroupName", DEFAULT),
        region=caller.region,
        client_token=request.get("ClientToken", ""),
        **_settings(request),
    )
    return {"ScheduleArn": schedule.arn}


@operation("scheduler", "UpdateSchedule")
def update_schedule(caller: Caller, request: Params) -> Params:
    schedule = schedules.update_schedule(
        account=caller.account,
        name=request["Name"],
        group=request.get("GroupName", DEFAULT),
        **_settings(request),
    )
    return {"ScheduleArn": schedule.arn}


def _settings(request: Params) -> Settings:
    window = request["FlexibleTimeWindow"]
    schedules.check_window(window["Mode"], window.get("MaximumWindowInMinutes"))
    return {
        "expression": request["ScheduleExpression"],
        "target": request["Target"],
        "zone": request.get("ScheduleExpressionTimezone", "UTC"),
        "state": request.get("State", "ENABLED"),
        "description": request.get("Description", ""),
        "starts_at": request.get("StartDate"),
        "ends_at": request.get("EndDate"),
        "window_minutes": window.get("MaximumWindowInMinutes"),
        "action_after_completion": request.get("ActionAfterCompletion", "NONE"),
        "kms_key_arn": request.get("KmsKeyArn", ""),
    }


@operation("scheduler", "GetSchedule")
def get_schedule(caller: Caller, request: Params) -> Params:
    group = request.get("GroupName", DEFAULT)
    return shapes.schedule(selectors.get_schedule(account=caller.account, name=request["Name"], group=group))


@operation("scheduler", "ListSchedules")
def list_schedules(caller: Caller, request: Params) -> Params:
    rows = selectors.list_schedules(
        account=caller.account,
        group=request.get("GroupName"),
        prefix=request.get("NamePrefix", ""),
        state=request.get("State", ""),
    )
    size = min(request.get("MaxResults") or _LARGEST, _LARGEST)
    found, token = selectors.page_of(rows, token=request.get("NextToken"), size=size, key="pk")
    return {"Schedules": [shapes.summary(row) for row in found], "NextToken": token}


@operation("scheduler", "DeleteSchedule")
def delete_schedule(caller: Caller, request: Params) -> Params:
    group = request.get("GroupName", DEFAULT)
    schedules.delete_schedule(account=caller.account, name=request["Name"], group=group)
    return {}


@operation("scheduler", "CreateScheduleGroup")
def create_schedule_group(caller: Caller, request: Params) -> Params:
    group = schedules.create_schedule_group(
        account=caller.account,
        name=request["Name"],
        region=caller.region,
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
        client_token=request.get("ClientToken", ""),
    )
    return {"ScheduleGroupArn": group.arn}


@operation("scheduler", "GetScheduleGroup")
def get_schedule_group(caller: Caller, request: Params) -> Params:
    return shapes.group(
        selectors.get_schedule_group(account=caller.account, name=request["Name"], region=caller.region)
    )


@operation("scheduler", "ListScheduleGroups")
def list_schedule_groups(caller: Caller, request: Params) -> Params:
    rows = selectors.list_schedule_groups(
        account=caller.account, prefix=request.get("NamePrefix", ""), region=caller.region
    )
    size = min(request.get("MaxResults") or _LARGEST, _LARGEST)
    found, token = selectors.page_of(rows, token=request.get("NextToken"), size=size)
    return {"ScheduleGroups": [shapes.group(row) for row in found], "NextToken": token}


@operation("scheduler", "DeleteScheduleGroup")
def delete_schedule_group(caller: Caller, request: Params) -> Params:
    schedules.delete_schedule_group(account=caller.account, name=request["Name"])
    return {}


@operation("scheduler", "ListTagsForResource")
def list_tags_for_resource(caller: Caller, request: Params) -> Params:
    tags = tagging.find(account=caller.account, arn=request["ResourceArn"]).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@operation("scheduler", "TagResource")
def tag_resource(caller: Caller, request: Params) -> Params:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    tagging.tag_resource(account=caller.account, arn=request["ResourceArn"], tags=tags)
    return {}


@operation("scheduler", "UntagResource")
def untag_resource(caller: Caller, request: Params) -> Params:
    tagging.untag_resource(account=caller.account, arn=request["ResourceArn"], keys=request["TagKeys"])
    return {}
