"""Lab: one function, whoever calls it."""

from pathlib import Path

import pytest

from tests.labs.conftest import slide
from tests.labs.hands import AwsCli, Boto3
from tests.live import Reachable


@pytest.mark.places("aws-cli", "docker", "compose")
def test_the_sdk_and_the_command_line_call_the_same_function(make, live: Reachable, tmp_path: Path):
    name = make("for-everybody", slide("at_000_1"), variables={"foo": "bar"})
    answers = [hand.invoke(name, {"key1": "value1"}) for hand in (Boto3(live), AwsCli(live, tmp_path))]
    assert [(answer.status, answer.payload) for answer in answers] == [(200, "value1")] * 2
