"""EventBridge Scheduler's answers: the only place that writes their wire members."""

from aws.operation import Params
from triggers.models import Schedule, ScheduleGroup


def schedule(row: Schedule) -> Params:
    """A schedule as GetSchedule shows it; its target gets the retry policy that holds."""
    window = (
        {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": row.window_minutes} if row.window_minutes else {"Mode": "OFF"}
    )
    target = {"RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}, **row.target}
    return {
        "Arn": row.arn,
        "GroupName": row.group.name,
        "Name": row.name,
        "ScheduleExpression": row.expression,
        "ScheduleExpressionTimezone": row.zone,
        "StartDate": row.starts_at,
        "EndDate": row.ends_at,
        "Description": row.description or None,
        "State": row.state,
        "CreationDate": row.created_at,
        "LastModificationDate": row.modified_at,
        "KmsKeyArn": row.kms_key_arn or None,
        "Target": target,
        "FlexibleTimeWindow": window,
        "ActionAfterCompletion": row.action_after_completion,
    }


def summary(row: Schedule) -> Params:
    """A schedule as ListSchedules shows it."""
    return {
        "Arn": row.arn,
        "Name": row.name,
        "GroupName": row.group.name,
        "State": row.state,
        "CreationDate": row.created_at,
        "LastModificationDate": row.modified_at,
        "Target": {"Arn": row.target["Arn"]},
    }


def group(row: ScheduleGroup) -> Params:
    """A schedule group."""
    return {
        "Arn": row.arn,
        "Name": row.name,
        "State": "ACTIVE",
        "CreationDate": row.created_at,
        "LastModificationDate": row.modified_at,
    }
