"""A worker's own corner of the data directory: its lock, its slots, its users; and what dead workers left in theirs.

``DATA_DIR/sandboxes/<block>/`` belongs to the process that holds the lock file ``<block>.lock``; the kernel gives the
lock back when the process dies, however it dies. A block also stands for a range of user ids, so that no two
sandboxes on a host ever share one (a shared user would share inotify instances and process counts).
"""

import fcntl
import os
import shutil
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from runner.sandboxes.base import SandboxFailure

BLOCKS = 32
SLOTS = 1000  # of one worker
# systemd's list of user id ranges has nothing above 1,879,048,192; each installation takes its own part of it.
FIRST_USER = 1_900_000_000
INSTALLATIONS = 3_000


class Workplace:
    """One block, held until ``close``. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tag = f"{zlib.crc32(str(root).encode()):08x}"  # tells this installation's cgroups from another's
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
        self.block, self._lock_fd = self._claim()
        self.directory = root / str(self.block)
        self._mutex = threading.Lock()
        self._free = list(reversed(range(SLOTS)))
        clear(self.directory)
        self.directory.mkdir(mode=0o755)
        self.directory.chmod(0o755)

    def _claim(self) -> tuple[int, int]:
        for block in range(BLOCKS):
            if (descriptor := _try_lock(self.root / f"{block}.lock")) is not None:
                return block, descriptor
        raise SandboxFailure(f"All {BLOCKS} workplaces under {self.root} are taken by running workers.")

    def take_slot(self) -> int:
        """A slot number that nobody uses. Raises ``SandboxFailure`` when there is none."""
        with self._mutex:
            if not self._free:
                raise SandboxFailure("This worker has no free sandbox slot.")
            return self._free.pop()

    def give_back(self, slot: int) -> None:
        """Slot ``slot`` is clean again; the longest unused is taken next."""
        with self._mutex:
            self._free.insert(0, slot)

    def user(self, slot: int) -> int:
        """The user and group id of ``slot``, this worker's and this installation's alone."""
        installation = int(self.tag, 16) % INSTALLATIONS
        return FIRST_USER + (installation * BLOCKS + self.block) * SLOTS + slot

    def group(self, slot: int) -> str:
        """The name of the cgroup of ``slot``."""
        return f"{self.group_prefix(self.block)}{slot}"

    def group_prefix(self, block: int) -> str:
        return f"{self.tag}-{block}-"

    def abandoned(self) -> Iterator[int]:
        """Blocks with something left in them and no living worker; each is held while the caller handles it."""
        for block in range(BLOCKS):
            if block == self.block or not (self.root / str(block)).exists():
                continue
            if (descriptor := _try_lock(self.root / f"{block}.lock")) is None:
                continue
            try:
                yield block
                clear(self.root / str(block))
            finally:
                os.close(descriptor)

    def close(self) -> None:
        clear(self.directory)
        os.close(self._lock_fd)


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def clear(directory: Path) -> None:
    """Remove a directory with all that is in it, if it is there."""
    shutil.rmtree(directory, ignore_errors=True)
