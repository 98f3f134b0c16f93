"""The fixed cast and the frozen clock, for every test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from accounts.models import Account
from accounts.services import create_account
from core import clock
from queues import meter, sweeping
from tests import groups, prepared
from tests.databases import on_postgresql
from tests.deployment import deployment
from tests.engine import engine_with_images, live_on_docker
from tests.live import Live

__all__ = ["deployment", "engine_with_images", "live_on_docker"]  # fixtures

# A property is true or not, however long a busy machine takes for it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A database for each process of the run, with the tables that the run has made once.

    SQLite's is in a file: one in memory cannot be shared with the threads of a live server without lock errors.
    """
    from django.db import connections

    database = connections.databases["default"]
    if on_postgresql():
        database["TEST"]["TEMPLATE"] = prepared.template()
        return
    directory: Path = tmp_path_factory.mktemp("database")
    prepared.copy_to(directory, static=False)
    database["TEST"]["NAME"] = str(directory / prepared.TABLES)
    database["OPTIONS"]["init_command"] = database["OPTIONS"]["init_command"].replace("FULL", "OFF")


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """SQLite's file has its tables already; it goes with its folder."""
    return not on_postgresql()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Threads that outlive their tests keep PostgreSQL from removing the database: their connections are cut.

    Django would store its own permissions and kinds of content again after each test that empties the tables; the
    product has no use for either.
    """
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db import connection
    from django.db.models.signals import post_migrate

    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = _delete_everything
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def _delete_everything(_style: object, tables: list[str], **_options: object) -> list[str]:
    """Statements that empty these tables; of so many small ones quicker than Django's TRUNCATE, which makes new files."""
    from django.db import connection

    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]


@pytest.fixture(autouse=True, scope="session")
def metrics_of_queues_wait() -> None:
    """No thread stores them behind a test's back; a test that reads them calls ``meter.flush``."""
    meter.EVERY_S = 86_400.0


@pytest.fixture(autouse=True)
def no_metrics_of_other_tests() -> None:
    """What earlier tests' queues did is of accounts that are gone, and their numbers may be another queue's now."""
    meter._waiting.clear()
    sweeping._reported.clear()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A request in another language leaves it behind on its thread; the next test begins in English all the same."""
    with translation.override("en"):
        yield


@pytest.fixture
def ada(db: None) -> Account:
    """An account that has things."""
    return create_account(slug="ada", name="Ada")


@pytest.fixture
def grace(db: None) -> Account:
    """A second account."""
    return create_account(slug="grace", name="Grace")


@pytest.fixture
def mallory(db: None) -> Account:
    """An account that wants to see what belongs to others."""
    return create_account(slug="mallory", name="Mallory")


@pytest.fixture
def frozen_clock() -> Iterator[clock.Frozen]:
    """The clock stands at ``NOON``; ``advance(seconds=…)`` moves it."""
    with clock.frozen(NOON) as frozen:
        yield frozen


@pytest.fixture
def broken_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it has the next commit done and its connection broken before anybody hears of it: the server was killed."""
    commit = BaseDatabaseWrapper.commit

    def commit_and_break(self: BaseDatabaseWrapper) -> None:
        monkeypatch.setattr(BaseDatabaseWrapper, "commit", commit)
        commit(self)
        raise OperationalError("the server closed the connection unexpectedly")

    return lambda: monkeypatch.setattr(BaseDatabaseWrapper, "commit", commit_and_break)


@pytest.fixture(scope="session")
def product() -> Iterator[Live]:
    """The whole product, started once in each process of a run."""
    with Live() as running:
        yield running


@pytest.fixture(scope="session")
def live(product: Live) -> Live:
    """The whole product; all tests with it share its account, so they use names of their own."""
    return product


@pytest.fixture(autouse=True)
def second_try_begins_afresh(request: pytest.FixtureRequest) -> None:
    """A product in which the first try left its functions, or its trouble, would fail the second as well."""
    if getattr(request.node, "execution_count", 1) < 2:
        return
    names = {"live", "product", "live_on_docker"} & set(request.fixturenames)
    running = {id(found): found for found in map(request.getfixturevalue, names) if isinstance(found, Live)}
    for product in running.values():
        product.start_afresh()


def pytest_runtest_setup(item: pytest.Item) -> None:
    groups.before(item)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    groups.after(item, nextitem)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Everything that uses a running product is ``live``.

    What drives other programs (a browser, an engine, the whole product) gets a second try, which the summary counts:
    such a test may meet a machine that stalls. A test of our own code alone has no such excuse.

    Groups are joined before anybody reads them, and put in order after everybody else has put tests in theirs.
    """
    for item in items:
        if {"live", "product", "place", "deployment"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)
        if any(item.get_closest_marker(name) for name in ("live", "browser", "engine", "clients")):
            item.add_marker(pytest.mark.flaky(reruns=1))
        groups.join(item)
    yield
    items.sort(key=groups.order)
