"""Control groups: the limits that hold whatever the code inside does. Version 1 and 2, used when root may.

A group belongs to one sandbox. Version 1 has one directory in each controller's hierarchy, version 2 one directory.
Without either, resource limits and the watchdog of PID 1 remain ("weak limits").
"""

import logging
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
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
    def directories(self, name: str) -> list[Path]:
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
            directory.mkdir(parents=True, exist_ok=True)
        self.limit_processes(name, limits.PROCESSES_PER_SANDBOX)
        return [str(directory / self.joined_by) for directory in self.directories(name)]

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
                directory.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                gone = False
                self._kill(directory)
        return gone

    def _kill(self, directory: Path) -> None:
        for pid in _numbers(directory / "cgroup.procs"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def names(self, prefix: str) -> set[str]:
        """The groups there are whose names start with ``prefix``."""
        parents = {directory.parent for directory in self.directories("x")}
        return {
            entry.name
            for parent in parents
            if parent.is_dir()
            for entry in parent.iterdir()
            if entry.name.startswith(prefix)
        }


class Version1(Cgroups):
    version = 1
    joined_by = "tasks"  # a thread's move waits for nothing; a process's, for ten milliseconds
    CONTROLLERS = ("memory", "pids", "cpu", "freezer")

    def _file(self, controller: str, name: str, file: str) -> Path:
        return ROOT / controller / NAME / name / file

    def directories(self, name: str) -> list[Path]:
        return [ROOT / controller / NAME / name for controller in self.CONTROLLERS]

    def limit_memory(self, name: str, size: int) -> None:
        memory = self._file("memory", name, "memory.limit_in_bytes")
        swap = self._file("memory", name, "memory.memsw.limit_in_bytes")
        before = int(memory.read_text())
        order = [memory, swap] if size < before else [swap, memory]  # memory may at no time exceed memory and swap
        for file in order:
            if file.exists():
                file.write_text(str(size))
        _try_write(self._file("memory", name, "memory.swappiness"), "0")

    def limit_cpu(self, name: str, cores: float) -> None:
        self._file("cpu", name, "cpu.cfs_period_us").write_text(str(CPU_PERIOD_US))
        self._file("cpu", name, "cpu.cfs_quota_us").write_text(str(int(cores * CPU_PERIOD_US)))

    def limit_processes(self, name: str, count: int) -> None:
        self._file("pids", name, "pids.max").write_text(str(count))

    def oom_kills(self, name: str) -> int:
        return _figure(self._file("memory", name, "memory.oom_control"), "oom_kill")


class Version2(Cgroups):
    version = 2
    joined_by = "cgroup.procs"

    def __init__(self, root: Path) -> None:
        self.root = root

    def directories(self, name: str) -> list[Path]:
        return [self.root / NAME / name]

    def prepare(self) -> None:
        """Hand the controllers down to our groups. Raises OSError when they are not ours to hand down."""
        (self.root / NAME).mkdir(exist_ok=True)
        for parent in (self.root, self.root / NAME):
            (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu")

    def limit_memory(self, name: str, size: int) -> None:
        group = self.root / NAME / name
        _try_write(group / "memory.swap.max", "0")
        (group / "memory.max").write_text(str(size))

    def limit_cpu(self, name: str, cores: float) -> None:
        (self.root / NAME / name / "cpu.max").write_text(f"{int(cores * CPU_PERIOD_US)} {CPU_PERIOD_US}")

    def limit_processes(self, name: str, count: int) -> None:
        (self.root / NAME / name / "pids.max").write_text(str(count))

    def oom_kills(self, name: str) -> int:
        return _figure(self.root / NAME / name / "memory.events", "oom_kill")

    def _kill(self, directory: Path) -> None:
        if not _try_write(directory / "cgroup.kill", "1"):
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


def _numbers(file: Path) -> Iterator[int]:
    try:
        yield from map(int, file.read_text().split())
    except OSError:
        return


def _figure(file: Path, name: str) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)


def _try_write(file: Path, text: str) -> bool:
    try:
        file.write_text(text)
    except OSError:
        return False
    return True
