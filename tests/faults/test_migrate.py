"""The tables are being made, or changed, when the process is killed: the next start goes on where it came to."""

import sqlite3
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.ledger import Ledger
from tests.live import ROOT, Live, eventually

pytestmark = [pytest.mark.databases]
KILLED_AFTER = (3, 20)  # so many migrations


@pytest.fixture
def fresh() -> Iterator[Live]:
    """A product that never ran."""
    made = Live(from_nothing=True)
    yield made
    made.remove()


def applied(ledger: Ledger) -> int:
    """How many migrations are done, as the database says."""
    try:
        return int(ledger.rows("SELECT count(*) FROM django_migrations")[0][0])
    except (sqlite3.Error, psycopg.Error):  # there is none yet
        return 0


def test_migrations_that_are_killed_again_and_again_are_finished_by_the_next_start(fresh: Live):
    ledger = Ledger(fresh)
    for count in KILLED_AFTER:
        migrating = subprocess.Popen(
            fresh.command("migrate"), cwd=ROOT, env=fresh.environment, stdout=subprocess.DEVNULL
        )
        eventually(lambda: applied(ledger), lambda number, enough=count: number >= enough, every_s=0.002)
        migrating.kill()
        assert migrating.wait() == -9
    fresh.manage("migrate")
    assert "No planned migration operations." in fresh.manage("migrate", "--plan")
    assert applied(ledger) > max(KILLED_AFTER)
