"""Everything is down and comes up again; or there is more of something than there should be."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.faults import machine
from tests.faults.conftest import EVENTS
from tests.faults.ledger import check, most_at_once
from tests.live import ROOT, Live

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults")]


@pytest.fixture
def seconds(product: Live) -> Iterator[None]:
    """A second worker and a second beat, which nobody meant to start."""
    options = ("--schedule", str(product.data_dir / "second"), "--pidfile", "")
    commands = (
        product.command("run", "worker"),
        (sys.executable, "-m", "celery", "--app", "console", "beat", *options),
    )
    started = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=product.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    yield
    for process in started:
        assert process.poll() is None, "it ended before its time"
        process.terminate()
    for process in started:
        process.wait(60)


def test_what_was_accepted_before_everything_went_down_is_done_afterwards(product, ledger, storm):
    with storm() as clients:
        clients.reach(0.5)
        product.process.kill()
        product.process.wait()
        product.start()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)


def test_nothing_is_left_on_the_machine_when_all_is_done_and_stopped(product, ledger, storm):
    """I9: no process, no control group, no folder without a sandbox that lives."""
    with storm(EVENTS // 10) as clients:
        pass
    ledger.settle(clients.function)
    worker = product.process_with("console worker")
    inside = machine.descendants(worker)
    assert inside and (machine.groups(product) or not machine.may_use_groups())
    assert product.stop() == 0
    assert not machine.living(inside)
    assert (product.processes(), machine.groups(product), machine.folders(product)) == ({}, set(), set())
    product.start()


def test_two_workers_and_two_beats_share_the_work_and_a_reserved_concurrency(product, seconds, ledger, storm):
    """F13, and I10: never more at once than the function may."""
    with storm(EVENTS // 2, reserved=3) as clients:
        pass
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function, reserved=3)
    assert most_at_once(ledger.executions(clients.function)) > 1
