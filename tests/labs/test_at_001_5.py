"""Labs: one function calls another with the boto3 it finds installed, without and with waiting."""

import json

from tests.labs.conftest import everywhere, report, slide

pytestmark = everywhere

LISTENER = """
import json, time

def lambda_handler(event, context):
    time.sleep(3)
    print("heard " + json.dumps(event))
    return {"heard": event}
"""


def straightened(text: str) -> str:
    """What the editor offers to do with a slide's quotes."""
    return text.replace("‘", "'").replace("’", "'")


def caller(*, kind: str) -> str:
    """The slide's lines, its call in a handler: the slide itself has none."""
    imports, client, call = straightened(slide("at_001_5")).replace("'Event'", repr(kind)).strip().split("\n\n")
    return (
        f"{imports}\n{client}\n"
        f"def lambda_handler(event, context):\n"
        f"    answer = {call}\n"
        "    return {'StatusCode': answer['StatusCode'], 'Payload': answer['Payload'].read().decode()}\n"
    )


def test_pasted_with_its_curly_quotes_it_says_which_character_is_wrong(make, hand):
    answer = hand.invoke(make("Pasted", slide("at_001_5")))
    assert answer.function_error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.UserCodeSyntaxError"
    assert "invalid character '‘' (U+2018)" in answer.payload["errorMessage"]


def test_an_event_is_handed_over_and_not_waited_for(make, hand, log_of):
    make("ListenerLambda", LISTENER)
    answer = hand.invoke(make("CallerLambda", caller(kind="Event")))
    assert answer.payload == {"StatusCode": 202, "Payload": ""}
    heard = "\n".join(log_of("ListenerLambda"))
    assert 'heard {"file": "path"}' in heard
    assert report(answer.log)["Duration"] < report(heard)["Duration"]


def test_a_request_is_waited_for_and_both_are_billed(make, hand, log_of):
    make("ListenerLambda", LISTENER)
    answer = hand.invoke(make("CallerLambda", caller(kind="RequestResponse")))
    assert answer.payload["StatusCode"] == 200
    assert json.loads(answer.payload["Payload"]) == {"heard": {"file": "path"}}
    heard = "\n".join(log_of("ListenerLambda"))
    assert report(answer.log)["Billed Duration"] >= report(heard)["Billed Duration"] >= 3000
