"""Labs: the templates of events and the list of triggers, which must be the same things."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console import event_templates
from tests.labs.wiring import Wiring
from tests.live import Live, eventually

pytestmark = pytest.mark.places("boto3")

# One function for every source, written against the templates: what a student's code reads of each.
ANY_SOURCE = """
import json

def lambda_handler(event, context):
    print("EVENT " + json.dumps(event))
    if "Records" not in event:
        return [event["source"], event["detail-type"], event["time"]]
    record = event["Records"][0]
    match record.get("eventSource") or record["EventSource"]:
        case "aws:sqs": return ["sqs", record["messageId"], record["body"]]
        case "aws:sns": return ["sns", record["Sns"]["MessageId"], record["Sns"]["Message"]]
        case "aws:s3": return ["s3", record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]]
        case "aws:dynamodb": return ["dynamodb", record["eventName"], record["dynamodb"]["Keys"]]
        case "aws:kinesis": return ["kinesis", record["eventName"], record["kinesis"]["data"]]
"""
# The sources that run a function here, and the template of each.
TEMPLATES = {"aws:sqs": "sqs", "aws:sns": "sns", "aws.events": "scheduled"}


def template(name: str) -> Any:
    return json.loads(event_templates.body(name))


def source_of(event: Any) -> str:
    if "Records" not in event:
        return str(event["source"])
    [record] = event["Records"]
    return str(record.get("eventSource") or record["EventSource"])


def missing(wanted: Any, found: Any, at: str = "event") -> list[str]:
    """The members of a template that are not in an event; what the sender names is not looked into."""
    if isinstance(wanted, dict):
        free = ("messageAttributes", "MessageAttributes", "detail")
        lacks = [f"{at}.{name}" for name in wanted if name not in found]
        return lacks + [
            one
            for name in wanted.keys() & found.keys() - set(free)
            for one in missing(wanted[name], found[name], f"{at}.{name}")
        ]
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        return missing(wanted[0], found[0], f"{at}[0]")
    return [] if type(wanted) is type(found) else [f"{at} is another kind of value"]


def test_code_that_is_written_against_a_template_runs_with_it(make, hand):
    """AT-001-2: templates of services that are not here as well (S3, DynamoDB, Kinesis), for which they are all there is."""
    name = make("AnySource", ANY_SOURCE)
    answers = {
        one: hand.invoke(name, template(one))
        for one in ("sqs", "sns", "scheduled", "s3-put", "dynamodb-update", "kinesis")
    }
    assert {one: answer.function_error for one, answer in answers.items()} == dict.fromkeys(answers, "")
    assert answers["sqs"].payload[2] == "Hello from SQS!"
    assert answers["sns"].payload[0] == "sns"
    assert answers["scheduled"].payload[:2] == ["aws.events", "Scheduled Event"]
    assert answers["s3-put"].payload == ["s3", "example-bucket", "test%2Fkey"]
    assert sum(len(templates) for _, templates in event_templates.groups()) > 60


def test_every_source_in_the_list_runs_the_function_with_what_its_template_has(
    make, wiring: Wiring, live: Live, log_of
):
    """AT-001-4: queue, topic, schedule and event pattern; a function is no source of another one. AT-001-2: what comes
    has the members of the template, and no code has to be changed between test and trigger.
    """
    name = make("EverySource", ANY_SOURCE)
    queue, topic = wiring.queue("lab-sources"), wiring.topic("lab-sources")
    wiring.map(queue, name)
    wiring.subscribe(topic, name)
    arn = wiring.function_arn(name)
    wiring.rule("lab-sources", target=arn, EventPattern=json.dumps({"source": ["my.shop"]}))
    rule = wiring.rule("lab-clock", target=arn, ScheduleExpression="rate(1 minute)")
    with pytest.raises(ClientError, match="Unrecognized event source"):
        wiring.map(arn, name)

    wiring.send(queue, "Hello from SQS!")
    wiring.sns.publish(TopicArn=topic, Message="Hello from SNS!", Subject="Hello")
    entry = {"Source": "my.shop", "DetailType": "order", "Detail": json.dumps({"total": 20})}
    assert wiring.events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    live.manage("clock", "teacher", "--forward", "60s")  # the class does not wait for the minute
    try:
        lines = log_of(name, runs=4, within_s=150)
    finally:
        live.manage("clock", "teacher", "--real")
    seen = [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]
    events = {source_of(event): event for event in seen}
    assert set(events) == {"aws:sqs", "aws:sns", "aws.events", "my.shop"}
    assert events["my.shop"]["detail"] == {"total": 20}
    assert events["aws.events"]["resources"] == [rule]
    for source, known in TEMPLATES.items():
        assert missing(template(known), events[source]) == []
    assert missing(events["aws.events"], events["my.shop"]) == []
    eventually(lambda: wiring.left(queue), lambda left: left == 0)
