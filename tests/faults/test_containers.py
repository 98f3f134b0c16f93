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
from tests.faults.test_sandboxes import TRIES, busy
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


def test_no_container_outlives_its_worker_by_more_than_a_second(product: Live):
    """One try in time shows it, see ``test_sandboxes.py``. When it is removed is the engine's affair: soon after."""
    took = []
    while not took or min(took) > 1:
        assert len(took) < TRIES, took
        took.append(time_to_end(product, f"asleep-{len(took)}"))
    print(f"containers had ended {took} s after their worker")


def time_to_end(live: Live, name: str) -> float:
    """Seconds from the death of a worker with many containers to the end of the last process in them."""

    def held() -> list[str]:
        return containers_with(str(live.data_dir))

    busy(live, name, lambda: len(held()))
    worker, before = live.process_with("console worker"), held()
    with machine.Ends(first_processes(before)) as ends:
        os.kill(worker, signal.SIGKILL)
        took = ends.wait()
    eventually(lambda: set(before) & set(held()), lambda left: not left, every_s=0.05)
    live.client("lambda").delete_function(FunctionName=name)  # what it was doing is not done again
    return round(took, 2)


def test_no_container_and_no_folder_is_left_when_all_is_stopped(product: Live):
    """I9."""
    assert product.stop() == 0
    assert containers_with(str(product.data_dir)) == []
    assert machine.folders(product) == set()
    product.start()
