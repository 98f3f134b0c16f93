"""What the labs share: a hand to do them with, the slides' code, and a look at the log."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.labs.hands import AwsCli, Boto3, Hand
from tests.live import Live, eventually

SLIDES = Path(__file__).parent / "slides"


@pytest.fixture(params=["boto3", "aws-cli"])
def hand(request: pytest.FixtureRequest, live: Live, tmp_path: Path) -> Hand:
    """The lab is done twice, once with each."""
    return Boto3(live) if request.param == "boto3" else AwsCli(live, tmp_path)


@pytest.fixture
def make(hand: Hand, live: Live) -> Iterator[Callable[..., str]]:
    """``make(name, code, …)`` creates a function that is gone with its log when the lab is over."""
    made: list[str] = []

    def create(name: str, code: str, **configuration: object) -> str:
        hand.create_function(name, code, **configuration)  # type: ignore[arg-type]
        made.append(name)
        return name

    yield create
    for name in made:
        hand.delete_function(name)
    logs = live.client("logs")
    for name in made:
        for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])


@pytest.fixture
def log_of(live: Live) -> Callable[..., list[str]]:
    """``log_of(name, runs=2)``: what is in the function's log group when so many runs are in it, oldest first."""
    client = live.client("logs")

    def read(name: str) -> list[str]:
        group = f"/aws/lambda/{name}"
        if not client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        return [event["message"].rstrip("\n") for event in client.filter_log_events(logGroupName=group)["events"]]

    def wait(name: str, *, runs: int = 1) -> list[str]:
        return eventually(lambda: read(name), lambda lines: sum(map(is_report, lines)) >= runs)

    return wait


def is_report(line: str) -> bool:
    return line.startswith("REPORT RequestId: ")


def slide(name: str) -> str:
    """Code to the letter as it stands on the slide, with what typesetting did to it."""
    return (SLIDES / f"{name}.py").read_text()


def report(log: str) -> dict[str, float]:
    """A REPORT line's figures: ``Duration``, ``Billed Duration``, ``Max Memory Used`` …; no Init without a cold start."""
    line = next(line for line in log.splitlines() if is_report(line))
    return {name: float(value) for name, value in re.findall(r"\t?([A-Z][A-Za-z ]+): ([\d.]+) (?:ms|MB)", line)}
