"""The disk fills up (F8): clients are told, nothing that was accepted is lost, and it goes on when there is room."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.faults.conftest import EVENTS, answers, hurtable
from tests.faults.history import Outcome
from tests.faults.ledger import check
from tests.live import Live, eventually

pytestmark = [
    pytest.mark.live,
    pytest.mark.sandbox,
    pytest.mark.xdist_group("faults-full-disk"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
]


@pytest.fixture(scope="module")
def product() -> Iterator[Live]:
    """Its data lies on a disk of 96 MB."""
    running = hurtable()
    small = ("mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "tmpfs", str(running.data_dir))
    if subprocess.run(small, capture_output=True).returncode:
        running.remove()
        pytest.skip("a small disk cannot be mounted here")
    try:
        running.start()
        yield running
        running.stop()
    finally:
        subprocess.run(("umount", "-l", str(running.data_dir)), check=True)
        running.remove()


def test_no_event_is_lost_when_the_disk_is_full_for_a_while(product, ledger, storm):
    filler = product.data_dir / "filler"
    with storm(EVENTS // 4) as clients:
        clients.reach(0.3)
        fill(filler)
        refused = clients.history.count(Outcome.INFO)
        try:  # what SQLite has room for in the files it has is accepted still
            eventually(
                lambda: clients.is_done or clients.history.count(Outcome.INFO) > refused + 10, bool, within_s=240
            )
        finally:
            filler.unlink()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)


def fill(file) -> None:
    """Write until there is no room for another byte."""
    with file.open("wb", buffering=0) as filler:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue
