"""The Docker driver: one hardened container for each execution environment, made by the broker.

This process never talks to the engine: it asks the broker (``runner/broker``), which answers with the stream to PID 1
itself, a descriptor: the wire, or what the engine has attached. From then on nobody is between the two ends, and when
this process ends, however it ends, its end closes and PID 1 inside ends everything.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings

from core import limits
from runner.broker import protocol
from runner.broker.protocol import BrokerError, Connection, Message
from runner.runtimes import Interpreter
from runner.sandboxes import engine_report, placing, rootfs
from runner.sandboxes.attached import AttachedStream
from runner.sandboxes.base import (
    Binding,
    Capability,
    Sandbox,
    SandboxDriver,
    SandboxFailure,
    SandboxSpec,
    SandboxUnavailable,
    Sdk,
)
from runner.sandboxes.launched import (
    OVERHEAD_MB,
    SHARED_MEMORY_MB,
    processors_for_one,
    share_of_processors,
)

log = logging.getLogger(__name__)
CALL_S = 45.0  # longer than the broker waits for the engine
STATUS_S = 15.0
PORT = 4566
TASK, SDK, RAPID = "/var/task", "/var/runtime", "/var/rapid"


class DockerSandbox(Sandbox):
    def __init__(
        self, driver: "Docker", interpreter: Interpreter, ephemeral_mb: int, answer: Message, descriptor: int
    ) -> None:
        self.driver, self.interpreter, self.ephemeral_mb = driver, interpreter, ephemeral_mb
        self.stream = _wire(descriptor) if answer["wired"] else AttachedStream(descriptor)
        self.token: str = answer["sandbox"]
        self.folder = Path(answer["folder"])
        self.cores = processors_for_one()
        self._mutex = threading.Lock()
        self._killed = False

    def bind(self, spec: SandboxSpec) -> Binding:
        self.claim_for(spec)
        placing.place(spec.code_dir, self.folder / "task")
        for layer in spec.layer_dirs:
            placing.place(layer, self.folder / "opt")
        self.cores = share_of_processors(spec.memory_mb)
        if spec.memory_mb != limits.MEMORY_MB_DEFAULT:  # most have what a container is started with
            self._ask("limit", memory_mb=spec.memory_mb, total_mb=_total(spec.memory_mb, self.ephemeral_mb))
        return Binding(environment=dict(spec.environment))

    def settle(self) -> None:
        self.driver.later(self._settle)  # the engine takes its time, and nobody needs to wait for it

    def _settle(self) -> None:
        try:
            self._ask("limit", cores=self.cores)
        except SandboxFailure as error:
            if not self._killed:
                log.warning("A sandbox keeps its share of the processor: %s", error)

    def oom_kills(self) -> int:
        try:
            return int(self._ask("ooms")["kills"])
        except SandboxFailure:
            return 0  # it is gone, and what killed it goes unsaid

    def startup_error(self) -> str:
        return self.stream.errors if isinstance(self.stream, AttachedStream) else ""

    def kill(self) -> None:
        with self._mutex:
            if self._killed:
                return
            self._killed = True
        shut(self.stream)
        try:
            if not self._ask("kill")["gone"]:
                log.error("A container did not end; its slot is not used again before it does")
        except SandboxFailure as error:
            log.warning("A container was left to the broker: %s", error)
        self.driver.forget(self)

    def _ask(self, verb: str, **members: object) -> Message:
        return self.driver.ask({"verb": verb, "sandbox": self.token, **members})


class Docker(SandboxDriver):
    """``prepare`` must have been called before ``start``."""

    name = "docker"
    starts_slowly = True

    def __init__(self, broker: Path | None = None) -> None:
        self._broker = str(broker or settings.SANDBOX_BROKER)
        self._mutex = threading.Lock()
        self._line: Connection | None = None
        self._worker = ""
        self._prepared = False
        self._sandboxes: set[DockerSandbox] = set()
        self._later = ThreadPoolExecutor(max_workers=4, thread_name_prefix="settle")

    # -- the contract ------------------------------------------------------------------------------

    def capabilities(self) -> list[Capability]:
        try:
            status, _none = protocol.call(self._broker, {"verb": "status"}, timeout_s=STATUS_S)
            runtimes, _none = protocol.call(self._broker, {"verb": "runtimes"}, timeout_s=STATUS_S)
        except BrokerError as error:
            return [engine_report.unreachable(str(error))]
        return engine_report.capabilities(status, runtimes["runtimes"])

    def prepare(self) -> None:
        missing = [capability for capability in self.capabilities() if capability.required and not capability.ok]
        if missing:
            reasons = " ".join(f"{item.name}: {item.detail}. {item.remedy}" for item in missing)
            raise SandboxUnavailable(reasons)
        self._prepared = True
        self._enrolled()

    def start(
        self,
        interpreter: Interpreter,
        *,
        ephemeral_mb: int = limits.EPHEMERAL_STORAGE_MB_DEFAULT,
        sdk: Sdk = Sdk.AT_HAND,
    ) -> Sandbox:
        if not self._prepared:
            raise SandboxFailure("The sandbox driver was not prepared in this process.")
        request = {
            "verb": "start",
            "runtime": _image(interpreter),
            "config": _config(interpreter, sdk),
            "memory_mb": limits.MEMORY_MB_DEFAULT,
            "total_mb": _total(limits.MEMORY_MB_DEFAULT, ephemeral_mb),
            "ephemeral_mb": ephemeral_mb,
            "cores": processors_for_one(),
        }
        answer, descriptor = self._call(request)
        if descriptor is None:
            raise SandboxFailure("The broker gave no stream.")
        sandbox = DockerSandbox(self, interpreter, ephemeral_mb, answer, descriptor)
        with self._mutex:
            self._sandboxes.add(sandbox)
        return sandbox

    def sweep(self) -> int:
        """The broker does it when a worker's line breaks; here it is asked to look once more. Counts containers."""
        return int(self.ask({"verb": "sweep"})["removed"])

    def close(self) -> None:
        with self._mutex:
            left = list(self._sandboxes)
        for sandbox in left:
            sandbox.kill()
        self._later.shutdown()
        with self._mutex:
            if self._line:
                self._line.close()
            self._line, self._prepared = None, False

    # -- the broker --------------------------------------------------------------------------------

    def ask(self, request: Message) -> Message:
        """The broker's answer. Raises ``SandboxFailure``."""
        answer, descriptor = self._call(request)
        if descriptor is not None:
            os.close(descriptor)
        return answer

    def later(self, act: Callable[[], None]) -> None:
        """Have ``act`` called by a thread of the driver's."""
        self._later.submit(act)

    def forget(self, sandbox: DockerSandbox) -> None:
        with self._mutex:
            self._sandboxes.discard(sandbox)

    def _call(self, request: Message) -> tuple[Message, int | None]:
        try:
            return protocol.call(self._broker, {**request, "worker": self._enrolled()}, timeout_s=CALL_S)
        except BrokerError as error:
            raise SandboxFailure(str(error)) from error

    def _enrolled(self) -> str:
        """The word by which the broker knows this process; a broker that was started anew is told again."""
        with self._mutex:
            if self._line is None or not self._line.is_open():
                if self._line:
                    self._line.close()
                    self._line = None
                try:
                    line = Connection(self._broker, timeout_s=STATUS_S)
                    answer, _none = line.ask({"verb": "hello"})
                except BrokerError as error:
                    raise SandboxFailure(str(error)) from error
                self._line, self._worker = line, answer["worker"]
            return self._worker


