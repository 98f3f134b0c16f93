"""EventBridge by boto3: rules, targets, buses, events and patterns as clients see them."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import Cloud
from triggers.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(cloud: Cloud, ada):
    return cloud.boto(ada, "events")


def refused(operation, **members):
    with pytest.raises(ClientError) as error:
        operation(**members)
    said = error.value.response["Error"]
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return said["Code"], said["Message"]


def test_a_rule_is_made_described_listed_switched_and_deleted(events, ada):
    arn = events.put_rule(
        Name="tick", ScheduleExpression="rate(1 minute)", Description="d", Tags=[{"Key": "team", "Value": "red"}]
    )["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{ada.id}:rule/tick"
    target = {"Id": "1", "Arn": f"arn:aws:lambda:us-east-1:{ada.id}:function:hello", "Input": "{}"}
    assert events.put_targets(Rule="tick", Targets=[target])["FailedEntryCount"] == 0

    described = events.describe_rule(Name="tick")
    del described["ResponseMetadata"]
    assert described == {
        "Name": "tick",
        "Arn": arn,
        "ScheduleExpression": "rate(1 minute)",
        "State": "ENABLED",
        "Description": "d",
        "EventBusName": "default",
        "CreatedBy": ada.id,
    }
    events.disable_rule(Name="tick")
    [listed] = events.list_rules(NamePrefix="ti")["Rules"]
    assert listed["State"] == "DISABLED"
    assert events.list_targets_by_rule(Rule="tick")["Targets"] == [target]
    assert events.list_rule_names_by_target(TargetArn=target["Arn"])["RuleNames"] == ["tick"]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "red"}]
    assert refused(events.delete_rule, Name="tick") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )

    [missing] = events.remove_targets(Rule="tick", Ids=["1", "2"])["FailedEntries"]
    assert (missing["TargetId"], missing["ErrorCode"]) == ("2", "ResourceNotFoundException")
    events.delete_rule(Name="tick")
    events.delete_rule(Name="tick")  # gone already is fine
    assert refused(events.describe_rule, Name="tick") == (
        "ResourceNotFoundException",
        "Rule tick does not exist on EventBus default.",
    )


def test_what_cannot_be_a_rule_is_refused_in_awss_words(events, ada):
    put = events.put_rule
    assert refused(put, Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    assert refused(put, Name="r", ScheduleExpression="rate(1 minutes)") == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )
    assert refused(put, Name="r", EventPattern='{"source": "x"}') == (
        "InvalidEventPatternException",
        'Event pattern is not valid. Reason: "source" must be an object or an array',
    )
    assert refused(put, Name="r", EventPattern='{"source": ["x"]}', EventBusName="no") == (
        "ResourceNotFoundException",
        "Event bus no does not exist.",
    )
    events.create_event_bus(Name="own")
    assert refused(put, Name="r", ScheduleExpression="rate(1 day)", EventBusName="own") == (
        "ValidationException",
        "ScheduleExpression is supported only on the default event bus.",
    )
    put(Name="r", ScheduleExpression="rate(1 day)")
    arn = f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"
    six = [{"Id": str(number), "Arn": arn} for number in range(6)]
    assert refused(events.put_targets, Rule="r", Targets=six) == (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
    both = {"Id": "1", "Arn": arn, "Input": "{}", "InputPath": "$.detail"}
    assert refused(events.put_targets, Rule="r", Targets=[both])[0] == "ValidationException"
    ecs = {"Id": "1", "Arn": f"arn:aws:ecs:us-east-1:{ada.id}:cluster/c"}
    assert "This server delivers no events to ecs" in refused(events.put_targets, Rule="r", Targets=[ecs])[1]
    assert refused(events.list_rules, NextToken="bogus") == ("ValidationException", "Invalid NextToken.")


def test_a_bus_has_rules_of_its_own_a_policy_and_an_end(events, ada):
    arn = events.create_event_bus(Name="orders", Description="of the shop")["EventBusArn"]
    assert arn == f"arn:aws:events:us-east-1:{ada.id}:event-bus/orders"
    assert refused(events.create_event_bus, Name="orders")[0] == "ResourceAlreadyExistsException"
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default", "orders"]

    events.put_permission(EventBusName="orders", StatementId="s", Action="events:PutEvents", Principal="123456789012")
    [statement] = json.loads(events.describe_event_bus(Name="orders")["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert statement["Resource"] == arn
    events.remove_permission(EventBusName="orders", StatementId="s")
    assert "Policy" not in events.describe_event_bus(Name="orders")

    rule = events.put_rule(Name="new", EventPattern='{"source": ["shop"]}', EventBusName=arn)["RuleArn"]
    assert rule == f"arn:aws:events:us-east-1:{ada.id}:rule/orders/new"
    assert events.list_rules()["Rules"] == []
    assert refused(events.delete_event_bus, Name="orders")[0] == "ValidationException"
    events.delete_rule(Name="new", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    assert refused(events.describe_event_bus, Name="orders") == (
        "ResourceNotFoundException",
        "Event bus orders does not exist.",
    )
    assert refused(events.delete_event_bus, Name="default")[0] == "ValidationException"


def test_events_are_put_each_with_an_answer_of_its_own(events, ada):
    events.put_rule(Name="new", EventPattern='{"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}}')
    events.put_targets(Rule="new", Targets=[{"Id": "1", "Arn": f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"}])
    good = {"Source": "shop", "DetailType": "order", "Detail": '{"total": 11}'}
    answer = events.put_events(
        Entries=[
            good,
            good | {"Detail": '{"total": 9}'},
            good | {"Detail": "{no json"},
            good | {"Source": "aws.ec2"},
            good | {"EventBusName": "nowhere"},
            {"Source": "shop", "DetailType": "order"},
        ]
    )
    assert answer["FailedEntryCount"] == 4
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        None,
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "ResourceNotFoundException",
        "InvalidArgument",
    ]
    sent = json.loads(Delivery.objects.get().payload)
    assert sent["id"] == answer["Entries"][0]["EventId"]
    assert (sent["detail"], sent["account"], sent["detail-type"]) == ({"total": 11}, ada.id, "order")


def test_more_than_a_megabyte_at_once_is_refused(events):
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"x": "y" * 600_000})}
    assert refused(events.put_events, Entries=[entry, entry]) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )


def test_a_pattern_is_tried_without_a_rule(events):
    event = {"id": "1", "account": "1", "source": "shop", "time": "2026-11-23T12:00:00Z", "region": "r"}
    event |= {"resources": [], "detail-type": "order", "detail": {"total": 11}}
    pattern = json.dumps({"detail": {"total": [{"numeric": ["<=", 11]}]}})
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is True
    other = json.dumps(event | {"detail": {"total": 12}})
    assert events.test_event_pattern(EventPattern=pattern, Event=other)["Result"] is False
    assert refused(events.test_event_pattern, EventPattern="{}", Event=other)[0] == "InvalidEventPatternException"
    assert "required fields are missing: id" in refused(events.test_event_pattern, EventPattern=pattern, Event="{}")[1]


def test_rules_and_buses_of_another_account_are_not_there(events, cloud, mallory):
    events.put_rule(Name="mine", ScheduleExpression="rate(1 day)")
    other = cloud.boto(mallory, "events")
    assert other.list_rules()["Rules"] == []
    assert refused(other.describe_rule, Name="mine")[0] == "ResourceNotFoundException"
