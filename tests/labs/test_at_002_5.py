"""Lab: code that two functions share in a layer, and the limits that the slide names."""

import pytest

from tests.labs.conftest import everywhere
from tests.labs.hands import Refused

pytestmark = everywhere

USES_LAYER = """
from greetings import greet

def lambda_handler(event, context):
    return greet(context.function_name)
"""
LAYER = {"python/greetings.py": b"def greet(name):\n    return 'hello from ' + name\n"}


def test_a_layer_uploaded_once_serves_two_functions(make, hand):
    layer = hand.publish_layer("greetings", LAYER)
    first, second = (make(name, USES_LAYER, layers=[layer]) for name in ("layered-one", "layered-two"))
    assert hand.invoke(first).payload == "hello from layered-one"
    assert hand.invoke(second).payload == "hello from layered-two"


def test_a_sixth_layer_is_refused(make, hand):
    layers = [hand.publish_layer(f"layer-{number}", LAYER) for number in range(6)]
    with pytest.raises(Refused, match=r"InvalidParameterValueException.*more than 5 layers"):
        make("layered", USES_LAYER, layers=layers)


def test_a_layer_over_the_unzipped_limit_is_refused(hand):
    with pytest.raises(Refused, match=r"InvalidParameterValueException.*smaller than 262144000 bytes"):
        hand.publish_layer("too-large", {"python/zeros.bin": bytes(262_144_001)})
