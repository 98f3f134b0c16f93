"""Containers end with their worker; and the broker, which makes them, may be killed like everything else."""

import os
import signal
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.engine import containers_with, engine_with_images, first_processes
from tests.faults import machine
from tests.faults.conftest import EVENTS, KILLS, answers, hurtable, make_function
from tests.faults.ledger import Ledger, check
from tests.faults.storm import Storm
from tests.faults.test_kill import kill
from tests.faults.test_sandboxes import MANY, busy
from tests.live import Live, eventually

__all__ = ["engine_with_images"]
pytestmark = [
    pytest.mark.live,
    pytest.mark.sandbox,
    pytest.mark.engine,
    pytest.mark.xdist_group("faults-containers"),
]


@pytest.fixture(scope="module")
def product(engine_with_images: None) -> Iterator[Live]:
    with hurtable(SANDBOX_DRIVER="docker", ENGINE_URL=settings.ENGINE_URL) as running:
        yield running


def test_no_event_is_lost_when_the_broker_is_killed_again_and_again(product: Live, ledger: Ledger):
    function = make_function(product, "contained")
    with Storm(product, function, count=EVENTS) as clients:
        for number in range(KILLS):
            clients.reach((number + 0.5) / KILLS)
            kill(product, "manage.py broker")
    ledger.settle(function)
    check(ledger, clients.history, function)
    answers(product, function)


def with_functions(live: Live) -> list[int]:
    """The first processes of those containers in which something else runs."""
    return [pid for pid in first_processes(containers_with(str(live.data_dir))) if machine.descendants(pid)]


def test_containers_end_with_their_worker(product: Live):
    """What runs in them, at once; one that is only being started ends when the engine is through with that."""
    busy(product, "asleep")
    worker = product.process_with("console worker")
    at_work = eventually(lambda: with_functions(product), lambda found: len(found) >= MANY)
    held = containers_with(str(product.data_dir))
    with machine.Ends(at_work) as theirs, machine.Ends(first_processes(held)) as everybodys:
        os.kill(worker, signal.SIGKILL)
        took = theirs.wait()
        print(f"{len(at_work)} containers with functions had ended {took:.2f} s after their worker,", end=" ")
        print(f"all {len(held)} after {took + everybodys.wait():.2f} s")
    eventually(lambda: set(held) & set(containers_with(str(product.data_dir))), lambda left: not left)
    product.client("lambda").delete_function(FunctionName="asleep")  # what it was doing is not done again


def test_no_container_and_no_folder_is_left_when_all_is_stopped(product: Live):
    """I9."""
    assert product.stop() == 0
    assert containers_with(str(product.data_dir)) == []
    assert machine.folders(product) == set()
    product.start()