def _config(interpreter: Interpreter, sdk: Sdk) -> str:
    """What PID 1 is told at its start (``runner/runtimes/init.py``)."""
    config = rootfs.init_config(
        command=rootfs.command(interpreter, str(interpreter.executable), RAPID, SDK, preload=False),
        cwd=TASK,
        environment=rootfs.start_environment(interpreter),
        port=PORT,
    )
    if interpreter.family == "python":  # the runtime is a fork of PID 1 (``runner/runtimes/contained.py``)
        config["sdk"] = SDK if sdk is Sdk.AHEAD else ""
    return json.dumps(config)


def _image(interpreter: Interpreter) -> str:
    """The broker's name for the image; a custom runtime lives in a Python's."""
    family = "python" if interpreter.family == "provided" else interpreter.family
    return f"{family}-{interpreter.version[0]}.{interpreter.version[1]}"


def _total(memory_mb: int, ephemeral_mb: int) -> int:
    """MB for everything inside: files in /tmp and /dev/shm are memory too."""
    return memory_mb + ephemeral_mb + OVERHEAD_MB + SHARED_MEMORY_MB


def _wire(descriptor: int) -> socket.socket:
    stream = socket.socket(fileno=descriptor)
    stream.setblocking(False)
    return stream


def shut(stream: socket.socket) -> None:
    """Wake whoever reads the stream, and let PID 1 see its end; the descriptor goes with its last user."""
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
