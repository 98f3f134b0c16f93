"""EventBridge's answers: the only place that writes their wire members."""

from aws.operation import Params
from triggers.models import EventBus, Rule, RuleTarget
from triggers.services.buses import policy_text


def rule(row: Rule) -> Params:
    """A rule as ListRules and DescribeRule show it."""
    return {
        "Name": row.name,
        "Arn": row.arn,
        "State": row.state,
        "EventBusName": row.bus.name,
        "Description": row.description or None,
        "EventPattern": row.event_pattern or None,
        "ScheduleExpression": row.schedule_expression or None,
        "RoleArn": row.role_arn or None,
    }


def target(row: RuleTarget) -> Params:
    """A target as it was put."""
    return {"Id": row.target_id, "Arn": row.arn, **row.settings}


def event_bus(row: EventBus) -> Params:
    """A bus as ListEventBuses shows it."""
    return {
        "Name": row.name,
        "Arn": row.arn,
        "Description": row.description or None,
        "Policy": policy_text(row) or None,
        "CreationTime": row.created_at,
        "LastModifiedTime": row.modified_at,
    }


def tags(given: dict[str, str]) -> list[Params]:
    """Tags as a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in given.items()]
