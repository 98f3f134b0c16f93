"""Lab: the first call is slow, the second is fast, and after a rest the next is slow again."""

from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """One in which what rests is soon gone."""
    with Live(ENVIRONMENT_IDLE_S="6") as running:
        yield running


@pytest.mark.xdist_group("live")
@pytest.mark.parametrize("by", ["boto3", "aws-cli"])
def test_a_cold_start_is_paid_for_once_until_the_environment_is_gone(by: str, live: Live, tmp_path: Path):
    hand = Boto3(live) if by == "boto3" else AwsCli(live, tmp_path)
    name = f"cold-{by}"
    hand.create_function(name, SLOW_TO_LOAD)
    first, second = (report(hand.invoke(name).log) for _ in range(2))
    assert first["Init Duration"] >= 500
    assert "Init Duration" not in second
    assert second["Duration"] < first["Init Duration"]
    rested = eventually(lambda: report(hand.invoke(name).log), lambda seen: "Init Duration" in seen, every_s=12)
    assert rested["Init Duration"] >= 500
