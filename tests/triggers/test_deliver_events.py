"""What rules send: to functions, queues and other buses, transformed, tried again, and at last a dead letter."""

import json
import re

import pytest
from django.db import transaction

from core import arns, targets
from core.errors import ValidationError
from functions.services.functions import delete_function
from queues.services import create_queue, receive_message, set_queue_attributes
from runner.models import Invocation
from topics import services as topics
from triggers import delivering, firing, inputs, selectors
from triggers.documents import event as make_event
from triggers.models import Delivery
from triggers.services import buses, events, rules
from triggers.services.events import Entry

pytestmark = pytest.mark.django_db

ORDER = Entry(source="my.shop", detail_type="order", detail='{"total": 12, "name": "Röda \\"Bilar\\"", "tags": ["a"]}')
MINE = '{"source": ["my.shop"]}'


def put(account, *entries):
    results = events.put_events(account=account, entries=list(entries or [ORDER]))
    delivering.deliver_due()
    return results


def open_to_events(account, queue, service="events.amazonaws.com", **more):
    policy = {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            **more,
        }
    }
    set_queue_attributes(account=account, name=queue.name, given={"Policy": json.dumps(policy)})


@pytest.fixture
def queue(ada):
    return create_queue(account=ada, name="orders", given={}, tags={})


def bodies(queue):
    queue.refresh_from_db()
    return [message.body for message in receive_message(queue=queue, limit=10, visibility_timeout=0)]


# -- targets ---------------------------------------------------------------------------------------


def test_an_event_reaches_the_function_of_each_rule_that_fits(ada, make_rule, events_of, frozen_clock):
    make_rule(ada, "mine", event_pattern=MINE)
    make_rule(ada, "large", event_pattern='{"detail": {"total": [{"numeric": [">", 100]}]}}')
    [result] = put(ada)
    [event] = events_of(ada)
    assert event["id"] == result.event_id
    assert event["time"] == "2026-11-23T12:00:00Z"
    assert event["detail"]["total"] == 12


def test_a_target_gets_the_event_with_aws_s_members_in_aws_s_order(ada, make_rule, events_of, queue, frozen_clock):
    """Source: EventBridge user guide, "AWS service event metadata"."""
    rule = make_rule(ada, "mine", event_pattern=MINE)
    open_to_events(ada, queue)
    rules.put_targets(account=ada, rule="mine", given=[{"Id": "q", "Arn": queue.arn}])
    [result] = put(ada)
    [event] = events_of(ada)
    assert json.dumps(event) == json.dumps(
        {
            "version": "0",
            "id": result.event_id,
            "detail-type": "order",
            "source": "my.shop",
            "account": ada.pk,
            "time": "2026-11-23T12:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": json.loads(ORDER.detail),
        }
    )
    [body] = bodies(queue)
    assert json.loads(body) == event
    assert body.startswith('{"version":"0","id":')
    assert selectors.last_deliveries(rule)[0].attempts == 1


def test_an_event_belongs_to_its_puts_transaction(ada, make_rule):
    make_rule(ada, event_pattern=MINE)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.put_events(account=ada, entries=[ORDER])
        _ = 1 / 0
    assert not Delivery.objects.exists()


def test_a_disabled_rule_and_another_accounts_rule_see_nothing(ada, mallory, make_rule):
    rule = make_rule(ada, event_pattern=MINE)
    make_rule(mallory, event_pattern='{"source": [{"exists": true}]}')
    rules.disable_rule(account=ada, name=rule.name)
    put(ada)
    assert not Invocation.objects.exists()


def test_a_queue_gets_events_when_its_policy_lets_them_in(ada, queue):
    rule = rules.put_rule(account=ada, name="mine", event_pattern=MINE)
    rules.put_targets(account=ada, rule="mine", given=[{"Id": "q", "Arn": queue.arn, "InputPath": "$.detail.total"}])
    put(ada)
    assert bodies(queue) == []
    assert "events.amazonaws.com is not authorized" in selectors.last_deliveries(rule)[0].error_message

    open_to_events(ada, queue)
    put(ada)
    assert bodies(queue) == ["12"]


def test_a_role_may_open_the_queue_instead(ada, queue):
    rules.put_rule(account=ada, name="mine", event_pattern=MINE)
    target = {"Id": "q", "Arn": queue.arn, "RoleArn": arns.iam(ada.id, "role/LabRole"), "Input": '"hello"'}
    rules.put_targets(account=ada, rule="mine", given=[target])
    put(ada)
    assert bodies(queue) == ['"hello"']


