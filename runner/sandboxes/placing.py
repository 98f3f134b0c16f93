"""Putting a function's files where its sandbox sees them, without copying what can be linked."""

import os
import shutil
from pathlib import Path

from runner.sandboxes.base import SandboxFailure

READABLE = 0o444


def place(source: Path, target: Path) -> None:
    """Merge the tree ``source`` into ``target``: hard links where possible, copies elsewhere; what was there is replaced.

    Directories get mode 0755. Symbolic links are taken over as they are. Raises ``SandboxFailure``.
    """
    try:
        _merge(str(source), str(target))
    except OSError as error:
        raise SandboxFailure(f"The function's files could not be put in place: {error}") from error


def _merge(source: str, target: str) -> None:
    for entry in os.scandir(source):
        goal = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if not os.path.isdir(goal) or os.path.islink(goal):
                _remove(goal)
                os.mkdir(goal)
                os.chmod(goal, 0o755)
            _merge(entry.path, goal)
        elif entry.is_symlink():
            _remove(goal)
            os.symlink(os.readlink(entry.path), goal)
        elif entry.is_file(follow_symlinks=False):
            _link(entry, goal)


def _link(entry: os.DirEntry[str], goal: str) -> None:
    if entry.stat(follow_symlinks=False).st_mode & READABLE == READABLE:
        for _attempt in range(2):
            try:
                os.link(entry.path, goal)
                return
            except FileExistsError:
                _remove(goal)
            except OSError:
                break  # another file system, or too many links
    shutil.copyfile(entry.path, goal)
    os.chmod(goal, entry.stat().st_mode | READABLE)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
