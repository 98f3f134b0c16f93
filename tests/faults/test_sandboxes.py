"""No sandbox outlives its worker; and the broker, which makes the containers, may be killed like everything else."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from tests.engine import containers_with, engine_with_images
from tests.faults import machine
from tests.faults.conftest import EVENTS, KILLS, answers, hurtable, make_function
from tests.faults.ledger import check
from tests.live import Live, eventually

__all__ = ["engine_with_images"]
pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-sandboxes")]
SLEEPS = "import time\ndef lambda_handler(event, context):\n    time.sleep(20)\n"
MANY = 8


@pytest.fixture(scope="module")
def on_docker(engine_with_images: None) -> Iterator[Live]:
    with hurtable(SANDBOX_DRIVER="docker", ENGINE_URL=settings.ENGINE_URL) as running:
        yield running


def busy(live: Live, name: str, sandboxes: Callable[[], int]) -> None:
    """Many sandboxes at work."""
    make_function(live, name, code=SLEEPS, timeout=60)
    for number in range(MANY):
        live.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=str(number).encode())
    eventually(sandboxes, lambda number: number >= MANY, within_s=120)


def test_processes_of_bubblewrap_end_with_their_worker(product: Live):
    worker = product.process_with("console worker")
    busy(product, "asleep", lambda: sum("bwrap" in name for name in machine.descendants(worker).values()))
    inside = machine.descendants(worker)
    os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: machine.living(inside), lambda left: not left, every_s=0.01)
    print(f"{len(inside)} processes were gone {time.monotonic() - killed:.2f} s after their worker")


@pytest.mark.engine
def test_containers_end_with_their_worker(on_docker: Live):
    held = lambda: containers_with(str(on_docker.data_dir))  # noqa: E731
    busy(on_docker, "asleep", lambda: len(held()))
    worker = on_docker.process_with("console worker")
    before = set(held())
    os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: before & set(held()), lambda left: not left, every_s=0.02)
    print(f"{len(before)} containers were gone {time.monotonic() - killed:.2f} s after their worker")


@pytest.mark.engine
def test_no_event_is_lost_when_the_broker_is_killed_again_and_again(on_docker: Live):
    from tests.faults.ledger import Ledger
    from tests.faults.storm import Storm

    ledger, function = Ledger(on_docker), make_function(on_docker, "contained")
    with Storm(on_docker, function, count=EVENTS) as clients:
        for number in range(KILLS):
            clients.reach((number + 0.5) / KILLS)
            kill(on_docker.process_with("manage.py broker"))
    ledger.settle(function)
    print(check(ledger, clients.history, function))
    answers(on_docker, function)
    assert on_docker.stop() == 0
    assert containers_with(str(on_docker.data_dir)) == []  # I9
    assert machine.folders(on_docker) == set()
    on_docker.start()


def kill(pid: int) -> None:
    end = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([end], [], [], 30)
    os.close(end)
