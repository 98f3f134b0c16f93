"""A worker in a process of its own, over fake environments: for tests that kill it. Arguments: the execution log."""

import sys
import threading
from pathlib import Path

import django

django.setup()

from runner import specs  # noqa: E402
from runner.engine import Engine  # noqa: E402
from runner.runtimes import Interpreter  # noqa: E402
from tests.runner.fakes import FakeWorld  # noqa: E402

specs._interpreter = lambda runtime: Interpreter("python", (3, 13), Path("/usr/bin/python3.13"), Path("/usr"))
journal = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115


def handler(event: object, request: object) -> object:
    journal.write(f"{request.request_id}\n")  # type: ignore[attr-defined]
    threading.Event().wait(0.01)
    return event


engine = Engine(open_environment=FakeWorld(handler=handler).open)
engine.start()
print("ready", flush=True)
sys.stdin.read()  # until the test closes it
engine.stop(patience_s=5)
