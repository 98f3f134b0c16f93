"""Labs: one function after another. Chained by destination, and not by two clocks."""

import json

import pytest

from tests.labs.wiring import Wiring

pytestmark = pytest.mark.places("boto3")

FIRST = "def lambda_handler(event, context): return {'made': event['n'] * 2}"
SECOND = "import json\ndef lambda_handler(event, context): print('GOT ' + json.dumps(event.get('responsePayload')))"


def test_the_second_function_gets_the_firsts_output_by_a_destination(make, hand, wiring: Wiring, log_of):
    """AT-001-8: two clocks at 12:00 and 12:20 would start the second without it."""
    first, second = make("ChainFirst", FIRST), make("ChainSecond", SECOND)
    wiring.lambda_.put_function_event_invoke_config(
        FunctionName=first, DestinationConfig={"OnSuccess": {"Destination": wiring.function_arn(second)}}
    )
    hand.invoke(first, {"n": 21}, kind="Event")
    assert 'GOT {"made": 42}' in log_of(second)


ORDERS = """
import boto3, json
events = boto3.client("events")

def lambda_handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        kind = "order accepted" if order["total"] <= 100 else "order refused"
        events.put_events(Entries=[{"Source": "my.shop", "DetailType": kind, "Detail": json.dumps(order)}])
"""
STORE = """
import boto3, json
sqs = boto3.client("sqs")

def lambda_handler(event, context):
    url = sqs.get_queue_url(QueueName="lab-stored")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"stored": event["detail"]["id"]}))
"""


def test_orders_go_from_the_queue_over_functions_and_events_into_the_store(make, wiring: Wiring):
    """AT-002-4"""
    orders, stored, refused = wiring.queue("lab-orders"), wiring.queue("lab-stored"), wiring.queue("lab-refused")
    wiring.map(orders, make("CheckOrder", ORDERS))
    pattern = {"source": ["my.shop"], "detail-type": ["order accepted"]}
    store = wiring.function_arn(make("StoreOrder", STORE))
    wiring.rule("lab-accepted", target=store, EventPattern=json.dumps(pattern))
    policy = {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": refused,
        }
    }
    wiring.sqs.set_queue_attributes(QueueUrl=wiring.url(refused), Attributes={"Policy": json.dumps(policy)})
    large = {"source": ["my.shop"], "detail": {"total": [{"numeric": [">", 100]}]}}
    wiring.rule("lab-too-large", target=refused, EventPattern=json.dumps(large))

    wiring.send(orders, {"id": 1, "total": 20})
    wiring.send(orders, {"id": 2, "total": 2000})

    assert wiring.receive(stored) == {"stored": 1}
    assert wiring.receive(refused)["detail"] == {"id": 2, "total": 2000}