def test_a_topic_gets_events_when_its_policy_lets_them_in(ada, queue):
    """The policy that a topic has of itself lets in its account alone, and no rule."""
    topic = topics.create_topic(account=ada, name="orders")
    open_to_events(ada, queue, "sns.amazonaws.com")
    topics.subscribe(account=ada, topic=topic, protocol="sqs", endpoint=queue.arn, given={"RawMessageDelivery": "true"})
    rule = rules.put_rule(account=ada, name="mine", event_pattern=MINE)
    rules.put_targets(account=ada, rule="mine", given=[{"Id": "t", "Arn": topic.arn, "InputPath": "$.detail.total"}])
    put(ada)
    [refused] = selectors.last_deliveries(rule)
    assert (refused.state, refused.error_code) == ("dropped", "NO_PERMISSIONS")
    assert "events.amazonaws.com is not authorized to perform: SNS:Publish" in refused.error_message
    assert bodies(queue) == []

    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    of_rule = {"Resource": topic.arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule.arn}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement | of_rule]})
    topics.set_topic_attributes(account=ada, arn=topic.arn, name="Policy", value=policy)
    put(ada)
    assert bodies(queue) == ["12"]


def test_a_policy_for_another_rule_lets_nothing_in(ada, queue):
    condition = {"ArnEquals": {"aws:SourceArn": arns.iam(ada.id, "role/other")}}
    open_to_events(ada, queue, Condition=condition)
    rules.put_rule(account=ada, name="mine", event_pattern=MINE)
    rules.put_targets(account=ada, rule="mine", given=[{"Id": "q", "Arn": queue.arn}])
    put(ada)
    assert bodies(queue) == []


def test_a_fifo_queue_gets_events_in_their_group(ada):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = create_queue(account=ada, name="orders.fifo", given=attributes, tags={})
    open_to_events(ada, queue)
    rules.put_rule(account=ada, name="mine", event_pattern=MINE)
    with pytest.raises(ValidationError, match="SqsParameters must be specified"):
        rules.put_targets(account=ada, rule="mine", given=[{"Id": "q", "Arn": queue.arn}])
    grouped = {"Id": "q", "Arn": queue.arn, "SqsParameters": {"MessageGroupId": "g"}}
    rules.put_targets(account=ada, rule="mine", given=[grouped])
    put(ada)
    queue.refresh_from_db()
    assert [message.group_id for message in receive_message(queue=queue)] == ["g"]


def test_an_event_goes_on_to_another_bus_as_it_is_and_never_round_in_circles(ada, make_rule, events_of):
    other = buses.create_event_bus(account=ada, name="other")
    default = selectors.get_event_bus(account=ada)
    for name, bus, target in (("out", "default", other), ("back", "other", default)):
        rules.put_rule(account=ada, name=name, bus=bus, event_pattern=MINE)
        rules.put_targets(account=ada, rule=name, bus=bus, given=[{"Id": "1", "Arn": target.arn}])
    make_rule(ada, "mine", event_pattern=MINE)
    [result] = put(ada)
    seen = events_of(ada)
    assert {event["id"] for event in seen} == {result.event_id}
    assert len(seen) == 3  # it came by the default bus three times, then it was stopped
    assert not Delivery.objects.filter(state="waiting").exists()


# -- what cannot be delivered ----------------------------------------------------------------------


def test_what_a_function_that_is_gone_should_have_got_becomes_a_dead_letter(ada, make_rule, queue):
    rule = make_rule(ada, event_pattern=MINE, target={"DeadLetterConfig": {"Arn": queue.arn}})
    open_to_events(ada, queue)
    delete_function(account=ada, name="hello")
    [result] = put(ada)
    queue.refresh_from_db()
    [message] = receive_message(queue=queue)
    assert json.loads(message.body)["id"] == result.event_id
    told = {name: attribute.value for name, attribute in message.attributes.items()}
    assert told["RULE_ARN"] == rule.arn
    assert told["TARGET_ARN"] == arns.function("us-east-1", ada.id, "hello")
    assert told["ERROR_CODE"] == "NO_RESOURCE"
    assert told["RETRY_ATTEMPTS"] == "0"
    assert selectors.last_deliveries(rule)[0].state == "dead-letter"


def test_a_dead_letter_queue_whose_policy_says_nothing_of_the_rule_gets_nothing(ada, make_rule, queue):
    rule = make_rule(ada, event_pattern=MINE, target={"DeadLetterConfig": {"Arn": queue.arn}})
    delete_function(account=ada, name="hello")
    put(ada)
    assert bodies(queue) == []
    [delivery] = selectors.last_deliveries(rule)
    assert delivery.state == "dropped"
    assert "dead letter: User: events.amazonaws.com is not authorized to perform: sqs:SendMessage" in (
        delivery.error_message
    )


