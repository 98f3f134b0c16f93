"""Slots: a number that stands for a user nobody else has, and a folder that the container sees parts of.

The folder is the broker's, so that a worker can put files into ``task`` and ``opt`` (they are the worker's) but
cannot put a link in their place that would show something else of the host.
"""

import logging
import os
import re
import secrets
import shutil
import threading
import zlib
from pathlib import Path

from runner.broker import wire

log = logging.getLogger(__name__)
TOKEN = re.compile(r"[0-9a-f]{64}")
# Above what the bubblewrap driver takes for itself (1,900,000,000 and up), below 2**31.
FIRST_USER = 2_000_000_000
FIRST_MAPPED_USER = 20_000  # where the engine maps users, a container has 65,536 of them
PER_INSTALLATION = 1_000
INSTALLATIONS = 100_000
PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{user}:{user}::/home/sbx_user1051:/sbin/nologin\n"  # AWS's name
ETC = {
    "passwd": PASSWD,
    "group": "root:x:0:\nsbx_user1051:x:{user}:\n",
    "hosts": "127.0.0.1 localhost\n127.0.0.1 sandbox\n::1 localhost\n",  # functions look up their own name
    "resolv.conf": "nameserver 127.0.0.1\n",  # where nobody answers: else libraries look for the host's
}


class NoSlot(Exception):
    """Every slot is in use, or was given up."""


class Slots:
    """``count`` slots with their folders under ``root``. Thread-safe."""

    def __init__(self, root: Path, *, install: str, count: int, mapped: bool = False) -> None:
        self.root = root
        number = zlib.crc32(install.encode()) % INSTALLATIONS
        self._mapped = mapped
        self._first_user = FIRST_MAPPED_USER if mapped else FIRST_USER + number * PER_INSTALLATION
        self._free = list(reversed(range(min(count, PER_INSTALLATION))))
        self._mutex = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)

    def take(self) -> int:
        """A slot's number. Raises ``NoSlot``."""
        with self._mutex:
            if not self._free:
                raise NoSlot("Every sandbox slot is in use.")
            return self._free.pop()

    def give_back(self, slot: int) -> None:
        """Slot ``slot`` is clean again; the longest unused is taken next."""
        with self._mutex:
            self._free.insert(0, slot)

    def user(self, slot: int) -> int:
        """The user and group id of ``slot``, on this host its alone."""
        return self._first_user + slot

    def own_user(self, slot: int) -> int | None:
        """The id that the kernel tells this host of ``user``; None where the engine maps it to one that is not known here."""
        return None if self._mapped else self.user(slot)

    def make_folder(self, slot: int, *, owner: tuple[int, int]) -> str:
        """A new folder for ``slot``, ``task`` and ``opt`` in it belonging to ``owner``; its name."""
        token = secrets.token_hex(32)
        folder = self.folder(token)
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        for name in ("task", "opt"):
            (folder / name).mkdir(mode=0o755)
            (folder / name).chmod(0o755)
            if owner[0] != os.geteuid():
                os.chown(folder / name, *owner)
        (folder / wire.FOLDER).mkdir(mode=0o755)
        (folder / wire.FOLDER).chmod(0o755)
        for name, text in ETC.items():
            (folder / name).write_text(text.format(user=self.user(slot)))
            (folder / name).chmod(0o644)
        return token

    def folder(self, token: str) -> Path:
        """Where the folder of that name is. Raises ValueError for anything but a folder's name."""
        if not TOKEN.fullmatch(token):
            raise ValueError("not the name of a slot's folder")
        return self.root / token

    def remove_folder(self, token: str) -> None:
        """Remove a folder with all that was put into it, if it is there."""
        try:
            shutil.rmtree(self.folder(token))
        except FileNotFoundError:
            return
        except OSError:
            log.exception("The folder of a sandbox could not be removed")

    def folders(self) -> list[str]:
        """The names of all folders there are."""
        return [entry.name for entry in os.scandir(self.root) if TOKEN.fullmatch(entry.name)]
