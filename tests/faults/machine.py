"""What a product has on this machine: processes, control groups, folders, containers (I9)."""

import os
import zlib
from pathlib import Path

from tests.live import Live

CGROUPS = Path("/sys/fs/cgroup")


def sandboxes(live: Live) -> dict[int, str]:
    """The processes that belong to sandboxes of this product, or to what starts them: id and name."""
    found = {}
    for pid, command in live.processes().items():
        if "bwrap" in command or "launcher.py" in command:
            found[pid] = command
    return found


def groups(live: Live) -> set[str]:
    """The control groups of its sandboxes."""
    tag = f"{zlib.crc32(str(live.data_dir / 'sandboxes').encode()):08x}-"
    if not CGROUPS.is_dir():
        return set()
    parents = [CGROUPS / "pupitre", *(CGROUPS / name / "pupitre" for name in ("memory", "pids", "cpu", "freezer"))]
    return {
        entry.name for parent in parents if parent.is_dir() for entry in parent.iterdir() if entry.name.startswith(tag)
    }


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
