"""Lab: the first call is slow, the second is fast, and after a rest the next is slow again."""

from pathlib import Path

import pytest

from tests.labs.conftest import report
from tests.labs.hands import AwsCli, Boto3
from tests.live import Live, eventually

SLOW_TO_LOAD = """
import time
time.sleep(0.5)

def lambda_handler(event, context):
    return "ready"
"""


@pytest.mark.xdist_group("live")
@pytest.mark.live
@pytest.mark.parametrize("by", ["boto3", "aws-cli"])
def test_a_cold_start_is_paid_for_once_until_the_environment_is_gone(by: str, tmp_path: Path):
    with Live(ENVIRONMENT_IDLE_S="6") as live:
        hand = Boto3(live) if by == "boto3" else AwsCli(live, tmp_path)
        hand.create_function("cold", SLOW_TO_LOAD)
        first, second = (report(hand.invoke("cold").log) for _ in range(2))
        assert first["Init Duration"] >= 500
        assert "Init Duration" not in second
        assert second["Duration"] < first["Init Duration"]
        rested = eventually(lambda: report(hand.invoke("cold").log), lambda seen: "Init Duration" in seen, every_s=9)
        assert rested["Init Duration"] >= 500
