"""Event buses, their policies, and tags."""

from typing import Any

from aws.operation import Caller, Params, operation
from aws.services.events import requests, shapes
from triggers import selectors
from triggers.services import buses, tagging

_KEPT = ("KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def _settings(request: Params) -> dict[str, Any]:
    return {name: request[name] for name in _KEPT if name in request}


@operation("events", "CreateEventBus")
def create_event_bus(caller: Caller, request: Params) -> Params:
    bus = buses.create_event_bus(
        account=caller.account,
        name=request["Name"],
        region=caller.region,
        description=request.get("Description", ""),
        settings=_settings(request),
        tags=requests.tags(request),
    )
    return {"EventBusArn": bus.arn, "Description": bus.description or None, **bus.settings}


@operation("events", "UpdateEventBus")
def update_event_bus(caller: Caller, request: Params) -> Params:
    bus = buses.update_event_bus(
        account=caller.account,
        name=request.get("Name", ""),
        description=request.get("Description"),
        settings=_settings(request),
    )
    return {"Arn": bus.arn, "Name": bus.name, "Description": bus.description or None, **bus.settings}


@operation("events", "DescribeEventBus")
def describe_event_bus(caller: Caller, request: Params) -> Params:
    bus = selectors.get_event_bus(account=caller.account, name=request.get("Name", ""), region=caller.region)
    return {**shapes.event_bus(bus), **bus.settings}


@operation("events", "ListEventBuses")
def list_event_buses(caller: Caller, request: Params) -> Params:
    found = selectors.list_event_buses(
        account=caller.account, prefix=request.get("NamePrefix", ""), region=caller.region
    )
    return requests.paged(request, found, member="EventBuses", shape=shapes.event_bus)


@operation("events", "DeleteEventBus")
def delete_event_bus(caller: Caller, request: Params) -> None:
    buses.delete_event_bus(account=caller.account, name=request["Name"])


@operation("events", "PutPermission")
def put_permission(caller: Caller, request: Params) -> None:
    buses.put_permission(
        account=caller.account,
        bus=requests.bus(request),
        sid=request.get("StatementId", ""),
        action=request.get("Action", "events:PutEvents"),
        principal=request.get("Principal", ""),
        condition=request.get("Condition"),
        policy=request.get("Policy", ""),
    )


@operation("events", "RemovePermission")
def remove_permission(caller: Caller, request: Params) -> None:
    buses.remove_permission(
        account=caller.account,
        bus=requests.bus(request),
        sid=request.get("StatementId", ""),
        remove_all=request.get("RemoveAllPermissions", False),
    )


@operation("events", "ListTagsForResource")
def list_tags_for_resource(caller: Caller, request: Params) -> Params:
    return {"Tags": shapes.tags(tagging.find(account=caller.account, arn=request["ResourceARN"]).tags)}


@operation("events", "TagResource")
def tag_resource(caller: Caller, request: Params) -> None:
    tagging.tag_resource(account=caller.account, arn=request["ResourceARN"], tags=requests.tags(request))


@operation("events", "UntagResource")
def untag_resource(caller: Caller, request: Params) -> None:
    tagging.untag_resource(account=caller.account, arn=request["ResourceARN"], keys=request["TagKeys"])
