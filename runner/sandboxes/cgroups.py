"""Control groups: the limits that hold whatever the code inside does. Version 1 and 2, used when root may.

A group belongs to one sandbox. Version 1 has one directory in each controller's hierarchy, version 2 one directory.
Without either, resource limits and the watchdog of PID 1 remain ("weak limits"). Paths are text here: a sandbox needs
thirty of them, and as objects they cost more than what the kernel does with them.
"""

import logging
import os
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path

from core import clock, limits

log = logging.getLogger(__name__)
ROOT = Path("/sys/fs/cgroup")
NAME = "pupitre"
CPU_PERIOD_US = 100_000
REMOVAL_S = 5.0


class Cgroups(ABC):
    """Makes groups under one parent of our own."""

    version: int
    joined_by: str

    @abstractmethod
    def directories(self, name: str) -> list[str]:
        """Every directory of the group ``name``."""

    @abstractmethod
    def limit_memory(self, name: str, size: int) -> None:
        """Hold the group, its files in memory included, to ``size`` bytes, and keep it from swapping."""

    @abstractmethod
    def limit_cpu(self, name: str, cores: float) -> None:
        """Hold the group to ``cores`` processors' worth of time."""

    @abstractmethod
    def limit_processes(self, name: str, count: int) -> None:
        """Hold the group to ``count`` processes and threads."""

    @abstractmethod
    def oom_kills(self, name: str) -> int:
        """How often the kernel has killed a process of the group for want of memory."""

    def create(self, name: str) -> list[str]:
        """Make the group; the files that a process of one thread writes ``0`` to in order to join it."""
        for directory in self.directories(name):
            os.makedirs(directory, exist_ok=True)
        self.limit_processes(name, limits.PROCESSES_PER_SANDBOX)
        return [f"{directory}/{self.joined_by}" for directory in self.directories(name)]

    def remove(self, name: str) -> bool:
        """Kill whatever is left in the group and remove it; False when that could not be done in time."""
        until = clock.monotonic() + REMOVAL_S
        while not self._try_remove(name):
            if clock.monotonic() > until:
                log.error("cgroup %s could not be removed", name)
                return False
            time.sleep(0.002)
        return True

    def _try_remove(self, name: str) -> bool:
        gone = True
        for directory in self.directories(name):
            try:
                os.rmdir(directory)
            except FileNotFoundError:
                continue
            except OSError:
                gone = False
                self._kill(directory)
        return gone

    def _kill(self, directory: str) -> None:
        for pid in map(int, _try_read(f"{directory}/cgroup.procs").split()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def names(self, prefix: str) -> set[str]:
        """The groups there are whose names start with ``prefix``."""
        parents = {os.path.dirname(directory) for directory in self.directories("x")}
        return {
            name
            for parent in parents
            if os.path.isdir(parent)
            for name in os.listdir(parent)
            if name.startswith(prefix)
        }


class Version1(Cgroups):
    version = 1
    joined_by = "tasks"  # a thread's move waits for nothing; a process's, for ten milliseconds
    CONTROLLERS = ("memory", "pids", "cpu", "freezer")

    def directories(self, name: str) -> list[str]:
        return [f"{ROOT}/{controller}/{NAME}/{name}" for controller in self.CONTROLLERS]

    def limit_memory(self, name: str, size: int) -> None:
        group = f"{ROOT}/memory/{NAME}/{name}"
        memory, swap = f"{group}/memory.limit_in_bytes", f"{group}/memory.memsw.limit_in_bytes"
        before = int(_read(memory))
        order = [memory, swap] if size < before else [swap, memory]  # memory may at no time exceed memory and swap
        for file in order:
            if os.path.exists(file):
                _write(file, str(size))
        _try_write(f"{group}/memory.swappiness", "0")

    def limit_cpu(self, name: str, cores: float) -> None:
        group = f"{ROOT}/cpu/{NAME}/{name}"
        _write(f"{group}/cpu.cfs_period_us", str(CPU_PERIOD_US))
        _write(f"{group}/cpu.cfs_quota_us", str(int(cores * CPU_PERIOD_US)))

    def limit_processes(self, name: str, count: int) -> None:
        _write(f"{ROOT}/pids/{NAME}/{name}/pids.max", str(count))

    def oom_kills(self, name: str) -> int:
        return _figure(f"{ROOT}/memory/{NAME}/{name}/memory.oom_control", "oom_kill")


class Version2(Cgroups):
    version = 2
    joined_by = "cgroup.procs"

    def __init__(self, root: Path) -> None:
        self.root = root

    def _directory(self, name: str) -> str:
        return f"{self.root}/{NAME}/{name}"

    def directories(self, name: str) -> list[str]:
        return [self._directory(name)]

    def prepare(self) -> None:
        """Hand the controllers down to our groups. Raises OSError when they are not ours to hand down."""
        (self.root / NAME).mkdir(exist_ok=True)
        for parent in (self.root, self.root / NAME):
            (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu")

    def limit_memory(self, name: str, size: int) -> None:
        group = self._directory(name)
        _try_write(f"{group}/memory.swap.max", "0")
        _write(f"{group}/memory.max", str(size))

    def limit_cpu(self, name: str, cores: float) -> None:
        _write(f"{self._directory(name)}/cpu.max", f"{int(cores * CPU_PERIOD_US)} {CPU_PERIOD_US}")

    def limit_processes(self, name: str, count: int) -> None:
        _write(f"{self._directory(name)}/pids.max", str(count))

    def oom_kills(self, name: str) -> int:
        return _figure(f"{self._directory(name)}/memory.events", "oom_kill")

    def _kill(self, directory: str) -> None:
        if not _try_write(f"{directory}/cgroup.kill", "1"):
            super()._kill(directory)


def find() -> tuple[Cgroups | None, str]:
    """The control groups that this process may use, or None; and a sentence saying which, or why none."""
    if os.geteuid() != 0:
        return None, "not running as root"
    if all((ROOT / controller / "cgroup.procs").exists() for controller in Version1.CONTROLLERS):
        return _usable(Version1(), "version 1")
    if (ROOT / "cgroup.controllers").exists():
        second = Version2(ROOT)
        try:
            second.prepare()
        except OSError as error:
            return None, f"version 2 is not delegated to this process ({error.strerror})"
        return _usable(second, "version 2")
    return None, "no control groups are mounted"


def _usable(cgroups: Cgroups, label: str) -> tuple[Cgroups | None, str]:
    probe = f"probe-{os.getpid()}"
    try:
        cgroups.create(probe)
        cgroups.limit_memory(probe, 64 * limits.MIB)
        cgroups.limit_cpu(probe, 1)
    except OSError as error:
        return None, f"{label} is there but cannot be used ({error.strerror}: {error.filename})"
    finally:
        cgroups.remove(probe)
    return cgroups, label


def _figure(file: str, name: str) -> int:
    lines = _try_read(file).splitlines()
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)


def _read(file: str) -> str:
    with open(file) as opened:
        return opened.read()


def _try_read(file: str) -> str:
    try:
        return _read(file)
    except OSError:
        return ""


def _write(file: str, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _try_write(file: str, text: str) -> bool:
    try:
        _write(file, text)
    except OSError:
        return False
    return True
