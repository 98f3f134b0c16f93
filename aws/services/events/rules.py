"""Rules and their targets."""

from aws.operation import Caller, Params, operation
from aws.services.events import requests, shapes
from triggers import selectors
from triggers.models import Rule
from triggers.services import rules


@operation("events", "PutRule")
def put_rule(caller: Caller, request: Params) -> Params:
    rule = rules.put_rule(
        account=caller.account,
        name=request["Name"],
        bus=requests.bus(request),
        schedule_expression=request.get("ScheduleExpression", ""),
        event_pattern=request.get("EventPattern", ""),
        state=request.get("State", Rule.State.ENABLED),
        description=request.get("Description", ""),
        role_arn=request.get("RoleArn", ""),
        tags=requests.tags(request),
        region=caller.region,
    )
    return {"RuleArn": rule.arn}


@operation("events", "DescribeRule")
def describe_rule(caller: Caller, request: Params) -> Params:
    rule = selectors.get_rule(account=caller.account, name=request["Name"], bus=requests.bus(request))
    return {**shapes.rule(rule), "CreatedBy": caller.account.id}


@operation("events", "ListRules")
def list_rules(caller: Caller, request: Params) -> Params:
    found = selectors.list_rules(
        account=caller.account, bus=requests.bus(request), prefix=request.get("NamePrefix", "")
    )
    return requests.paged(request, found, member="Rules", shape=shapes.rule)


@operation("events", "ListRuleNamesByTarget")
def list_rule_names_by_target(caller: Caller, request: Params) -> Params:
    found = selectors.list_rules_by_target(
        account=caller.account, target_arn=request["TargetArn"], bus=requests.bus(request)
    )
    return requests.paged(request, found, member="RuleNames", shape=lambda rule: rule.name)


@operation("events", "EnableRule")
def enable_rule(caller: Caller, request: Params) -> None:
    rules.enable_rule(account=caller.account, name=request["Name"], bus=requests.bus(request))


@operation("events", "DisableRule")
def disable_rule(caller: Caller, request: Params) -> None:
    rules.disable_rule(account=caller.account, name=request["Name"], bus=requests.bus(request))


@operation("events", "DeleteRule")
def delete_rule(caller: Caller, request: Params) -> None:
    rules.delete_rule(account=caller.account, name=request["Name"], bus=requests.bus(request))


@operation("events", "PutTargets")
def put_targets(caller: Caller, request: Params) -> Params:
    rules.put_targets(account=caller.account, rule=request["Rule"], bus=requests.bus(request), given=request["Targets"])
    return {"FailedEntryCount": 0, "FailedEntries": []}


@operation("events", "RemoveTargets")
def remove_targets(caller: Caller, request: Params) -> Params:
    missing = rules.remove_targets(
        account=caller.account, rule=request["Rule"], bus=requests.bus(request), target_ids=request["Ids"]
    )
    failed = [
        {
            "TargetId": target_id,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule {request['Rule']} does not have a target with the Id {target_id}.",
        }
        for target_id in missing
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


@operation("events", "ListTargetsByRule")
def list_targets_by_rule(caller: Caller, request: Params) -> Params:
    rule = selectors.get_rule(account=caller.account, name=request["Rule"], bus=requests.bus(request))
    return requests.paged(request, rule.targets.all(), member="Targets", shape=shapes.target, key="target_id")
