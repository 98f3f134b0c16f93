"""One instance of the product for each data folder, by locks that the kernel takes back however a process ends."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TextIO

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from core import clock

PATIENCE_S = 5.0  # their Redis ends with them: what they still wait for does not come
DIES_WITHIN_S = 30.0
LOOK_S = 0.05


class Hold:
    """The data folder is ours while this is entered; raises ``CommandError`` when it is another instance's.

    ``up.lock`` is held by the instance itself. ``programs.lock`` is held by each of its programs as well, for they
    inherit ``programs``: an instance that was killed leaves programs that are still about to end, and a second Redis
    would write to the files of the first.
    """

    def __init__(self, data_dir: Path, *, show: Callable[[str], None], patience_s: float = PATIENCE_S) -> None:
        self._data_dir = data_dir
        self._show = show
        self._patience_s = patience_s
        self._files = contextlib.ExitStack()
        self._programs: TextIO | None = None

    @property
    def programs(self) -> int:
        """The descriptor that every program is to inherit."""
        assert self._programs is not None
        return self._programs.fileno()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            own = opened.enter_context((self._data_dir / "up.lock").open("a+"))
            if not _lock(own):
                own.seek(0)
                raise CommandError(
                    _("Pupitre already runs on {folder} (process {pid}). Stop it, or set PUPITRE_DATA_DIR.").format(
                        folder=self._data_dir, pid=own.read().strip() or "?"
                    )
                )
            self._programs = opened.enter_context((self._data_dir / "programs.lock").open("a+"))
            self._await_programs(self._programs)
            own.truncate(0)
            own.write(str(os.getpid()))
            own.flush()
            self._files = opened.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def _await_programs(self, file: TextIO) -> None:
        """Until they have ended; who has not after a while is made to: nothing is lost by it, whoever is killed when."""
        if _lock(file):
            return
        self._show(_("Waiting for what ran here before to end …"))
        if _locked_within(file, self._patience_s):
            return
        left = _who_has(Path(file.name))
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not _locked_within(file, DIES_WITHIN_S):
            raise CommandError(
                _("What ran on {folder} before has not ended. Stop it (kill -9 {pids}) and try again.").format(
                    folder=self._data_dir, pids=" ".join(map(str, left)) or "?"
                )
            )


def _locked_within(file: TextIO, seconds: float) -> bool:
    deadline = clock.monotonic() + seconds
    while not (locked := _lock(file)) and clock.monotonic() < deadline:
        time.sleep(LOOK_S)
    return locked


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _who_has(path: Path) -> list[int]:
    """The other processes that have the file open, where the system tells."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == path:
                found.add(int(link.parts[2]))
    return sorted(found - {os.getpid()})
