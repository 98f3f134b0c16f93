"""No sandbox outlives its worker."""

import os
import signal

import pytest

from tests.faults import machine
from tests.faults.conftest import make_function
from tests.faults.ledger import Ledger
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults")]
SLEEPS = "import time\ndef lambda_handler(event, context):\n    time.sleep(20)\n"
MANY = 8


def busy(live: Live, name: str) -> None:
    """Many sandboxes at work."""
    make_function(live, name, code=SLEEPS, timeout=60)
    for number in range(MANY):
        live.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=str(number).encode())
    ledger = Ledger(live)
    eventually(lambda: ledger.unsettled(name).get("running", 0), lambda number: number >= MANY)


def test_processes_of_sandboxes_end_with_their_worker(product: Live):
    """How soon depends on what else the machine does: it is printed; docs/reliability.md says what was seen."""
    worker = product.process_with("console worker")
    busy(product, "asleep")
    # each has a first process and the function's
    inside = eventually(lambda: machine.descendants(worker), lambda found: len(found) >= 2 * MANY)
    with machine.Ends(inside) as ends:
        os.kill(worker, signal.SIGKILL)
        print(f"{len(inside)} processes were gone {ends.wait():.2f} s after their worker")
    product.client("lambda").delete_function(FunctionName="asleep")  # what it was doing is not done again
