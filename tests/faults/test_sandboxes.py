"""No sandbox outlives its worker."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults import machine
from tests.faults.conftest import make_function
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults")]
SLEEPS = "import time\ndef lambda_handler(event, context):\n    time.sleep(20)\n"
MANY = 8


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
    product.client("lambda").delete_function(FunctionName="asleep")  # what it was doing is not done again
