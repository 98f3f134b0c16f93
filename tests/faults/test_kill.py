"""kill -9 of each part of the product, amid 2,000 events and again and again: none is lost, none ends twice."""

import os
import signal

import pytest

from tests.faults.conftest import EVENTS, KILLS, named
from tests.faults.ledger import check
from tests.faults.machine import Ends
from tests.live import Live

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.databases, pytest.mark.xdist_group("faults")]

WORKER, API, CONSOLE, REDIS, BEAT = (
    "console worker",
    "console.asgi:api",
    "console.asgi:console",
    "redis-server",
    " beat ",
)


def kill(product: Live, *words: str) -> None:
    """kill -9 of these processes, all at once; returns when they are gone."""
    found = [product.process_with(word) for word in words]
    with Ends(found) as ends:
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        ends.wait()


VICTIMS = {"worker": (WORKER,), "web": (API, CONSOLE), "redis": (REDIS,)}
LONGER = {"beat and worker": (BEAT, WORKER), "nearly everything": (API, WORKER, REDIS)}


@pytest.mark.parametrize("victims", named(VICTIMS, LONGER))
def test_no_event_is_lost_when_it_is_killed_again_and_again(product, ledger, storm, victims):
    with storm() as clients:
        for number in range(KILLS):
            clients.reach((number + 0.5) / KILLS)
            kill(product, *victims)
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)


def test_a_function_at_its_limit_loses_nothing_and_never_runs_more_often_when_its_worker_is_killed(
    product, ledger, storm
):
    """I10: events that follow one another in a worker's hand are taken up by the next one."""
    with storm(EVENTS // 2, reserved=2) as clients:
        for number in range(KILLS):
            clients.reach((number + 1) / KILLS)
            kill(product, WORKER)
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function, reserved=2)
