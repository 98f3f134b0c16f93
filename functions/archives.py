"""Deployment packages on disk: each zip once under its sha256, and beside it the files unpacked, never changed.

Everything is written under a temporary name and renamed, so a crash leaves either all of a package or nothing
of it; storing the same bytes again is harmless. The rows (``DeploymentPackage``) point here, never the other way.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.conf import settings

from core import limits
from core.errors import InvalidParameterValue
from core.prepared import Prepared
from functions import zips
from functions.errors import ArchiveRefused, RequestEntityTooLarge
from functions.models import DeploymentPackage
from functions.zips import Archive, pack

__all__ = [
    "EditedFiles",
    "pack",
    "package_bytes",
    "package_dir",
    "package_path",
    "read_files",
    "remove_unused",
    "replace_files",
    "store_package",
]

# AWS limits the request: 50 MB of zip in base64, and room for the other members.
REQUEST_SIZE_LIMIT = 69_905_067
UNUSED_S = 3600

type EditedFiles = dict[str, bytes | None]
"""Path to new contents; None removes the file."""

_PACKAGE = Prepared(lambda sha256: DeploymentPackage.objects.filter(sha256=sha256), sha256=str)
_checked: set[str] = set()  # trees this process has compared with their zip


def store_package(data: bytes, *, operation: str = "CreateFunction") -> DeploymentPackage:
    """Check a zip, keep it and its unpacked files, and return its row; the same bytes give the same row.

    Raises ``ArchiveRefused``, ``PackageTooLarge`` (250 MB unzipped), ``RequestEntityTooLarge`` (50 MB zipped).
    ``operation`` is named in AWS's text for the last.
    """
    if len(data) > limits.PACKAGE_ZIPPED_SIZE:
        raise RequestEntityTooLarge(limit=REQUEST_SIZE_LIMIT, operation=operation)
    sha256 = hashlib.sha256(data).hexdigest()
    archive = Archive(data)
    with _shelves(fcntl.LOCK_SH):
        _mark(sha256).unlink(missing_ok=True)
        _ensure_tree(archive, sha256)
        if not _zip(sha256).is_file():
            _keep(data, sha256)
        return _row(sha256, size=len(data), unzipped_size=archive.unzipped_size)


def _row(sha256: str, **sizes: int) -> DeploymentPackage:
    if (package := _PACKAGE.one(sha256=sha256)) is None:
        made = DeploymentPackage(sha256=sha256, **sizes)
        DeploymentPackage.objects.bulk_create([made], ignore_conflicts=True)  # who stores the same is not in the way
        package = _PACKAGE.one(sha256=sha256) or made
    return package


def package_dir(sha256: str) -> Path:
    """The directory of the unpacked files: folders 0755, files 0644 or 0755. Mount it read-only.

    The first time in a process its files are compared with the zip (a power cut can lose what was just written),
    and unpacked again if they differ; after that only its existence is looked at.
    """
    tree = _tree(sha256)
    if sha256 not in _checked or not tree.is_dir():
        with _shelves(fcntl.LOCK_SH):
            _ensure_tree(Archive(package_bytes(sha256)), sha256)
    return tree


def package_path(sha256: str) -> Path:
    """The file that holds the zip exactly as it was sent."""
    return _zip(sha256)


def package_bytes(sha256: str) -> bytes:
    """The zip exactly as it was sent."""
    return _zip(sha256).read_bytes()


def read_files(sha256: str) -> dict[str, bytes]:
    """The files of a package for the console's editor, by path; a package over 3 MB is too large for it."""
    if (size := _zip(sha256).stat().st_size) > limits.CONSOLE_EDITOR_PACKAGE_SIZE:
        raise InvalidParameterValue(
            f"The deployment package is too large ({size} bytes) to enable inline code editing. "
            "However, you can still invoke your function."
        )
    archive = Archive(package_bytes(sha256))
    return {entry.path: archive.read(entry) for entry in archive.files}


def replace_files(sha256: str, changes: EditedFiles) -> bytes:
    """A new zip: the package's files with ``changes`` made; a file that was executable stays so."""
    archive = Archive(package_bytes(sha256))
    executable = frozenset(entry.path for entry in archive.files if entry.executable)
    files = {entry.path: archive.read(entry) for entry in archive.files}
    for name, contents in changes.items():
        path = zips.clean_path(name)
        if not path:
            raise ArchiveRefused(f"The file name {name!a} is empty.")
        if contents is None:
            files.pop(path, None)
        else:
            files[path] = contents
    return pack(files, executable=executable)


