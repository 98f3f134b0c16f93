"""Labs: a function gets what is in a queue, and writes into another one."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.labs.conftest import slide
from tests.labs.wiring import Wiring
from tests.live import eventually

pytestmark = pytest.mark.places("boto3")

ECHO = "import json\ndef lambda_handler(event, context): print('EVENT ' + json.dumps(event))"
SUM = """
import boto3, json
sqs = boto3.client("sqs")

def lambda_handler(event, context):
    for record in event["Records"]:
        numbers = json.loads(record["body"])
        url = sqs.get_queue_url(QueueName="lab-sums")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(numbers["number1"] + numbers["number2"]))
"""


def test_a_message_looks_as_it_does_on_the_slide(make, wiring: Wiring, log_of):
    """AT-000-4"""
    queue = wiring.queue("lab-shape")
    wiring.map(queue, make("Shape", ECHO))
    message_id = wiring.send(queue, "Hello from SQS!")
    line = next(line for line in log_of("Shape") if line.startswith("EVENT "))
    [record] = json.loads(line.removeprefix("EVENT "))["Records"]
    assert record["messageId"] == message_id
    assert record["body"] == "Hello from SQS!"
    assert record["messageAttributes"] == {}
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", queue)
    assert record["awsRegion"] == "us-east-1"
    assert record["md5OfBody"]
    assert record["receiptHandle"]
    told = record["attributes"]
    assert told["ApproximateReceiveCount"] == "1"
    assert set(told) >= {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert all(isinstance(value, str) for value in told.values())


def test_a_queue_may_be_invisible_as_long_as_the_function_runs_and_no_shorter(make, wiring: Wiring):
    """AT-000-5: the slide's numbers are 60 and 60."""
    name = make("Minute", ECHO, timeout=60)
    wiring.map(wiring.queue("input_queue", VisibilityTimeout="60"), name)
    short = wiring.queue("short_queue", VisibilityTimeout="59")
    with pytest.raises(ClientError, match="Queue visibility timeout: 59 seconds is less than Function timeout: 60"):
        wiring.map(short, name)


def test_the_slides_function_passes_a_message_on_to_a_queue_of_the_slides_account(make, wiring: Wiring):
    """AT-000-6: pasted as it is, with its address on amazonaws.com and its account."""
    queue, output = wiring.queue("lab-input-queue"), wiring.queue("lab-output-queue")
    wiring.map(queue, make("PassOn", slide("at_000_6")))
    wiring.send(queue, {"data": "12"})
    assert wiring.receive(output) == {"body": 12}


def test_two_numbers_are_added_and_the_queue_is_empty_afterwards(make, wiring: Wiring):
    """AT-000-8"""
    queue, sums = wiring.queue("lab-numbers"), wiring.queue("lab-sums")
    wiring.map(queue, make("Adder", SUM), BatchSize=1)
    wiring.send(queue, {"number1": 2, "number2": 3})
    assert wiring.receive(sums) == 5
    eventually(lambda: wiring.left(queue), lambda left: left == 0)
