"""A stand-in for the execution environment: what the handler does is a Python function of the test."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core import clock
from runner import outcomes
from runner.environment import InvokeRequest
from runner.outcomes import Kind, Outcome
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxSpec, Sdk

type Handler = Callable[[object, InvokeRequest], object]


class Raises(Exception):
    """Raised by a fake handler: the function fails."""


class Crashes(Exception):
    """Raised by a fake handler: the runtime's process ends."""


class TimesOut(Exception):
    """Raised by a fake handler: it runs out of time."""


class Unlucky(Exception):
    """Raised by a fake handler: the platform fails."""


@dataclass
class FakeWorld:
    """The environments of a test: how they were made, and what they do."""

    handler: Handler = lambda event, request: event
    prints: list[str] = field(default_factory=list)
    init: Callable[[SandboxSpec], Outcome] | None = None
    opened: list["FakeEnvironment"] = field(default_factory=list)
    executions: list[str] = field(default_factory=list)
    stopped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def open(self, interpreter: Interpreter, ephemeral_mb: int, sdk: Sdk) -> "FakeEnvironment":
        environment = FakeEnvironment(self)
        self.opened.append(environment)
        return environment


class FakeEnvironment:
    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.spec: SandboxSpec | None = None
        self.init_ms: float | None = None
        self.is_stopped = self.is_dead = False

    def wait_ready(self, timeout_s: float) -> bool:
        return True

    def init(self, spec: SandboxSpec, *, request_id: str, on_log: Callable[[str], None], timeout_s: float) -> Outcome:
        self.spec = spec
        for line in self.world.prints:
            on_log(f"init: {line}")
        if self.world.init is not None:
            return self.world.init(spec)
        self.init_ms = 100.0
        return Outcome(kind=Kind.OK, duration_ms=100.0, init_ms=100.0, reusable=True)

    def invoke(self, request: InvokeRequest, on_log: Callable[[str], None]) -> Outcome:
        self.world.executions.append(request.request_id)
        init_ms, self.init_ms = self.init_ms, None
        for line in self.world.prints:
            on_log(line)
        try:
            answer = self.world.handler(json.loads(request.payload), request)
        except Raises as error:
            return self._failed(Kind.FUNCTION_ERROR, "Raises", str(error), request, init_ms, reusable=True)
        except Crashes:
            error_type, message = outcomes.exited(request_id=request.request_id, reason="exit status 1")
            return self._failed(Kind.EXIT, error_type, message, request, init_ms)
        except TimesOut:
            error_type, message = outcomes.timed_out(
                at=clock.now(), request_id=request.request_id, seconds=request.timeout_s
            )
            return self._failed(Kind.TIMEOUT, error_type, message, request, init_ms)
        except Unlucky:
            return Outcome(kind=Kind.PLATFORM_FAILURE, error_message="the host is unlucky")
        payload = json.dumps(answer).encode()
        return Outcome(
            kind=Kind.OK, payload=payload, duration_ms=1.234, init_ms=init_ms, max_memory_mb=30, reusable=True
        )

    def begin(self, request: InvokeRequest, on_log: Callable[[str], None]) -> None:
        """It has to be waited for."""

    def _failed(
        self,
        kind: Kind,
        error_type: str,
        message: str,
        request: InvokeRequest,
        init_ms: float | None,
        reusable: bool = False,
    ) -> Outcome:
        return Outcome(
            kind=kind,
            payload=outcomes.document(error_type, message, request.request_id),
            error_type=error_type,
            error_message=message,
            duration_ms=2.0,
            init_ms=init_ms,
            max_memory_mb=30,
            reusable=reusable,
        )

    def stop(self) -> None:
        self.is_stopped = True
        self.world.stopped.release()
