"""What the labs share: a hand to do them with, the slides' code, and a look at the log."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.labs.hands import AwsCli, Boto3, Hand
from tests.labs.wiring import wiring  # noqa: F401
from tests.live import Reachable, eventually

SLIDES = Path(__file__).parent / "slides"


# Where a lab is done, and by which hand: twice on this machine's sandboxes, and where its module says so, with
# containers and in the deployment of compose.yaml as well.
PLACES = {
    "boto3": ("product", Boto3),
    "aws-cli": ("product", AwsCli),
    "docker": ("live_on_docker", Boto3),
    "compose": ("deployment", Boto3),
}
MARKS = {
    "boto3": [pytest.mark.databases],
    "docker": [pytest.mark.engine, pytest.mark.xdist_group("docker")],
    "compose": [pytest.mark.engine, pytest.mark.xdist_group("compose")],
}
HERE = ("boto3", "aws-cli")
everywhere = pytest.mark.places(*PLACES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each lab is a test for each place of its mark ``places``."""
    if "place" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("places")
        names = mark.args if mark else HERE
        params = [pytest.param(name, marks=MARKS.get(name, [])) for name in names]
        metafunc.parametrize("place", params, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """One of ``PLACES``."""
    return str(request.param)


@pytest.fixture
def live(request: pytest.FixtureRequest, place: str) -> Reachable:
    """The product of this place."""
    found: Reachable = request.getfixturevalue(PLACES[place][0])
    return found


@pytest.fixture
def hand(place: str, live: Reachable, tmp_path: Path) -> Hand:
    """The hand of this place."""
    return AwsCli(live, tmp_path) if PLACES[place][1] is AwsCli else Boto3(live)


@pytest.fixture
def make(hand: Hand, live: Reachable) -> Iterator[Callable[..., str]]:
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
def log_of(live: Reachable) -> Callable[..., list[str]]:
    """``log_of(name, runs=2)``: what is in the function's log group when so many runs are in it, oldest first."""
    client = live.client("logs")

    def read(name: str) -> list[str]:
        group = f"/aws/lambda/{name}"
        if not client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        return [event["message"].rstrip("\n") for event in client.filter_log_events(logGroupName=group)["events"]]

    def wait(name: str, *, runs: int = 1, within_s: float = 60) -> list[str]:
        return eventually(lambda: read(name), lambda lines: sum(map(is_report, lines)) >= runs, within_s=within_s)

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
