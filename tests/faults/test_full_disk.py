"""The disk fills up (F8): clients are told, nothing that was accepted is lost, and it goes on when there is room."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import answers, hurtable
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
    with storm() as clients:
        clients.reach(0.1)
        use_up_what_the_database_has(product)
        fill(filler)
        refused = clients.history.count(Outcome.INFO)
        try:
            eventually(lambda: clients.history.count(Outcome.INFO), lambda number: number > refused + 5, within_s=240)
        finally:
            filler.unlink()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)


def use_up_what_the_database_has(live: Live) -> None:
    """SQLite's log is emptied: else it would have room in it for many more events."""
    with contextlib.closing(sqlite3.connect(live.data_dir / "pupitre.sqlite3", timeout=30)) as connection:
        eventually(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0], lambda busy: busy == 0)


def fill(file: Path) -> None:
    """Until there is no room for another byte."""
    with file.open("wb", buffering=0) as filler:
        disk = os.statvfs(file)
        with contextlib.suppress(OSError):  # somebody has taken some of it meanwhile
            os.posix_fallocate(filler.fileno(), 0, max(1, disk.f_bavail * disk.f_frsize - 2**20))
        filler.seek(0, os.SEEK_END)
        for size in (2**16, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue
