"""What EventBridge's operations need. A rule of the default bus is named without its bus."""

from accounts.selectors import own_arn
from aws.operation import Caller, Params
from aws.permissions import Find, Need, Rule, anything, register
from aws.services.events import requests
from core import arns
from triggers import selectors
from triggers.models import DEFAULT


def _bus_arn(caller: Caller, text: str) -> str:
    name = selectors.bus_name(account=caller.account, text=text)
    return arns.event_bus(caller.region, caller.account.id, name)


def _rule(member: str) -> Find:
    def find(caller: Caller, request: Params) -> str:
        bus = selectors.bus_name(account=caller.account, text=requests.bus(request))
        return arns.rule(caller.region, caller.account.id, bus, request[member])

    return find


def _bus(member: str) -> Find:
    return lambda caller, request: _bus_arn(caller, request.get(member) or DEFAULT)


def _resource(caller: Caller, request: Params) -> str:
    return own_arn(account=caller.account, arn=request["ResourceARN"])[0]


def _first_bus(caller: Caller, request: Params) -> str:
    return _bus_arn(caller, request["Entries"][0].get("EventBusName", DEFAULT))


def _other_buses(caller: Caller, request: Params) -> list[Need]:
    first = _first_bus(caller, request)
    buses = {_bus_arn(caller, entry.get("EventBusName", DEFAULT)) for entry in request["Entries"][1:]}
    return [Need("events:PutEvents", arn) for arn in sorted(buses - {first})]


def _pass_role(caller: Caller, request: Params) -> list[Need]:
    roles = {request.get("RoleArn"), *(target.get("RoleArn") for target in request.get("Targets", []))}
    passed = {"iam:PassedToService": "events.amazonaws.com"}
    return [Need("iam:PassRole", own_arn(account=caller.account, arn=arn)[0], passed) for arn in roles if arn]


_OF_RULE = Rule(resource=_rule("Name"))
_OF_TARGETS = Rule(resource=_rule("Rule"))
_OF_BUS = Rule(resource=_bus("Name"))
_OF_POLICY = Rule(resource=_bus("EventBusName"))

register(
    "events",
    prefix="events",
    members=[("ResourceARN", _resource)],
    operations={
        "CreateEventBus": _OF_BUS,
        "DeleteEventBus": _OF_BUS,
        "DeleteRule": _OF_RULE,
        "DescribeEventBus": _OF_BUS,
        "DescribeRule": _OF_RULE,
        "DisableRule": _OF_RULE,
        "EnableRule": _OF_RULE,
        "ListEventBuses": Rule(resource=anything),
        "ListRuleNamesByTarget": Rule(resource=anything),
        "ListRules": Rule(resource=anything),
        "ListTargetsByRule": _OF_TARGETS,
        "PutEvents": Rule(resource=_first_bus, also=_other_buses),
        "PutPermission": _OF_POLICY,
        "PutRule": Rule(resource=_rule("Name"), also=_pass_role),
        "PutTargets": Rule(resource=_rule("Rule"), also=_pass_role),
        "RemovePermission": _OF_POLICY,
        "RemoveTargets": _OF_TARGETS,
        "TestEventPattern": Rule(resource=anything),
        "UpdateEventBus": _OF_BUS,
    },
)
