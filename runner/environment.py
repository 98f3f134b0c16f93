"""One execution environment: a function version's life inside a sandbox.

``init`` once, ``invoke`` any number of times one after another, ``stop`` once. The answer of untrusted code is an
``Outcome``, never an exception, and no byte that comes out of the sandbox is believed: sizes are checked before
anything is allocated, and whatever breaks the rules ends the environment.
"""

import json
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from core import clock, limits
from core.errors import ServiceError
from runner.channel import Channel, ChannelError
from runner.loglines import OnLog
from runner.outcomes import Kind, Outcome
from runner.phase import Conversation, Life, Phase, Slow
from runner.sandboxes.base import Sandbox, SandboxSpec
from runner.streams import OnPart, Stream

__all__ = ["Conversation", "Environment", "InvokeRequest", "Kind", "OnLog", "Outcome", "Slow"]

START_S = 30.0  # for the sandbox itself to come up; no part of the function's init phase
SHUTDOWN_S = 2.5  # PID 1 gives extensions two of them
FRESH = ("LD_", "PYTHON", "NODE_", "MALLOC_", "GLIBC_", "UV_")  # variables that a process reads only at its start
SET_ANYWAY = {"PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH"}


class InvokeRequest(NamedTuple):
    """One invocation, as the runtime inside gets it.

    ``payload``  the event, valid JSON
    ``timeout_s``  the function's timeout: when it has passed, everything inside is killed
    ``invoked_arn``  as invoked, with its qualifier
    ``client_context``  the JSON text of the ClientContext, decoded from base64; or empty
    ``on_part``  gets each part of an answer that is streamed, and its content type; None has the answer collected
    """

    request_id: str
    payload: bytes
    timeout_s: float
    invoked_arn: str
    client_context: str = ""
    trace_id: str = ""
    on_part: OnPart | None = None

    def header(self) -> dict[str, Any]:
        return {
            "id": self.request_id,
            "deadline_ms": clock.epoch_ms() + int(self.timeout_s * 1000),
            "invoked_arn": self.invoked_arn,
            "client_context": self.client_context,
            "trace_id": self.trace_id,
        }


class Environment:
    """An execution environment over ``sandbox``. One thread at a time, except ``stop``, which any thread may call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._life = Life(sandbox, Channel(sandbox.stream, settings.API_INTERNAL))
        self._ready = False

    @property
    def is_dead(self) -> bool:
        """Whether its stream has ended while nobody used it: its launcher or broker died, or the machine was short."""
        try:
            return socket.socket.recv(self.sandbox.stream, 1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the generic sandbox has come up (with its preload done) within ``timeout_s``; for a pool."""
        deadline = clock.monotonic() + timeout_s
        with self._life.in_use:
            try:
                while not self._ready and not self._life.stopped and (frame := self._life.channel.receive(deadline)):
                    self._ready = frame.kind == b"Y"
            except ChannelError:
                return False
        return self._ready

    def init(
        self,
        spec: SandboxSpec,
        *,
        request_id: str,
        on_log: OnLog,
        timeout_s: float = limits.INIT_TIMEOUT_S,
    ) -> Outcome:
        """Bind the sandbox to ``spec`` and run the function's init phase; once.

        ``request_id`` is the invocation that caused the cold start (any id when none did): error documents carry it.
        Kinds: OK, INIT_ERROR, INIT_TIMEOUT, EXIT, OUT_OF_MEMORY, PROTOCOL_VIOLATION, PLATFORM_FAILURE.
        """
        try:
            binding = self.sandbox.bind(spec)  # while it may still be coming up
        except ServiceError as error:
            return self._life.failed(request_id, error.text)
        if not self.wait_ready(START_S):
            return self._life.failed(request_id, self.sandbox.startup_error() or "the sandbox did not come up")
        phase = Phase(self._life, request_id, on_log, timeout_s, Kind.INIT_TIMEOUT)
        order = {
            "handler": spec.handler,
            "environment": binding.environment,
            "memory_mb": spec.memory_mb,
            "fresh": _needs_fresh_start(spec.environment),
            "data_limit_mb": binding.data_limit_mb,
        }
        outcome = phase.run(b"B", json.dumps(order).encode())
        self._life.init_ms = outcome.init_ms
        if outcome.ok:
            self.sandbox.settle()
        return outcome

    def invoke(self, request: InvokeRequest, on_log: OnLog) -> Outcome:
        """Hand one event to the function and wait for its end, carrying its AWS calls to ``settings.API_INTERNAL``.

        Afterwards everything inside is frozen until the next ``invoke``. When the outcome is not ``reusable`` every
        process inside has been killed already; call ``stop`` to clean up.
        """
        phase, order = self._invocation(request, on_log)
        return phase.run(b"I", *order)

    def begin(self, request: InvokeRequest, on_log: OnLog) -> Conversation | None:
        """``invoke`` for somebody who cannot wait; None when it would have to, right away."""
        phase, order = self._invocation(request, on_log)
        return phase if phase.begin(b"I", *order) else None

    def _invocation(self, request: InvokeRequest, on_log: OnLog) -> tuple[Phase, tuple[bytes, ...]]:
        phase = Phase(self._life, request.request_id, on_log, request.timeout_s, Kind.TIMEOUT)
        phase.stream = Stream(request.on_part)
        header = orjson.dumps(request.header())
        return phase, (len(header).to_bytes(4), header, request.payload)

    def stop(self) -> None:
        """End it: kill whatever runs inside and give the sandbox's resources back; idempotent.

        Extensions that asked for it hear of the end first, and have two seconds, when nobody uses the environment.
        """
        if self._life.tells_shutdown and not self._life.stopped and self._life.in_use.acquire(blocking=False):
            try:
                self._shut_down()
            finally:
                self._life.in_use.release()
        self._life.stopped = True
        self.sandbox.kill()  # whoever is inside ``init`` or ``invoke`` now sees the end of the stream
        with self._life.in_use:
            self._life.channel.close_relay()
            self.sandbox.stream.close()

    def _shut_down(self) -> None:
        self._life.channel.send(b"Q")
        deadline = clock.monotonic() + SHUTDOWN_S
        try:
            while (frame := self._life.channel.receive(deadline)) and frame.kind != b"X":
                continue
        except ChannelError:
            return


def _needs_fresh_start(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(FRESH) and name not in SET_ANYWAY for name in environment) or "TZ" not in environment
