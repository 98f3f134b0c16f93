"""What all drivers that start processes on this host share: slots, the launcher, the code in place, the end."""

import contextlib
import json
import logging
import os
import platform
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from core import limits
from runner import runtimes
from runner.runtimes import Interpreter
from runner.sandboxes import cgroups, launching, placing, rootfs, seccomp, workplace
from runner.sandboxes.base import Binding, Sandbox, SandboxDriver, SandboxFailure, SandboxSpec, SandboxUnavailable, Sdk
from runner.sandboxes.launching import Starter

log = logging.getLogger(__name__)
BASE = "/run/pupitre"  # in the launcher's private mount namespace
KILL_S, LEAVE_S = 5.0, 1.0
SHARED_MEMORY_MB = 16
OVERHEAD_MB = 64  # PID 1, page tables, sockets: not the function's
GENERIC_MEMORY_MB = 512  # before it is known whose sandbox it is
MB_PER_CORE = 1769  # AWS Lambda: one vCPU at 1,769 MB
CORES_MIN = 0.25
WEAK_SLACK_MB = {
    "python": 64,
    "node": 192,
    "provided": 192,
}  # what an interpreter maps and does not use, where only mappings are limited


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are for the code inside."""

    task: str
    opt: str
    sdk: str
    rapid: str


class LaunchedSandbox(Sandbox):
    def __init__(self, driver: "LaunchedDriver", slot: int, interpreter: Interpreter, ephemeral_mb: int) -> None:
        self.driver, self.slot = driver, slot
        self.interpreter, self.ephemeral_mb = interpreter, ephemeral_mb
        self.directory = driver.workplace.directory / str(slot)
        self.group = driver.workplace.group(slot)
        self.cores = processors_for_one()
        self._life = -1
        self._mutex = threading.Lock()
        self._killed = False

    def begin(self, starter: Starter, message: dict[str, Any]) -> None:
        """Have ``starter`` start what ``message`` is about."""
        ours, theirs = socket.socketpair()
        try:
            self._life = starter.start(message, theirs)
        finally:
            theirs.close()
        self._starter = starter
        ours.setblocking(False)
        self.stream = ours

    def bind(self, spec: SandboxSpec) -> Binding:
        self.claim_for(spec)
        placing.place(spec.code_dir, self.directory / "task")
        for layer in spec.layer_dirs:
            placing.place(layer, self.directory / "opt")
        self.cores = share_of_processors(spec.memory_mb)
        if groups := self.driver.cgroups:
            total = spec.memory_mb + self.ephemeral_mb + OVERHEAD_MB + SHARED_MEMORY_MB
            groups.limit_memory(self.group, total * limits.MIB)
        data_limit_mb = 0 if groups else spec.memory_mb + WEAK_SLACK_MB[spec.interpreter.family]
        return Binding(environment=self.driver.adjust(dict(spec.environment), self), data_limit_mb=data_limit_mb)

    def settle(self) -> None:
        self._limit_cpu(self.cores)

    def _limit_cpu(self, cores: float) -> None:
        if self.driver.cgroups:
            try:
                self.driver.cgroups.limit_cpu(self.group, cores)
            except OSError as error:
                log.warning("cgroup %s: %s", self.group, error)

    def oom_kills(self) -> int:
        return self.driver.cgroups.oom_kills(self.group) if self.driver.cgroups else 0

    def startup_error(self) -> str:
        try:
            return (self.directory / "errors").read_text(errors="replace")[-2000:].strip()
        except OSError:
            return ""

    def kill(self) -> None:
        with self._mutex:
            if self._killed:
                return
            self._killed = True
            self._limit_cpu(processors_for_one())  # dying takes processor time too: a thousand processes' worth, maybe
            gone = self._end()
            os.close(self._life)
            _shut(self.stream)
            self._clean_up(gone)

    def _end(self) -> bool:
        """Have all its processes ended; whether they are gone in time."""
        if not self.driver.strict:  # no namespace that ends with its first process: that one must kill the others
            _shut(self.stream)
            if launching.wait_gone(self._life, LEAVE_S):
                return True
        self._starter.kill(self.slot)
        return launching.wait_gone(self._life, KILL_S)

    def _clean_up(self, gone: bool) -> None:
        if groups := self.driver.cgroups:
            gone = groups.remove(self.group) and gone
        workplace.clear(self.directory)
        self.driver.forget(self)
        if gone:
            self.driver.workplace.give_back(self.slot)
        else:
            log.error("sandbox slot %s did not end; it is not used again", self.slot)


class LaunchedDriver(SandboxDriver):
    """``prepare`` must have been called before anything else but ``capabilities``."""

    strict = True  # whether the code inside is held by namespaces, a user of its own and a system call filter

    def __init__(self) -> None:
        self.private = False
        self.cgroups: cgroups.Cgroups | None = None
        self._prepared = False
        self._mutex = threading.Lock()
        self._sandboxes: set[LaunchedSandbox] = set()

    # -- the contract ------------------------------------------------------------------------------

    def prepare(self) -> None:
        with self._mutex:
            if not self._prepared:
                self._require()
                self._open()
                self._prepared = True
        self.sweep()

    def start(
        self,
        interpreter: Interpreter,
        *,
        ephemeral_mb: int = limits.EPHEMERAL_STORAGE_MB_DEFAULT,
        sdk: Sdk = Sdk.AT_HAND,
    ) -> Sandbox:
        if not self._prepared:
            raise SandboxFailure("The sandbox driver was not prepared in this process.")
        self._see_to_launcher()
        return self._start(interpreter, ephemeral_mb, lambda sandbox, joins: self.begin(sandbox, joins, sdk))

    def begin(self, sandbox: LaunchedSandbox, joins: list[str], sdk: Sdk) -> None:
        """Have the sandbox started, in the control groups ``joins``."""
        sandbox.begin(self.launcher, self.message(sandbox, joins, sdk))

    def _start(
        self, interpreter: Interpreter, ephemeral_mb: int, begin: Callable[[LaunchedSandbox, list[str]], None]
    ) -> Sandbox:
        slot = self.workplace.take_slot()
        sandbox = LaunchedSandbox(self, slot, interpreter, ephemeral_mb)
        try:
            begin(sandbox, self._make_room(sandbox))
        except (OSError, SandboxFailure) as error:
            if self.cgroups:
                self.cgroups.remove(sandbox.group)
            workplace.clear(sandbox.directory)
            self.workplace.give_back(slot)
            raise SandboxFailure(f"A sandbox could not be started: {error}") from error
        with self._mutex:
            self._sandboxes.add(sandbox)
        return sandbox

    def sweep(self) -> int:
        swept = 0
        for block in self.workplace.abandoned():
            self._remove_groups(block)
            swept += 1
        return swept

    def close(self) -> None:
        if not self._prepared:
            return
        with self._mutex:
            left = list(self._sandboxes)
        for sandbox in left:
            sandbox.kill()
        self._close_starters()
        self.workplace.close()
        self._prepared = False

    def _close_starters(self) -> None:
        self.launcher.close()

    def _remove_groups(self, block: int) -> None:
        if self.cgroups:
            for name in self.cgroups.names(self.workplace.group_prefix(block)):
                self.cgroups.remove(name)

    # -- for the drivers ---------------------------------------------------------------------------

    @abstractmethod
    def argv(self, sandbox: LaunchedSandbox, config: str) -> list[str]:
        """The command that becomes the sandbox, ending in PID 1 with ``config``."""

    @abstractmethod
    def place(self, sandbox: LaunchedSandbox) -> Place:
        """Where things are inside."""

    @abstractmethod
    def executable(self, sandbox: LaunchedSandbox) -> str:
        """The interpreter's path inside."""

    @abstractmethod
    def port(self) -> int:
        """The port that PID 1 relays, or 0."""

    def adjust(self, environment: dict[str, str], sandbox: LaunchedSandbox) -> dict[str, str]:
        """The function's environment variables as this driver's sandboxes need them."""
        return environment

    # -- inside ------------------------------------------------------------------------------------

    def _require(self) -> None:
        missing = [capability for capability in self.capabilities() if capability.required and not capability.ok]
        if missing:
            reasons = " ".join(f"{item.name}: {item.detail}. {item.remedy}" for item in missing)
            raise SandboxUnavailable(reasons)

    def _open(self) -> None:
        self.interpreters = runtimes.interpreters()
        self.cgroups, _why = cgroups.find() if self.strict else (None, "")
        self.workplace = workplace.Workplace(settings.DATA_DIR / "sandboxes")
        self._remove_groups(self.workplace.block)  # a dead worker's, which had this block before
        self.own_interpreter = next(found for found in self.interpreters if found.family == "python")
        directory = self.workplace.directory
        rootfs.write_etc(directory / "etc")
        rootfs.write_rapid(directory / "rapid", self.own_interpreter, self.interpreters)
        (directory / "empty").mkdir()
        self.filter = directory / "filter.bpf"
        self.filter.write_bytes(seccomp.bpf(platform.machine()) if self.strict else b"")
        self._names = self._mounts() if self.strict else {}
        self._launch()

    def _launch(self) -> None:
        self.launcher = launching.Launcher()
        sources = [(str(source), name) for source, name in self._names.items()]
        self.private = self.launcher.setup(base=BASE, mounts=sources) if self.strict else False

    def _see_to_launcher(self) -> None:
        """One that was killed took its sandboxes with it; there is a new one for those to come."""
        with self._mutex:
            if self.launcher.has_ended:
                log.error("the sandbox launcher has ended; another one is started")
                self.launcher.close()
                self._launch()

    def _mounts(self) -> dict[Path, str]:
        names = {self.workplace.directory: "workplace"}
        for number, interpreter in enumerate(self.interpreters):
            if not interpreter.is_system:
                names.setdefault(interpreter.prefix, f"lang-{number}")
            if (libraries := rootfs.libraries(interpreter)).is_dir():
                names.setdefault(libraries, f"runtime-{number}")
        return names

    def reachable(self, path: Path) -> str:
        """``path`` as the sandboxes' users can reach it; it must be one of the mounts or lie inside the workplace."""
        if not self.private:
            return str(path)
        for source, name in self._names.items():
            if path.is_relative_to(source):
                return str(Path(BASE) / name / path.relative_to(source))
        raise SandboxFailure(f"{path} was not there when this worker started; restart the worker.")

    def _make_room(self, sandbox: LaunchedSandbox) -> list[str]:
        workplace.clear(sandbox.directory)
        for directory in (f"{sandbox.directory}", f"{sandbox.directory}/task", f"{sandbox.directory}/opt"):
            os.mkdir(directory)
            os.chmod(directory, 0o755)
        if not self.cgroups:
            return []
        joins = self.cgroups.create(sandbox.group)
        total = GENERIC_MEMORY_MB + sandbox.ephemeral_mb + OVERHEAD_MB
        self.cgroups.limit_memory(sandbox.group, total * limits.MIB)
        self.cgroups.limit_cpu(sandbox.group, processors_for_one())
        return joins

    def message(self, sandbox: LaunchedSandbox, joins: list[str], sdk: Sdk) -> dict[str, Any]:
        """What the launcher is told."""
        return {
            **self.held(sandbox),
            "argv": self.argv(sandbox, json.dumps(self.config(sandbox, sdk))),
            "joins": joins,
            "errors": str(sandbox.directory / "errors"),
            "filter": str(self.filter) if self.strict else "",
        }

    def held(self, sandbox: LaunchedSandbox) -> dict[str, Any]:
        """What whoever starts it is told of how it is held."""
        user = self.workplace.user(sandbox.slot) if self.private else None
        return {"slot": sandbox.slot, "user": user, "limits": self._resource_limits(sandbox)}

    def config(self, sandbox: LaunchedSandbox, sdk: Sdk) -> dict[str, Any]:
        """PID 1's."""
        place = self.place(sandbox)
        return rootfs.init_config(
            command=rootfs.command(
                sandbox.interpreter, self.executable(sandbox), place.rapid, place.sdk, sdk is Sdk.AHEAD
            ),
            cwd=place.task,
            environment=self.adjust(rootfs.start_environment(sandbox.interpreter), sandbox),
            port=self.port(),
            api_port=rootfs.RUNTIME_API_PORT if self.strict else 0,  # without a network of its own, any that is free
        )

    def _resource_limits(self, sandbox: LaunchedSandbox) -> dict[str, int]:
        if not self.strict:
            return {"CORE": 0}
        weak = {} if self.private else {"NPROC": 4 * limits.PROCESSES_PER_SANDBOX}
        return {
            "NOFILE": limits.FILE_DESCRIPTORS_PER_SANDBOX,
            "CORE": 0,
            "FSIZE": sandbox.ephemeral_mb * limits.MIB,
            "MEMLOCK": 64 * limits.KIB,
            "MSGQUEUE": 0,
            "SIGPENDING": 256,
            "NICE": 0,
            "RTPRIO": 0,
            **weak,
        }

    def forget(self, sandbox: LaunchedSandbox) -> None:
        with self._mutex:
            self._sandboxes.discard(sandbox)


def processors_for_one() -> float:
    """The most processors that one sandbox may use: all but one, so that the platform goes on."""
    return max(1, (os.cpu_count() or 1) - 1)


def share_of_processors(memory_mb: int) -> float:
    """Processors for a function of ``memory_mb``, in AWS's proportion, but never less than a quarter."""
    return min(max(CORES_MIN, memory_mb / MB_PER_CORE), processors_for_one())


def _shut(stream: socket.socket) -> None:
    """Wake whoever reads the stream; its file descriptor is closed when the last user lets go of it."""
    with contextlib.suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)
