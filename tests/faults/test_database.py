"""PostgreSQL is killed, restarted, or refuses connections, amid 2,000 events: none is lost, none ends twice."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from scripts import private_postgres
from scripts.private_postgres import Cluster
from tests.faults.conftest import EVENTS, KILLS, answers, hurtable
from tests.faults.history import Outcome
from tests.faults.ledger import check
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-database")]
CONNECTIONS = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """It writes as in earnest: what it has acknowledged is on the disk."""
    if private_postgres.programs() is None:
        pytest.skip(private_postgres.HOW_TO_INSTALL)
    with Cluster(fsync="on", synchronous_commit="on", max_connections=str(CONNECTIONS)) as made:
        yield made


@pytest.fixture(scope="module")
def product(cluster: Cluster) -> Iterator[Live]:
    running = hurtable()
    running.environment |= cluster.environment()
    with running:
        yield running


def test_no_event_is_lost_when_postgresql_is_killed_again_and_again(product, cluster, ledger, storm):
    with storm() as clients:
        for number in range(KILLS):
            clients.reach((number + 0.5) / KILLS)
            cluster.kill()
            cluster.start()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)


def test_no_event_is_lost_when_postgresql_is_restarted(product, cluster, ledger, storm):
    with storm(EVENTS // 4) as clients:
        clients.reach(0.5)
        cluster.stop()
        cluster.start()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)


def test_no_event_is_lost_when_every_connection_is_cut(product, ledger, storm):
    with storm(EVENTS // 4) as clients:
        for number in range(5):
            clients.reach((number + 0.5) / 5)
            ledger.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)


def test_no_event_is_lost_when_postgresql_has_no_connection_left(product, cluster, ledger, storm):
    """Somebody else holds all there are: the product says so to its clients, and goes on when there are some again."""
    with storm(EVENTS // 4) as clients:
        clients.reach(0.3)
        with all_connections(cluster):
            before = clients.history.count(Outcome.INFO)
            eventually(lambda: clients.history.count(Outcome.INFO), lambda number: number > before + 5)
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)


@contextlib.contextmanager
def all_connections(cluster: Cluster) -> Iterator[None]:
    """Cut those of others and take every one there is."""
    held: list[psycopg.Connection] = []
    wanted = {"host": str(cluster.folder), "user": "pupitre", "dbname": "pupitre"}
    try:
        while len(held) < CONNECTIONS:
            with contextlib.suppress(psycopg.OperationalError):
                held.append(psycopg.connect(**wanted, autocommit=True))
            held[0].execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> ALL(%s)",
                ([one.info.backend_pid for one in held],),
            )
        yield
    finally:
        for one in held:
            one.close()
