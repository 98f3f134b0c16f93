"""A product to hurt, with a function that does next to nothing."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger
from tests.faults.storm import Storm
from tests.labs.hands import Boto3
from tests.live import Live, eventually

EVENTS = int(os.environ.get("FAULT_EVENTS", "200"))  # of each fault; `make faults` has 2,000 and `make soak` more
KILLS = int(os.environ.get("FAULT_KILLS", "2"))
AT_LENGTH = EVENTS >= 2000
LEASE_S = "5"  # so that what a killed worker held is taken up again soon

HANDLER = "def lambda_handler(event, context):\n    return None\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The verbs of their own name a number of events; there, all that can run on both databases."""
    if "FAULT_EVENTS" not in os.environ:
        return
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if item.path.parent.name == "faults" and group and group.args[0] in ("faults", "faults-messenger"):
            item.add_marker(pytest.mark.databases)


def named(always: dict[str, Any], at_length: dict[str, Any]) -> list[Any]:
    """Parameters by name; the second ones only at length."""
    return [pytest.param(value, id=name) for name, value in (always | (at_length if AT_LENGTH else {})).items()]


def hurtable(**settings: str) -> Live:
    """A product of one's own, not yet started."""
    made = Live(EVENT_LEASE_S=LEASE_S, WORKER_CONCURRENCY="16", PRESTARTED_ENVIRONMENTS="1", **settings)
    made.environment["PUPITRE_FAIL_AT"] = str(fail_at(made))
    return made


def fail_at(live: Live) -> Path:
    """The file that says where a process dies, see ``core.failpoints``."""
    return live.data_dir / "fail-at"


@pytest.fixture(scope="package")
def product() -> Iterator[Live]:
    """One for all the faults that need no other, on the database of this run."""
    with hurtable() as running:
        yield running


@pytest.fixture
def ledger(product: Live) -> Ledger:
    return Ledger(product)


@pytest.fixture
def storm(product: Live) -> Callable[..., Storm]:
    """``storm()``: events to a function of this test's own."""

    def make(count: int = EVENTS, **settings: object) -> Storm:
        name = f"f{secrets.token_hex(4)}"
        return Storm(product, make_function(product, name, **settings), count=count)

    return make


def make_function(
    live: Live, name: str, *, code: str = HANDLER, timeout: int = 30, reserved: int | None = None, tells: str = ""
) -> str:
    """A function; ``tells``: another one that hears of each of its successes."""
    hand = Boto3(live)
    hand.create_function(name, code, timeout=timeout)
    if reserved is not None:
        hand.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    if tells:
        hand.create_function(tells, HANDLER)
        arn = hand.client.get_function(FunctionName=tells)["Configuration"]["FunctionArn"]
        hand.client.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
    return name


def answers(live: Live, function: str) -> None:
    """A caller who waits is answered again: after the patience of the calls that were lost at the latest."""
    hand = Boto3(live)

    def ask() -> object:
        try:
            return hand.invoke(function, {"n": -1}).status
        except Exception as error:  # whatever a client meets meanwhile
            return error

    eventually(ask, lambda said: said == 200, within_s=180, every_s=0.2)