def remove_unused(*, unused: Callable[[], Iterable[DeploymentPackage]], now: datetime) -> int:
    """Remove the packages that nobody used at the last look either, an hour ago or more; returns how many.

    The hour lets invocations end that still run from them, and whoever has just stored one make use of it.
    ``unused`` is asked while nobody can store anything.
    """
    removed = 0
    with _shelves(fcntl.LOCK_EX):
        shutil.rmtree(_tmp(), ignore_errors=True)  # left by a process that was killed: nobody works there now
        for package in unused():
            mark = _mark(package.sha256)
            if not mark.exists():
                mark.touch()
                os.utime(mark, (now.timestamp(), now.timestamp()))
            elif now.timestamp() - mark.stat().st_mtime >= UNUSED_S:
                _remove(package)
                removed += 1
    return removed


def _remove(package: DeploymentPackage) -> None:
    """The row first: a crash in between leaves files that the next equal package takes over."""
    sha256 = package.sha256
    package.delete()
    _checked.discard(sha256)
    with _workshop() as workshop:
        for place in (_tree(sha256), _zip(sha256), _mark(sha256)):
            if place.exists():
                place.rename(workshop / place.name)


@contextmanager
def _shelves(how: int) -> Iterator[None]:
    """Many may store at once (``LOCK_SH``), and only one remove (``LOCK_EX``), whatever process they are in."""
    Path(settings.CODE_DIR).mkdir(mode=0o755, parents=True, exist_ok=True)
    with _locked("lock", how):
        yield


@contextmanager
def _locked(name: str, how: int) -> Iterator[None]:
    with (Path(settings.CODE_DIR) / name).open("w") as file:
        fcntl.flock(file, how)
        yield


# -- places ----------------------------------------------------------------------------------------


def _tmp() -> Path:
    return Path(settings.CODE_DIR) / "tmp"


def _zip(sha256: str) -> Path:
    return Path(settings.CODE_DIR) / "zips" / _digest(sha256)[:2] / f"{sha256}.zip"


def _tree(sha256: str) -> Path:
    return Path(settings.CODE_DIR) / "trees" / _digest(sha256)[:2] / sha256


def _mark(sha256: str) -> Path:
    """A file that says since when (its time of change) nobody uses the package."""
    return _zip(sha256).with_suffix(".unused")


def _digest(sha256: str) -> str:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a sha256 in hexadecimal")
    return sha256


@contextmanager
def _workshop() -> Iterator[Path]:
    """A private directory on the same file system, gone afterwards with whatever is left in it."""
    _tmp().mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=_tmp()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


# -- writing ---------------------------------------------------------------------------------------


def _keep(data: bytes, sha256: str) -> None:
    target = _zip(sha256)
    _make_parent(target)
    with _workshop() as workshop:
        part = workshop / "zip"
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(target)
    _sync_dir(target.parent)


def _ensure_tree(archive: Archive, sha256: str) -> None:
    """A whole tree is left alone: an execution environment may be running from it."""
    if not _is_whole(_tree(sha256), archive):
        _unpack(archive, sha256)
    _checked.add(sha256)


def _unpack(archive: Archive, sha256: str) -> None:
    """Unpack beside, then take the place of what is there, one after another: a whole tree is never moved away.

    A class that saves the same code together comes here together, and the first one's tree is run from already.
    """
    target = _tree(sha256)
    _make_parent(target)
    with _workshop() as workshop:
        tree = workshop / "tree"
        _write_tree(archive, tree)
        with _locked("taking-place", fcntl.LOCK_EX):
            if _is_whole(target, archive):
                return
            if target.exists():
                target.rename(workshop / "old")
            tree.rename(target)


def _write_tree(archive: Archive, tree: Path) -> None:
    _make_dir(tree)
    made = {tree}
    for entry in archive.entries:
        path = tree / entry.path
        for folder in [*reversed(path.relative_to(tree).parents), *([path.relative_to(tree)] if entry.is_dir else [])]:
            if (place := tree / folder) not in made:
                _make_dir(place)
                made.add(place)
        if not entry.is_dir:
            _write_file(archive, entry, path)


def _write_file(archive: Archive, entry: zips.Entry, path: Path) -> None:
    with path.open("xb") as file:
        for chunk in archive.chunks(entry):
            file.write(chunk)
    path.chmod(0o755 if entry.executable else 0o644)


def _make_dir(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)


def _make_parent(target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)


def _sync_dir(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- checking --------------------------------------------------------------------------------------


def _is_whole(tree: Path, archive: Archive) -> bool:
    """Whether every file of the archive is there at its size; contents lost to a power cut show as short files."""
    if not tree.is_dir():
        return False
    return all(_is_file_of(tree / entry.path, entry.size) for entry in archive.files)


def _is_file_of(path: Path, size: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def forget_checks() -> None:
    """Compare every tree with its zip again, as a new process would."""
    _checked.clear()
