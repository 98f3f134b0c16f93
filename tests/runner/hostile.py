"""What the attack tests share: a bench on each driver, and a neighbour who is asked while somebody attacks.

Each init and each invocation of a function made by ``bench`` has the neighbour's function, another account's, answer
beside it: an attack is survived only when nobody else notices it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.sandboxes.base import SandboxDriver
from tests.runner.drivers import driver, engine_with_images, shared_broker
from tests.runner.sandboxed import Bench, Function, opened

__all__ = ["FINE", "Neighbour", "bench", "driver", "engine_with_images", "handler", "neighbour", "shared_broker"]

FINE = "def lambda_handler(event, context): return 'fine'"
IMPORTS = "ctypes, errno, json, mmap, os, resource, signal, socket, stat, struct, subprocess, sys, threading, time"

NEIGHBOUR = """
import os, socket, tempfile, threading
def lambda_handler(event, context):
    with tempfile.TemporaryFile() as file:
        file.write(bytes(1 << 20))
    thread = threading.Thread(target=os.getpid)
    thread.start()
    thread.join()
    for end in socket.socketpair():
        end.close()
    return "fine"
"""


def handler(body: str) -> str:
    """A module whose handler has this body, with all that attackers import."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return f"import {IMPORTS}\ndef lambda_handler(event, context):\n{lines}\n"


class Neighbour:
    """A warm function that needs files, threads, sockets and memory, and nobody's leave to have them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._turn = threading.Lock()
        self._function: Function | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Is invoked again and again until the block ends, at least once, and answers each time."""
        over, answers = threading.Event(), []

        def ask() -> None:
            while True:
                answers.append(self.answer())
                if answers[-1] != "fine" or over.wait(0.05):
                    return

        with self._turn:
            self._function = self._function or self._bench.function(NEIGHBOUR)
        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()
        assert set(answers) == {"fine"}

    def answer(self) -> object:
        """What one invocation answers; when it is not well, the next has a new environment."""
        with self._turn:
            assert self._function
            reply = self._function.invoke(timeout_s=30)
            if not reply.outcome.reusable:
                self._function = None
            return reply.value if reply.outcome.payload else reply.outcome


@pytest.fixture(scope="module")
def neighbour(driver: SandboxDriver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    with opened(driver, tmp_path_factory.mktemp("neighbour")) as made:
        yield Neighbour(made)


@pytest.fixture
def bench(driver: SandboxDriver, neighbour: Neighbour, tmp_path: Path) -> Iterator[Bench]:
    with opened(driver, tmp_path) as made:
        made.meanwhile = neighbour.answering
        yield made
