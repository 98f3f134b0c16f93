"""Death at the worst moments: every life of a process ends at the same place, until the work is done."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import EVENTS, hurtable, make_function
from tests.faults.ledger import Ledger, check
from tests.faults.storm import Storm
from tests.live import Live

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-failpoints")]

# Where, and at which pass: so that 2,000 events meet it a few times, each time in the middle of something.
POINTS = {
    "accept-bell": EVENTS // 3,  # the endpoint: accepted, and nobody told
    "claim-start": EVENTS // 8,  # the worker: claimed, and nothing begun
    "answer-commit": EVENTS // 8,  # the worker: the function has answered, and nothing is written
    "delivery-commit": EVENTS // 3,  # the worker: the destination has its event, and nothing is committed
}


@pytest.fixture(scope="module")
def product() -> Iterator[Live]:
    running = hurtable()
    yield running
    running.remove()


@pytest.fixture(params=POINTS)
def fatal(product: Live, request: pytest.FixtureRequest) -> Iterator[str]:
    """The product runs, and dies at this point."""
    product.environment["PUPITRE_FAIL_AT"] = f"{request.param}:{POINTS[request.param]}"
    product.start()
    yield request.param
    product.stop()


def test_no_event_is_lost_and_none_ends_twice_when_a_process_dies_there(product, fatal):
    ledger = Ledger(product)
    listener = f"{fatal}-listener" if fatal == "delivery-commit" else ""
    function = make_function(product, fatal, tells=listener)
    with Storm(product, function, count=EVENTS) as storm:
        storm.reach(1)
    ledger.settle(function, *filter(None, [listener]))
    verdict = check(ledger, storm.history, function, listener=listener)
    assert product.said.count("ended with exit code 86"), "nobody died"
    print(fatal, product.said.count("ended with exit code 86"), "deaths;", verdict)