def test_a_schedules_dead_letter_is_sent_with_its_role(ada, make_schedule, queue, frozen_clock):
    target = {"Input": '"<aws.scheduler.execution-id>"', "DeadLetterConfig": {"Arn": queue.arn}}
    schedule = make_schedule(ada, target=target)
    delete_function(account=ada, name="hello")
    firing.fire_due()
    delivering.deliver_due()
    queue.refresh_from_db()
    [message] = receive_message(queue=queue)
    execution = json.loads(message.body)
    assert re.fullmatch("[0-9a-f]{16}", execution)
    assert {attribute.data_type for attribute in message.attributes.values()} == {"String"}
    told = {name: attribute.value for name, attribute in message.attributes.items()}
    assert told.pop("ERROR_MESSAGE").startswith("Function not found: arn:aws:lambda:us-east-1:")
    assert told == {
        "ERROR_CODE": "ResourceNotFoundException",
        "EXECUTION_ID": execution,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": "2026-11-23T12:00:00Z",
        "SCHEDULE_ARN": schedule.arn,
        "TARGET_ARN": arns.function("us-east-1", ada.id, "hello"),
    }


# -- destinations of functions ---------------------------------------------------------------------


def test_a_bus_is_a_destination_of_functions(ada, make_rule, events_of):
    make_rule(ada, event_pattern='{"source": ["lambda"], "detail-type": [{"suffix": "- Success"}]}')
    bus = selectors.get_event_bus(account=ada)
    function_arn = arns.function("us-east-1", ada.id, "other", "$LATEST")
    record = {
        "version": "1.0",
        "requestContext": {"functionArn": function_arn, "condition": "Success"},
        "responsePayload": {"sum": 5},
    }
    for condition in ("Success", "RetriesExhausted"):
        record["requestContext"]["condition"] = condition
        targets.deliver(account_id=ada.id, arn=bus.arn, event=record)
    delivering.deliver_due()
    [event] = events_of(ada)
    assert event["source"] == "lambda"
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["resources"] == [bus.arn, function_arn]
    assert event["detail"]["responsePayload"] == {"sum": 5}


# -- transformers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"n": <n>, "t": <t>}', {"n": 'Röda "Bilar"', "t": 12}),
        ('{"text": "<n> owes <t>"}', {"text": 'Röda "Bilar" owes 12'}),
        ('"<n> owes <t>"', 'Röda "Bilar" owes 12'),
        ("<n> owes <t>", 'Röda "Bilar" owes 12'),
        ("[<t>, <tags>, <none>]", [12, ["a"], None]),
        ('{"x": "<none>"}', {"x": ""}),
        ('{"x": "<tags>"}', {"x": '["a"]'}),
        ('{"r": "<aws.events.rule-name>"}', {"r": "mine"}),
        ('{"r": "<aws.events.event.ingestion-time>"}', {"r": "2026-11-23T12:00:00Z"}),
    ],
)
def test_a_template_is_filled_from_the_event(frozen_clock, template, expected):
    from core import clock

    paths = {"n": "$.detail.name", "t": "$.detail.total", "tags": "$.detail.tags", "none": "$.detail.none[3]"}
    given = {"Id": "1", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    inputs.check(given)
    event = make_event(
        account_id="1",
        region="r",
        source="s",
        detail_type="d",
        detail=json.loads(ORDER.detail),
        time=clock.now(),
    )
    text = inputs.build(event, given, rule_arn="arn:rule", rule_name="mine", now=clock.now())
    assert json.loads(text) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Input": "{no"}, "JSON syntax error in input for target 1."),
        ({"InputPath": "detail"}, "Invalid InputPath for target 1."),
        ({"InputPath": "$.detail..x"}, "Invalid InputPath"),
        ({"InputTransformer": {"InputTemplate": '{"x": <y>}'}}, "placeholder y that is not in InputPathsMap"),
        ({"InputTransformer": {"InputPathsMap": {"y": "$.a"}, "InputTemplate": '{"x": <y>'}}, "JSON syntax error"),
        ({"InputTransformer": {"InputPathsMap": {"aws.x": "$.a"}, "InputTemplate": "x"}}, "must not start with AWS."),
    ],
)
def test_an_input_that_cannot_be_is_refused(given, message):
    with pytest.raises(ValidationError) as error:
        inputs.check({"Id": "1", **given})
    assert message in error.value.text
