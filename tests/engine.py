"""A broker over a real container engine, for tests marked ``engine``; without one they skip, and say how to get one."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from django.conf import settings as django_settings
from docker.errors import NotFound

from runner.broker.engine import Engine, EngineTrouble
from runner.broker.protocol import BrokerError, Connection
from tests.groups import rests
from tests.live import Live, end_with_parent

HOW = "start one (scripts/private_engine.py start) and build the images (scripts/build_images.py --local)"


class LiveBroker:
    """``manage.py broker`` as a process of its own, over a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "broker" / "socket"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PUPITRE_DATA_DIR": str(self.folder),
            "PUPITRE_ENGINE_URL": django_settings.ENGINE_URL,
            "PUPITRE_SANDBOX_DRIVER": "docker",
        }
        program = (sys.executable, str(django_settings.BASE_DIR / "manage.py"), "broker")
        self.process = subprocess.Popen(program, env=environment, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        while not self.answers():
            assert self.process.poll() is None, "the broker did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            Connection(str(self.socket), timeout_s=5).close()
        except BrokerError:
            return False
        return True

    def kill(self) -> None:
        """As a crash would."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def containers(broker: LiveBroker) -> list[str]:
    """The names of the broker's containers, as the engine has them."""
    return containers_with(str(broker.folder))


def containers_with(folder: str, *, only_running: bool = False) -> list[str]:
    """The names of containers that see something of ``folder``; ``only_running``: in which something runs still."""
    client = docker.APIClient(base_url=django_settings.ENGINE_URL, version="auto", timeout=20)
    found = client.containers(all=not only_running, filters={"name": "pupitre-"})
    client.close()
    return [
        one["Names"][0].lstrip("/") for one in found if any(folder in (m.get("Source") or "") for m in one["Mounts"])
    ]


def first_processes(names: list[str]) -> list[int]:
    """On this machine, the process with which each of these containers ends; of those that are still there."""
    client = docker.APIClient(base_url=django_settings.ENGINE_URL, version="auto", timeout=20)
    found = []
    for name in names:
        with contextlib.suppress(NotFound):
            found.append(client.inspect_container(name)["State"]["Pid"])
    client.close()
    return [pid for pid in found if pid]


@pytest.fixture(scope="session")
def engine_with_images() -> None:
    """Skips unless an engine answers and has images of the runtimes."""
    engine = Engine(django_settings.ENGINE_URL)
    try:
        engine.info()
        found = engine.images()
    except EngineTrouble:
        pytest.skip(f"no container engine answers at {django_settings.ENGINE_URL}: {HOW}")
    if not any(image.family == "python" for image in found):
        pytest.skip(f"the container engine has no runtime images: {HOW}")


@pytest.fixture(scope="session")
def shared_broker(engine_with_images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBroker]:
    """One broker for all tests that do not hurt it."""
    live = LiveBroker(tmp_path_factory.mktemp("broker"))
    live.start()
    yield live
    live.stop()


@pytest.fixture
def broker_of_its_own(engine_with_images: None, tmp_path: Path) -> Iterator[LiveBroker]:
    """A broker that the test may kill."""
    live = LiveBroker(tmp_path)
    live.start()
    yield live
    live.stop()


@pytest.fixture(scope="session")
def live_on_docker(engine_with_images: None) -> Iterator[Live]:
    """The whole product with functions in containers, its broker started by ``up``."""
    with Live(SANDBOX_DRIVER="docker", ENGINE_URL=django_settings.ENGINE_URL) as running:
        rests("docker", rest=running.stop, wake=running.start)
        yield running
