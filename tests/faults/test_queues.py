"""Queues, their triggers and schedules while parts are killed: no message is lost, and each tick comes once."""

import pytest

from tests.faults.conftest import EVENTS, KILLS
from tests.faults.ledger import Ledger
from tests.faults.sources import Queue, Schedules
from tests.faults.test_kill import API, BEAT, REDIS, WORKER, kill
from tests.live import Live

pytestmark = [
    pytest.mark.live,
    pytest.mark.sandbox,
    pytest.mark.xdist_group("faults"),
]
SCHEDULES = max(20, EVENTS // 20)
VICTIMS = [(WORKER,), (REDIS,), (API,), (BEAT, WORKER)]


def test_every_message_reaches_its_function_and_leaves_the_queue_in_order_where_it_has_one(
    product: Live, ledger: Ledger
):
    """I6 and I7: the same is done to a standard queue and to one with groups."""
    queue, groups = Queue.make(product, "work"), Queue.make(product, "ordered.fifo")
    with groups.storm(EVENTS // 2) as in_order, queue.storm(EVENTS) as clients:
        for number in range(KILLS + 1):
            clients.reach((number + 0.5) / (KILLS + 1))
            kill(product, *VICTIMS[number % len(VICTIMS)])
    queue.check(ledger, clients)
    groups.check(ledger, in_order)


def test_every_schedule_fires_once_at_its_moment_whoever_is_killed(product: Live, ledger: Ledger):
    """I5."""
    schedules = Schedules.make(product, "rounds", SCHEDULES)
    for share, victims in ((0, (BEAT, WORKER)), (0.5, (REDIS, BEAT))):
        schedules.reach(ledger, share)
        kill(product, *victims)
    schedules.check(ledger)
