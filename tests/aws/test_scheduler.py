"""EventBridge Scheduler by boto3."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from core import clock
from tests.aws.conftest import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler(cloud: Cloud, ada):
    return cloud.boto(ada, "scheduler")


@pytest.fixture
def target(ada):
    return {
        "Arn": f"arn:aws:lambda:us-east-1:{ada.id}:function:hello",
        "RoleArn": f"arn:aws:iam::{ada.id}:role/LabRole",
    }


OFF = {"Mode": "OFF"}


def refused(operation, **members):
    with pytest.raises(ClientError) as error:
        operation(**members)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_a_schedule_is_made_read_changed_and_deleted(scheduler, target, ada):
    given = {
        "Name": "nightly",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Stockholm",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "EndDate": datetime(2099, 1, 1, tzinfo=UTC),
        "Target": target | {"Input": '{"a": 1}', "RetryPolicy": {"MaximumRetryAttempts": 2}},
        "ActionAfterCompletion": "DELETE",
        "Description": "at night",
    }
    arn = scheduler.create_schedule(**given)["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{ada.id}:schedule/default/nightly"

    read = scheduler.get_schedule(Name="nightly")
    assert {name: read[name] for name in given if name != "EndDate"} == {
        name: value for name, value in given.items() if name != "EndDate"
    }
    assert read["EndDate"].astimezone(UTC) == given["EndDate"]
    assert (read["State"], read["GroupName"], read["Arn"]) == ("ENABLED", "default", arn)
    assert refused(scheduler.create_schedule, **given) == (
        409,
        "ConflictException",
        "Schedule nightly already exists.",
    )

    scheduler.update_schedule(
        Name="nightly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=OFF, Target=target, State="DISABLED"
    )
    changed = scheduler.get_schedule(Name="nightly")
    assert (changed["State"], changed["FlexibleTimeWindow"], "Description" in changed) == ("DISABLED", OFF, False)
    assert changed["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    [listed] = scheduler.list_schedules(State="DISABLED", NamePrefix="night")["Schedules"]
    assert listed["Target"] == {"Arn": target["Arn"]}

    scheduler.delete_schedule(Name="nightly")
    assert refused(scheduler.get_schedule, Name="nightly") == (
        404,
        "ResourceNotFoundException",
        "Schedule nightly does not exist.",
    )


def test_groups_hold_schedules_and_tags(scheduler, target):
    arn = scheduler.create_schedule_group(Name="lab", Tags=[{"Key": "team", "Value": "red"}])["ScheduleGroupArn"]
    assert refused(scheduler.create_schedule_group, Name="lab")[:2] == (409, "ConflictException")
    for number in range(3):
        scheduler.create_schedule(
            Name=f"s{number}",
            GroupName="lab",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow=OFF,
            Target=target,
        )
    first = scheduler.list_schedules(GroupName="lab", MaxResults=2)
    rest = scheduler.list_schedules(GroupName="lab", MaxResults=2, NextToken=first["NextToken"])
    assert [row["Name"] for row in [*first["Schedules"], *rest["Schedules"]]] == ["s0", "s1", "s2"]
    assert "NextToken" not in rest
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "room", "Value": "7"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "room", "Value": "7"}]
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "lab"]
    scheduler.delete_schedule_group(Name="lab")
    assert refused(scheduler.get_schedule_group, Name="lab")[1:] == (
        "ResourceNotFoundException",
        "Schedule group lab does not exist.",
    )
    assert scheduler.list_schedules()["Schedules"] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ScheduleExpression": "rate(5 seconds)"}, "Invalid Schedule Expression rate(5 seconds)."),
        ({"ScheduleExpression": "cron(0 3 * * * *)"}, "Invalid Schedule Expression cron(0 3 * * * *)."),
        ({"ScheduleExpressionTimezone": "Nowhere"}, "Invalid Schedule Expression Timezone Nowhere."),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes must be specified"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused_quickly(scheduler, target, given, message):
    members = {
        "Name": "s",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": OFF,
        "Target": target,
        "ClientToken": str(clock.epoch_ms()),
    }
    status, code, text = refused(scheduler.create_schedule, **(members | given))
    assert (status, code) == (400, "ValidationException")
    assert message in text
