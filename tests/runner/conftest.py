"""A Redis of its own, functions made by the services, and an engine over environments that are fakes."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from accounts.models import Account
from core import arns, clock, redis
from functions import archives
from functions.models import Version
from functions.services.functions import create_function
from logs import metrics
from runner import lookup, rendezvous, specs
from runner.engine import Engine
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxDriver
from tests.runner.fakes import FakeWorld
from tests.runner.sandboxed import Bench, bubblewrap, opened

PYTHON = Interpreter("python", (3, 13), Path("/usr/bin/python3.13"), Path("/usr"))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A redis-server on a socket of its own, gone with the tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    path = tmp_path_factory.mktemp("redis") / "r.sock"
    server = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        cwd=path.parent,
    )
    while not path.exists():
        if server.poll() is not None:
            pytest.fail("redis-server did not start")
    yield f"unix://{path}?db=0"
    server.kill()
    server.wait()


@pytest.fixture
def messenger(redis_url: str, settings) -> Iterator[None]:
    """Redis, empty."""
    settings.REDIS_URL = redis_url
    redis.connection.cache_clear()
    redis.connection().flushall()
    before, rendezvous._rendezvous = rendezvous._rendezvous, None
    yield
    settings.REDIS_URL = redis_url
    redis.connection.cache_clear()
    rendezvous.of_this_process().close()
    rendezvous._rendezvous = before
    redis.connection().flushall()
    redis.connection.cache_clear()


@pytest.fixture(autouse=True)
def code_dir(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store of packages of its own; every runtime runs on one interpreter, which nobody starts."""
    settings.CODE_DIR = tmp_path / "code"
    archives.forget_checks()
    lookup._known.clear()
    monkeypatch.setattr(specs, "_interpreter", lambda runtime: PYTHON)
    yield
    archives.forget_checks()


@pytest.fixture(autouse=True)
def counted_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted in memory is stored when a test says so, never after it."""
    monkeypatch.setattr(metrics, "recorder", metrics.Recorder(every_s=3600))


@pytest.fixture
def make_function(db: None) -> Callable[..., Version]:
    """Make a function by the service; further arguments are its configuration."""

    def make(account: Account, name: str = "hello", **given: object) -> Version:
        files = {"lambda_function.py": b"def lambda_handler(event, context):\n    return event\n"}
        values: dict[str, object] = {
            "runtime": "python3.13",
            "handler": "lambda_function.lambda_handler",
            "role_arn": arns.iam(account.id, "role/LabRole"),
            "package": archives.store_package(archives.pack(files)),
        }
        return create_function(account=account, name=name, **(values | given))  # type: ignore[arg-type]

    return make


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def engine(transactional_db: None, messenger: None, world: FakeWorld) -> Iterator[Engine]:
    """A worker's engine in this process, over fake environments."""
    django_settings.PRESTARTED_ENVIRONMENTS = 0
    made = Engine(open_environment=world.open)
    made.start()
    yield made
    made.stop(patience_s=5)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that another thread brings about; fails after a minute."""
    import threading

    def wait(condition: Callable[[], bool]) -> None:
        end = clock.monotonic() + 60
        while not condition():
            assert clock.monotonic() < end, "it did not happen"
            threading.Event().wait(0.005)

    return wait


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    """What starts sandboxes; a module about another driver has a fixture of the same name."""
    with bubblewrap(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def bench(driver: SandboxDriver, tmp_path: Path) -> Iterator[Bench]:
    """Where a test puts functions into sandboxes of ``driver``."""
    with opened(driver, tmp_path) as made:
        yield made
