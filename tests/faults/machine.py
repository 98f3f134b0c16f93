"""What a product has on this machine: processes, control groups, folders (I9)."""

import os
import zlib
from pathlib import Path

from tests.live import Live

CGROUPS = Path("/sys/fs/cgroup")


def descendants(pid: int) -> dict[int, str]:
    """Every living process below this one: id and the first words of its command."""
    parents = _parents()
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return {one: _command(one) for one in found}


def living(pids: dict[int, str]) -> dict[int, str]:
    """Those of them that still run."""
    return {pid: name for pid, name in pids.items() if pid in _parents()}


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
