"""Death at the worst moments: a process ends there, and at length the next one at the same place, and the next."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import AT_LENGTH, EVENTS, fail_at, make_function
from tests.faults.ledger import Ledger, check, check_dead_letters
from tests.faults.sources import Queue, Schedules
from tests.faults.storm import Storm
from tests.live import Live

pytestmark = [
    pytest.mark.live,
    pytest.mark.sandbox,
    pytest.mark.xdist_group("faults"),
]

type Do = Callable[[Live, Ledger, str], None]

DIED, DEATHS = "ended with exit code 86", 5 if AT_LENGTH else 1
FAILS = "def lambda_handler(event, context):\n    raise ValueError('no')\n"


def events(product: Live, ledger: Ledger, name: str) -> None:
    """Asynchronous invocations."""
    _events(product, ledger, name, "")


def deliveries(product: Live, ledger: Ledger, name: str) -> None:
    """Asynchronous invocations of whose ends a listener hears."""
    _events(product, ledger, name, f"{name}-listener")


def _events(product: Live, ledger: Ledger, name: str, listener: str) -> None:
    function = make_function(product, name, tells=listener)
    with Storm(product, function, count=EVENTS) as storm:
        storm.reach(1)
    ledger.settle(function, *filter(None, [listener]))
    check(ledger, storm.history, function, listener=listener)


def dead_letters(product: Live, ledger: Ledger, name: str) -> None:
    """Asynchronous invocations of a function that always fails, and a queue for those."""
    url = product.client("sqs").create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = product.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    function, lambda_ = make_function(product, f"{name}-fails", code=FAILS), product.client("lambda")
    lambda_.update_function_configuration(FunctionName=function, DeadLetterConfig={"TargetArn": arn})
    lambda_.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    with Storm(product, function, count=EVENTS) as storm:
        storm.reach(1)
    ledger.settle(function)
    check_dead_letters(ledger, storm.history, function, queue=f"{name}-dead")


def messages(product: Live, ledger: Ledger, name: str) -> None:
    """A queue that is drained."""
    queue = Queue.make(product, name)
    with queue.storm(EVENTS) as storm:
        storm.reach(1)
    queue.check(ledger, storm)


def ticks(product: Live, ledger: Ledger, name: str) -> None:
    """Schedules that come round."""
    Schedules.make(product, name, max(20, EVENTS // 20)).check(ledger)


# What is done there, and at which pass of the point a process dies: in the middle, and after it has achieved something.
POINTS: dict[str, tuple[Do, int]] = {
    "accept-bell": (events, EVENTS // 3),  # the endpoint: accepted, and nobody told
    "claim-start": (events, EVENTS // 20),  # the worker: claimed, and nothing begun
    "answer-commit": (events, EVENTS // 25),  # the worker: the function has answered, and nothing is written
    "delivery-commit": (deliveries, EVENTS // 3),  # the worker: the destination has its event, and nothing is committed
    "drain-delete": (messages, EVENTS // 40),  # the worker: the function has had its messages, and they are still there
    "fire-commit": (ticks, 2),  # the worker: ticks are recorded, and nothing is committed
    "deliver-commit": (ticks, 2),  # the worker: what ticks set off is handed over, and nothing is committed
}
DEAD_LETTERS = {"delivery-commit": (dead_letters, EVENTS // 3)}  # the same for what failed


def named(points: dict[str, tuple[Do, int]], suffix: str = "") -> list[Any]:
    return [pytest.param((name, *what), id=name + suffix) for name, what in points.items()]


@pytest.mark.parametrize("fatal", named(POINTS) + named(DEAD_LETTERS, "-of-dead-letters"))
def test_nothing_is_lost_and_nothing_done_twice_when_a_process_dies_there(product: Live, ledger: Ledger, fatal):
    point, do, nth = fatal
    before = product.said.count(DIED)
    fail_at(product).write_text(f"{point}:{nth}:{DEATHS}")
    do(product, ledger, f"{do.__name__}-{point}".replace("_", "-"))
    deaths = product.said.count(DIED) - before
    print(point, deaths, "deaths")
    assert deaths, "nobody died"
