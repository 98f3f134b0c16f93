"""What is wrong with a call of EventBridge, Scheduler, SNS or a mapping is said in the service's own code and words."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions import archives
from tests.aws.conftest import Cloud
from tests.factories import make_role

pytestmark = pytest.mark.django_db

INVALID, PATTERN, PARAMETER = "ValidationException", "InvalidEventPatternException", "InvalidParameter"
NO_RULE = "Rule none does not exist on EventBus default."


def constraint(value: Any, member: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    )


def at_most(value: Any, member: str, limit: int) -> str:
    return constraint(value, member, f"have value less than or equal to {limit}")


def at_least(value: Any, member: str, limit: int) -> str:
    return constraint(value, member, f"have value greater than or equal to {limit}")


def rule(pattern: str) -> dict[str, str]:
    return {"Name": "r", "EventPattern": pattern}


def refused(clients: dict[str, Any], rows: list[tuple[str, str, dict[str, Any], str, str]]) -> list[Any]:
    """The rows that are not answered with their code and words."""
    different = []
    for service, operation, given, code, words in rows:
        try:
            found: Any = getattr(clients[service], operation)(**given)
        except ClientError as error:
            said, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            if said["Code"] == code and words in said["Message"] and 400 <= status < 500:
                continue
            found = said
        different.append((service, operation, given, found))
    return different


@pytest.fixture
def clients(cloud: Cloud, ada):
    """They send what they are given: the server is asked, not the SDK."""
    key, config = cloud.key(ada), Config(retries={"max_attempts": 0}, parameter_validation=False)
    return {
        service: boto3.client(
            service,
            endpoint_url=cloud.url,
            region_name="us-east-1",
            config=config,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
        )
        for service in ("events", "scheduler", "sns", "sqs", "lambda")
    }


def test_no_schedule_is_made_of_what_is_none(clients, ada):
    target = {
        "Arn": f"arn:aws:lambda:us-east-1:{ada.id}:function:hello",
        "RoleArn": f"arn:aws:iam::{ada.id}:role/LabRole",
    }
    good = {
        "Name": "s",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }

    def create(code: str, words: str, **given: Any) -> tuple[str, str, dict[str, Any], str, str]:
        return "scheduler", "create_schedule", good | given, code, words

    expressions = (
        *("rate(0 minutes)", "rate(1.5 minutes)", "rate(-1 hours)", "rate(99999999999 days)", "rate(１ minutes)"),
        *("at(2026-13-01T00:00:00)", "at(2026-02-30T00:00:00)", "at(9999-99-99)", "０"),
        *("cron(*/0 * * * ? *)", "cron(0-999999999 * * * ? *)", "cron(1/1/1 * * * ? *)", "cron(0 0 L-40 * ? *)"),
        *("cron(0 0 ? * 1#9 *)", "cron(0 0 32W * ? *)", "cron(0 0 * * * *)", "cron(0 0 1 1 ? 9999)"),
    )
    rows = [create(INVALID, f"Invalid Schedule Expression {text}.", ScheduleExpression=text) for text in expressions]
    retries = {"MaximumRetryAttempts": 186}
    age = {"MaximumEventAgeInSeconds": 59}
    rows += [
        create(INVALID, "[0-9a-zA-Z-_.]+", Name="a b"),
        create(INVALID, "length less than or equal to 64", Name="x" * 65),
        create("ResourceNotFoundException", "Schedule group none does not exist.", GroupName="none"),
        create(INVALID, "enum value set: [ENABLED, DISABLED]", State="MAYBE"),
        create(INVALID, "StartDate you specify must come before the EndDate", StartDate=2 * 10**9, EndDate=19 * 10**8),
        create(INVALID, "Provided Arn is not in correct format: no", Target=target | {"Arn": "no"}),
        create(INVALID, "'target.roleArn'", Target=target | {"RoleArn": "no"}),
        create(INVALID, "'target.deadLetterConfig.arn'", Target=target | {"DeadLetterConfig": {"Arn": "no"}}),
        *(
            create(
                INVALID, "must allow AWS EventBridge Scheduler to assume the role.", Target=target | {"RoleArn": arn}
            )
            for arn in (f"arn:aws:iam::{ada.id}:role/Nobody", make_role(ada).arn)
        ),
        create(INVALID, "Invalid Schedule Expression Timezone Mars/Base.", ScheduleExpressionTimezone="Mars/Base"),
        create(INVALID, "enum value set: [OFF, FLEXIBLE]", FlexibleTimeWindow={"Mode": "MAYBE"}),
        create(INVALID, "must be specified for a FLEXIBLE time window.", FlexibleTimeWindow={"Mode": "FLEXIBLE"}),
        create(
            INVALID,
            "must not be specified when the time window is OFF.",
            FlexibleTimeWindow={"Mode": "OFF", "MaximumWindowInMinutes": 5},
        ),
        create(INVALID, "enum value set: [NONE, DELETE]", ActionAfterCompletion="MAYBE"),
        create(INVALID, "length less than or equal to 512", Description="x" * 513),
        create(INVALID, "length less than or equal to 256", ScheduleExpression="x" * 257),
        create(INVALID, "length less than or equal to 64", ClientToken="x" * 65),
        create(INVALID, "EndDate you specify must come after the current date.", EndDate=10**9),
        create(INVALID, "StartDate you specify cannot be earlier than 5 minutes ago.", StartDate=10**9),
        create(
            INVALID, "cannot be specified for this target.", Target=target | {"SqsParameters": {"MessageGroupId": "g"}}
        ),
        create(INVALID, "Invalid JSON in Input", Target=target | {"Input": "{"}),
        (
            "scheduler",
            "update_schedule",
            good | {"Name": "none"},
            "ResourceNotFoundException",
            "Schedule none does not",
        ),
        ("scheduler", "delete_schedule", {"Name": "none"}, "ResourceNotFoundException", "Schedule none does not"),
        ("scheduler", "list_schedules", {"MaxResults": 101}, INVALID, at_most(101, "maxResults", 100)),
        ("scheduler", "list_tags_for_resource", {"ResourceArn": "no"}, INVALID, "'resourceArn'"),
        create(INVALID, "Input must not exceed 262144 bytes.", Target=target | {"Input": "x" * 262_145}),
        create(
            INVALID,
            at_most(186, "target.retryPolicy.maximumRetryAttempts", 185),
            Target=target | {"RetryPolicy": retries},
        ),
        create(
            INVALID,
            at_least(59, "target.retryPolicy.maximumEventAgeInSeconds", 60),
            Target=target | {"RetryPolicy": age},
        ),
        create(
            INVALID,
            at_most(1441, "flexibleTimeWindow.maximumWindowInMinutes", 1440),
            FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441},
        ),
        ("scheduler", "get_schedule", {"Name": "none"}, "ResourceNotFoundException", "Schedule none does not exist."),
        ("scheduler", "create_schedule_group", {"Name": "default"}, "ConflictException", "already exists"),
        ("scheduler", "delete_schedule_group", {"Name": "default"}, INVALID, "cannot be deleted"),
        ("scheduler", "list_schedules", {"NextToken": "no"}, INVALID, "Invalid NextToken."),
    ]
    assert refused(clients, rows) == []
    assert clients["scheduler"].list_schedules()["Schedules"] == []


def test_no_rule_is_made_of_what_is_none(clients, ada):
    function = f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"
    clients["events"].put_rule(Name="ok", ScheduleExpression="rate(1 day)")

    def put(code: str, words: str, **given: Any) -> tuple[str, str, dict[str, Any], str, str]:
        return "events", "put_targets", {"Rule": "ok", "Targets": [{"Id": "1", "Arn": function} | given]}, code, words

    patterns = {
        "{": "Expecting property name enclosed in double quotes",
        "{}": "Empty objects are not allowed",
        "[]": "Filter is not an object",
        '{"a": []}': "Empty arrays are not allowed",
        '{"a": [{"nope": 1}]}': "Unrecognized match type nope",
        '{"a": [{"wildcard": "**"}]}': "Consecutive wildcard characters",
        '{"a": [{"numeric": ["<", "x"]}]}': "Value of < must be numeric",
        '{"a": [{"cidr": "300.0.0.0/8"}]}': "Malformed CIDR",
    }
    event = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    good = {"Name": "r", "ScheduleExpression": "rate(1 day)"}
    nobody = f"arn:aws:iam::{ada.id}:role/Nobody"
    not_for_events = f"arn:aws:iam::{ada.id}:role/{make_role(ada).name}"
    rows = [("events", "put_rule", rule(text), PATTERN, f"Reason: {why}") for text, why in patterns.items()]
    rows += [
        ("events", "put_rule", rule('{"a":' * 900 + '["x"]' + "}" * 900), INVALID, "less than or equal to 4096"),
        ("events", "put_rule", {"Name": "a b", "ScheduleExpression": "rate(1 day)"}, INVALID, "[\\.\\-_A-Za-z0-9]+"),
        ("events", "put_targets", {"Rule": "none", "Targets": [{"Id": "1", "Arn": function}]}, *NOT_FOUND),
        *(
            (
                "events",
                "put_rule",
                {"Name": "r", "ScheduleExpression": text},
                INVALID,
                "ScheduleExpression is not valid.",
            )
            for text in (
                "rate(1 minutes)",
                "rate(0 days)",
                "at(2099-01-01T00:00:00)",
                "cron(0 0 * * * *)",
                "cron(0 0 31W",
                "x",
            )
        ),
        *(
            ("events", "put_rule", good | {"RoleArn": arn}, INVALID, cannot_be_assumed(arn))
            for arn in (nobody, not_for_events, "no")
        ),
        ("events", "put_rule", good | {"RoleArn": ""}, INVALID, "'roleArn'"),
        ("events", "put_rule", good | {"State": "MAYBE"}, INVALID, "enum value set"),
        ("events", "put_rule", good | {"Description": "x" * 513}, INVALID, "length less than or equal to 512"),
        ("events", "put_rule", {"Name": "r"}, INVALID, "EventPattern or ScheduleExpression must be specified."),
        put(INVALID, cannot_be_assumed(nobody), RoleArn=nobody),
        put(INVALID, "'targets.1.member.id'", Id="a b"),
        put(INVALID, "Parameter no is not valid. Reason: Provided Arn is not in correct format.", Arn="no"),
        put(INVALID, "It is not the ARN of an SQS queue.", DeadLetterConfig={"Arn": "no"}),
        put(
            INVALID,
            at_most(200, "targets.1.member.retryPolicy.maximumRetryAttempts", 185),
            RetryPolicy={"MaximumRetryAttempts": 200},
        ),
        ("events", "remove_targets", {"Rule": "none", "Ids": ["1"]}, *NOT_FOUND),
        ("events", "list_targets_by_rule", {"Rule": "none"}, *NOT_FOUND),
        ("events", "enable_rule", {"Name": "none"}, *NOT_FOUND),
        ("events", "put_events", {"Entries": [event] * 11}, INVALID, "have length less than or equal to 10"),
        ("events", "create_event_bus", {"Name": "default"}, "ResourceAlreadyExistsException", "already exists"),
        ("events", "delete_event_bus", {"Name": "default"}, INVALID, "Cannot delete event bus default."),
        ("events", "describe_event_bus", {"Name": "none"}, "ResourceNotFoundException", "Event bus none does not"),
        ("events", "put_permission", {"Policy": "no"}, INVALID, "Event bus policy is not valid."),
        ("events", "test_event_pattern", {"EventPattern": "{", "Event": "{}"}, PATTERN, "Reason: "),
        ("events", "test_event_pattern", {"EventPattern": '{"a": ["b"]}', "Event": "{}"}, INVALID, "are missing: id"),
    ]
    assert refused(clients, rows) == []
    assert [one["Name"] for one in clients["events"].list_rules()["Rules"]] == ["ok"]


def cannot_be_assumed(arn: str) -> str:
    return f"Provided role '{arn}' cannot be assumed by principal 'events.amazonaws.com'."


NOT_FOUND = ("ResourceNotFoundException", NO_RULE)


def test_nothing_is_published_or_subscribed_that_cannot_be(clients, ada):
    topic = clients["sns"].create_topic(Name="t")["TopicArn"]
    clients["sqs"].create_queue(QueueName="q")
    queue = f"arn:aws:sqs:us-east-1:{ada.id}:q"

    def subscribe(words: str, protocol: str, endpoint: str, **attributes: str) -> tuple[Any, ...]:
        given = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes}
        return "sns", "subscribe", given, PARAMETER, f"Invalid parameter: {words}"

    def publish(words: str, **given: Any) -> tuple[Any, ...]:
        return "sns", "publish", {"TopicArn": topic, "Message": "x"} | given, PARAMETER, f"Invalid parameter: {words}"

    def batch(code: str, entries: list[str]) -> tuple[Any, ...]:
        given = [{"Id": name, "Message": "x"} for name in entries]
        return "sns", "publish_batch", {"TopicArn": topic, "PublishBatchRequestEntries": given}, code, "batch"

    rows: list[Any] = [
        subscribe("Amazon SNS does not support this protocol string: carrier", "carrier", "x"),
        subscribe("SQS endpoint ARN", "sqs", "no"),
        subscribe("Lambda endpoint ARN", "lambda", "arn:aws:lambda:us-east-1:1:function:none"),
        subscribe("Endpoint must match the specified protocol", "http", "ftp://x"),
        subscribe("Endpoint Reason: the host 127.0.0.1 is not on the public", "http", "http://127.0.0.1/"),
        subscribe("FilterPolicy: failed to parse JSON", "sqs", queue, FilterPolicy="{"),
        subscribe("AttributeName", "sqs", queue, Nope="1"),
        publish("Empty message", Message=""),
        publish("Message too long", Message="x" * 262_145),
        publish("Subject", Subject="\n"),
        publish("Message Structure - No default entry", Message="{}", MessageStructure="json"),
        publish("The message attribute 'a'", MessageAttributes={"a": {"DataType": "Nope", "StringValue": "1"}}),
        batch("EmptyBatchRequest", []),
        batch("BatchEntryIdsNotDistinct", ["1", "1"]),
        batch("TooManyEntriesInBatchRequest", [str(number) for number in range(11)]),
        *(
            ("sns", "create_topic", {"Name": name}, PARAMETER, "Invalid parameter: Topic Name")
            for name in ("a b", "x" * 257, "", "a.fifo")
        ),
        ("sns", "create_topic", {"Name": "a", "Attributes": {"FifoTopic": "true"}}, PARAMETER, "must end with .fifo"),
        ("sns", "create_topic", {"Name": "a", "Attributes": {"Nope": "1"}}, PARAMETER, "Unknown attribute Nope"),
        publish("TopicArn Reason: An ARN must have at least 6 elements, not 1", TopicArn="no"),
        publish("Subject", Subject="x" * 101),
        publish("MessageStructure", MessageStructure="xml"),
        publish("Message Structure - JSON message body failed to parse", Message="{", MessageStructure="json"),
        (
            "sns",
            "publish",
            {"Message": "x"},
            PARAMETER,
            "TopicArn or TargetArn Reason: no value for required parameter",
        ),
        ("sns", "publish", {"TopicArn": f"{topic}-none", "Message": "x"}, "NotFound", "Topic does not exist"),
        subscribe("RawMessageDelivery Reason: Invalid value [maybe].", "sqs", queue, RawMessageDelivery="maybe"),
        subscribe("FilterPolicyScope Reason: Invalid value [No].", "sqs", queue, FilterPolicyScope="No"),
        subscribe("RedrivePolicy: deadLetterTargetArn is an invalid arn", "sqs", queue, RedrivePolicy="{"),
        ("sns", "unsubscribe", {"SubscriptionArn": "no"}, PARAMETER, "at least 6 elements"),
        ("sns", "unsubscribe", {"SubscriptionArn": f"{topic}:{uuid.UUID(int=0)}"}, "NotFound", "Subscription does not"),
        ("sns", "get_topic_attributes", {"TopicArn": f"{topic}-none"}, "NotFound", "Topic does not exist"),
        ("sns", "list_topics", {"NextToken": "no"}, PARAMETER, "NextToken"),
        *(
            (
                "sns",
                "set_topic_attributes",
                {"TopicArn": topic, "AttributeName": name, "AttributeValue": "{"},
                PARAMETER,
                f"Invalid parameter: {words}",
            )
            for name, words in (
                ("Nope", "AttributeName"),
                ("Policy", "Policy Error: null"),
                ("DeliveryPolicy", "DeliveryPolicy: failed to parse JSON"),
            )
        ),
        ("sns", "confirm_subscription", {"TopicArn": topic, "Token": "no"}, PARAMETER, "Token"),
        ("sns", "get_subscription_attributes", {"SubscriptionArn": "no"}, PARAMETER, "at least 6 elements"),
    ]
    assert refused(clients, rows) == []
    assert clients["sns"].list_subscriptions()["Subscriptions"] == []


def test_no_mapping_is_made_of_what_is_none(clients, ada):
    clients["sqs"].create_queue(QueueName="q")
    code = archives.pack({"a.py": b"def b(event, context): pass\n"})
    clients["lambda"].create_function(
        FunctionName="hello",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ada.id}:role/LabRole",
        Handler="a.b",
        Code={"ZipFile": code},
    )

    def create(code: str, words: str, **given: Any) -> tuple[Any, ...]:
        good = {"EventSourceArn": queue, "FunctionName": "hello"}
        return "lambda", "create_event_source_mapping", good | given, code, words

    def configure(code: str, words: str, **given: Any) -> tuple[Any, ...]:
        return "lambda", "put_function_event_invoke_config", {"FunctionName": "hello"} | given, code, words

    def on_success(arn: str) -> dict[str, Any]:
        return {"OnSuccess": {"Destination": arn}}

    queue, function = f"arn:aws:sqs:us-east-1:{ada.id}:q", f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"

    value, none = "InvalidParameterValueException", "00000000-0000-0000-0000-000000000000"
    rows: list[Any] = [
        create(INVALID, at_least(0, "batchSize", 1), BatchSize=0),
        create(INVALID, at_most(10_001, "batchSize", 10_000), BatchSize=10_001),
        create(value, "window in seconds must be greater than 0", BatchSize=11),
        create(INVALID, at_most(301, "maximumBatchingWindowInSeconds", 300), MaximumBatchingWindowInSeconds=301),
        create(INVALID, at_least(1, "scalingConfig.maximumConcurrency", 2), ScalingConfig={"MaximumConcurrency": 1}),
        create(value, "Invalid filter pattern", FilterCriteria={"Filters": [{"Pattern": "{"}]}),
        create(value, "cannot exceed 5", FilterCriteria={"Filters": [{"Pattern": json.dumps({"a": ["b"]})}] * 6}),
        create(INVALID, "'functionResponseTypes'", FunctionResponseTypes=["No"]),
        create(INVALID, "'eventSourceArn'", EventSourceArn="no"),
        create(INVALID, "'functionName'", FunctionName="a b"),
        create("ResourceNotFoundException", "Function not found: ", FunctionName="none"),
        create(value, "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue.", EventSourceArn=f"{queue}-none"),
        create(value, "Unsupported parameter for an SQS event source: StartingPosition", StartingPosition="LATEST"),
        create(value, "SQS event source: BisectBatchOnFunctionError", BisectBatchOnFunctionError=True),
        ("lambda", "get_event_source_mapping", {"UUID": "no"}, INVALID, "length greater than or equal to 36"),
        ("lambda", "delete_event_source_mapping", {"UUID": none}, "ResourceNotFoundException", "does not exist"),
        ("lambda", "list_event_source_mappings", {"EventSourceArn": "no"}, INVALID, "'eventSourceArn'"),
        configure(INVALID, at_least(59, "maximumEventAgeInSeconds", 60), MaximumEventAgeInSeconds=59),
        configure(INVALID, "'destinationConfig.onSuccess.destination'", DestinationConfig=on_success("no")),
        configure(value, "the function as a destination for itself.", DestinationConfig=on_success(function)),
        configure(value, "You must specify at least one of error handling or destination setting."),
        ("lambda", "update_event_source_mapping", {"UUID": none}, "ResourceNotFoundException", "does not exist"),
        ("lambda", "list_event_source_mappings", {"Marker": "no"}, value, "marker is not valid"),
        configure(INVALID, at_most(3, "maximumRetryAttempts", 2), MaximumRetryAttempts=3),
    ]
    assert refused(clients, rows) == []
    assert clients["lambda"].list_event_source_mappings()["EventSourceMappings"] == []
