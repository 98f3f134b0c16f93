"""Lab: the IoT button. What it sends goes through a function to whoever listens."""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from console import linting
from tests.labs.conftest import slide
from tests.labs.wiring import Wiring

pytestmark = pytest.mark.places("boto3")

CLICK = {"serialNumber": "G030JF055364XVRB", "batteryVoltage": "1582mV", "clickType": "SINGLE"}
LISTENER = "def lambda_handler(event, context): print('HEARD ' + event['Records'][0]['Sns']['Message'])"
# What is missing on the slide itself: the end of a line that it cuts off, a space of an indent, and two brackets.
CUT_OFF = (
    (r" *return \[1 for .*", "    return [ip for ip in socket.gethostbyname_ex(socket.gethostname())[2]]"),
    (r"   xevent = ", "    xevent = "),
    (r"event\['clickType'\]", "event['clickType']\n    }"),
    (r"payload=json.dumps\(xevent\)", "payload=json.dumps(xevent)\n    )"),
)
# The lab's broker for things is another service; a topic stands where it is published.
BY_TOPIC = (
    (r"boto3\.client\('iot-data'.*\)", "boto3.client('sns')"),
    (r"topic='iotprocessed',\n", "TopicArn=os.environ['TOPIC'],\n"),
    (r" *qos=1,\n", ""),
    (r"payload=json", "Message=json"),
    (r"^import boto3", "import os, boto3"),
)


def problems_of(text: str):
    return linting.problems(
        path="lambda_function.py",
        text=text,
        runtime="python3.12",
        handler="lambda_function.lambda_handler",
        account_id="111122223333",
    )


def put_right(text: str) -> str:
    """With every button pressed that the editor offers for what does not compile."""
    for _press in range(5):
        with ThreadPoolExecutor(1) as apart:  # a browser of this process has the event loop of its thread
            found = apart.submit(asyncio.run, problems_of(text)).result()
        fixes = [problem.fix for problem in found if problem.severity == "error" and problem.fix]
        if not fixes:
            break
        text = fixes[0].text
    return text


def replaced(text: str, table) -> str:
    for pattern, replacement in table:
        text, count = re.subn(pattern, lambda _, to=replacement: to, text)
        assert count == 1, pattern
    return text


def test_a_click_goes_through_the_slides_function_to_whoever_listens(make, hand, wiring: Wiring, live, log_of):
    """AT-003-2, as far as it exists: the slide's Python 2 with its lost underscores, put right by the editor's buttons;
    the event of the button, sent as a rule sends it; the function's own event, published and returned. The slide
    publishes by ``iot-data`` to browsers (AT-003-3); here a topic and a second function stand in for those.
    """
    topic = wiring.topic("iotprocessed")
    wiring.subscribe(topic, make("ButtonListener", LISTENER))
    code = replaced(replaced(put_right(slide("at_003_2")), CUT_OFF), BY_TOPIC)
    make("IotButton", code, variables={"TOPIC": topic})

    answer = hand.invoke("IotButton", CLICK)
    assert answer.function_error == "", answer.payload
    assert repr(CLICK) in answer.log  # print event
    hand.invoke("IotButton", CLICK | {"clickType": "DOUBLE"}, kind="Event")

    lines = log_of("ButtonListener", runs=2)
    heard = [json.loads(line.removeprefix("HEARD ")) for line in lines if line.startswith("HEARD ")]
    assert {one["clickType"] for one in heard} == {"SINGLE", "DOUBLE"}
    assert answer.payload in heard
    assert set(answer.payload) == {"title", "timestamp", "ipAddress", *CLICK}
    assert answer.payload["title"] == "Demo event assembled by lambda python function"
    assert answer.payload["timestamp"].endswith("Z")
    datetime.fromisoformat(answer.payload["timestamp"])
    assert answer.payload["ipAddress"]


def test_publishing_by_a_service_that_is_not_here_is_said_so(make, hand):
    """AT-003-2: its last step is of a service that this product does not have, and the error says that."""
    answer = hand.invoke(make("IotData", replaced(put_right(slide("at_003_2")), CUT_OFF)), CLICK)
    assert answer.function_error == "Unhandled"
    assert "iot" in answer.payload["errorMessage"].lower()
