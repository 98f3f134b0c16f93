"""A broker on a socket of its own, over an engine that is a fake: it holds containers as names and pipes."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.broker.engine import EngineTrouble, Image
from runner.broker.protocol import Connection
from runner.broker.server import Server
from runner.broker.service import Bounds, Broker
from runner.broker.slots import Slots

PYTHON = Image(id="sha256:1", family="python", version=(3, 13), executable="/usr/bin/python3.13")


class FakeEngine:
    """Containers as sockets by name. ``hang``: what it is asked about these names never comes to an end."""

    def __init__(self) -> None:
        self.containers: dict[str, socket.socket] = {}
        self.configurations: list[dict[str, Any]] = []
        self.updates: list[tuple[str, dict[str, Any]]] = []
        self.hang: set[str] = set()
        self.oom = threading.Event()
        self.fails = False

    def info(self) -> dict[str, Any]:
        return {"version": {"Version": "20.10", "ApiVersion": "1.41"}, "SecurityOptions": ["name=seccomp"]}

    def images(self) -> list[Image]:
        return [PYTHON]

    def launch(self, name: str, configuration: dict[str, Any]) -> int:
        if self.fails:
            raise EngineTrouble("start: no such runtime")
        ours, theirs = socket.socketpair()
        self.containers[name] = ours
        self.configurations.append(configuration)
        return theirs.detach()

    def update(self, name: str, changed: dict[str, Any]) -> None:
        self.updates.append((name, changed))

    def wait_gone(self, name: str, seconds: float) -> bool:
        return name not in self.containers

    def remove(self, name: str) -> None:
        if name in self.hang:
            raise EngineTrouble("remove: timed out")
        if container := self.containers.pop(name, None):
            container.close()

    def ours(self, install: str) -> list[str]:
        return list(self.containers)

    def ooms(self, install: str) -> Iterator[str]:
        self.oom.wait()
        yield from list(self.containers)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def broker(engine: FakeEngine, tmp_path: Path) -> Broker:
    return make_broker(engine, tmp_path, room_s=0.1)


def make_broker(engine: FakeEngine, folder: Path, *, room_s: float) -> Broker:
    slots = Slots(folder / "slots", install="test", count=3)
    bounds = Bounds(memory_mb=1024, cores=2, room_s=room_s)
    return Broker(engine=engine, slots=slots, install="test", source="/on/the/host/slots", bounds=bounds)  # type: ignore[arg-type]


@pytest.fixture
def address(broker: Broker, tmp_path: Path) -> Iterator[str]:
    """The broker's socket, served."""
    server = Server(tmp_path / "broker" / "socket", broker)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield str(server.path)
    server.stop()
    thread.join()


@pytest.fixture
def enrol(address: str) -> Iterator[Callable[[], tuple[Connection, str]]]:
    """A worker's line to the broker, and the word by which it is known there."""
    lines: list[Connection] = []

    def _enrol() -> tuple[Connection, str]:
        line = Connection(address, timeout_s=5)
        lines.append(line)
        answer, _none = line.ask({"verb": "hello"})
        return line, answer["worker"]

    yield _enrol
    for line in lines:
        line.close()
