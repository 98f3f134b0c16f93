"""What a product has on this machine: processes, control groups, folders (I9)."""

import contextlib
import os
import select
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tests.live import Live

CGROUPS = Path("/sys/fs/cgroup")


def descendants(pid: int) -> dict[int, str]:
    """Every living process below this one: id and the first words of its command."""
    parents = _parents()
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return {one: _command(one) for one in found}


def living(pids: Iterable[int]) -> set[int]:
    """Those of them that still run."""
    return set(pids) & _parents().keys()


class Ends:
    """The ends of processes, known the moment they come. As a context manager; to be entered while they run."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids, self._fds = pids, list[int]()

    def __enter__(self) -> Self:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                self._fds.append(os.pidfd_open(pid))
        return self

    def __exit__(self, *exception: object) -> None:
        for fd in self._fds:
            os.close(fd)

    def wait(self, within_s: float = 60) -> float:
        """Until all have come; how long that took, in seconds."""
        begun = time.monotonic()
        for fd in self._fds:
            left = begun + within_s - time.monotonic()
            assert select.select([fd], [], [], max(0.0, left))[0], f"a process lives still after {within_s} s"
        return time.monotonic() - begun


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            found[int(path.parent.name)] = int(parent)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()[:200].replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def may_use_groups() -> bool:
    """Whether sandboxes have control groups here."""
    return os.geteuid() == 0 and any(parent.is_dir() for parent in _group_parents())


def groups(live: Live) -> set[str]:
    """The control groups of its sandboxes."""
    tag = f"{zlib.crc32(str(live.data_dir / 'sandboxes').encode()):08x}-"
    return {
        entry.name
        for parent in _group_parents()
        if parent.is_dir()
        for entry in parent.iterdir()
        if entry.name.startswith(tag)
    }


def _group_parents() -> list[Path]:
    first = [CGROUPS / controller / "pupitre" for controller in ("memory", "pids", "cpu", "freezer")]
    return [CGROUPS / "pupitre", *first]


def folders(live: Live) -> set[str]:
    """What sandboxes have left in the data folder: slots of workers, slots of the broker, half-unpacked packages."""
    data = live.data_dir
    slots = [*data.glob("sandboxes/[0-9]*/[0-9]*"), *data.glob("slots/*"), *data.glob("code/tmp/*")]
    return {str(path.relative_to(data)) for path in slots}


def open_files(pid: int) -> int:
    """How many descriptors the process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_mb(pid: int) -> int:
    """Its resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
