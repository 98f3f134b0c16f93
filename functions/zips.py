"""Zips from strangers: what is inside, checked before a single file is written.

Pure: bytes in, entries or ``ArchiveRefused`` out. What AWS silently unpacks and what could escape, overwrite
or exhaust something is refused here, by name; sizes are counted while reading, never believed.
"""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from core import limits
from functions.errors import ArchiveRefused, PackageTooLarge

_CHUNK = 256 * 1024
_NAME_BYTES = 255  # of one path component, as Linux file systems have it
_PATH_BYTES = 1024
_END = b"PK\x05\x06"
_CENTRAL_ENTRY = b"PK\x01\x02"
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    OverflowError,
    ValueError,
    struct.error,
    OSError,
    IndexError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory to unpack: its path is relative, clean and unique; its mode is 0755 or 0644."""

    path: str
    is_dir: bool
    executable: bool
    size: int
    info: zipfile.ZipInfo


class Archive:
    """A zip whose entries have passed every check that needs no unpacking."""

    def __init__(self, data: bytes) -> None:
        """Raises ``ArchiveRefused`` or ``PackageTooLarge``."""
        _check_entry_count(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self.entries = _entries(self._zip.infolist())
            _check_no_overlap(data, self._zip)
        except _UNREADABLE as error:
            raise ArchiveRefused from error
        if self.unzipped_size > limits.PACKAGE_UNZIPPED_SIZE:
            raise PackageTooLarge(limit=limits.PACKAGE_UNZIPPED_SIZE)

    @property
    def files(self) -> list[Entry]:
        """The entries that are files."""
        return [entry for entry in self.entries if not entry.is_dir]

    @property
    def unzipped_size(self) -> int:
        """The sum of the sizes that the entries claim; ``chunks`` holds them to it."""
        return sum(entry.size for entry in self.entries)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The contents of a file, piece by piece; ``ArchiveRefused`` when they are not what the entry claims."""
        left = entry.size
        try:
            with self._zip.open(entry.info) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ArchiveRefused
                    yield chunk
        except _UNREADABLE as error:
            raise ArchiveRefused from error
        if left:
            raise ArchiveRefused

    def read(self, entry: Entry) -> bytes:
        """The contents of a file at once."""
        return b"".join(self.chunks(entry))


def pack(files: dict[str, bytes], *, executable: frozenset[str] = frozenset()) -> bytes:
    """A zip of ``files`` (path: contents), the same bytes for the same files: no times, sorted names.

    A file is executable when it is listed, is called ``bootstrap``, or begins with ``#!``.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            runs = path in executable or path == "bootstrap" or files[path].startswith(b"#!")
            info.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[path])
    return buffer.getvalue()


def clean_path(name: str) -> str:
    """``name`` as a relative path without ``.`` and empty parts; ``ArchiveRefused`` when it could go anywhere else."""
    if "\x00" in name or any(unicodedata.category(char) in _CONTROL or char in _BIDI for char in name):
        raise _refuse(name, "has a control character in its name")
    if "\\" in name:
        raise _refuse(name, "has a backslash in its name; a zip separates folders by '/'")
    if name.startswith("/") or _DRIVE.match(name):
        raise _refuse(name, "is an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refuse(name, "leads out of the archive")
    path = "/".join(parts)
    if len(path.encode()) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in parts):
        raise _refuse(name, "has a name that is too long")
    return path


def _refuse(name: str, reason: str) -> ArchiveRefused:
    return ArchiveRefused(f"Could not unzip uploaded file. The entry {name[:200]!a} {reason}.")


def _check_entry_count(data: bytes) -> None:
    """Count the central directory before the library reads it: 100,000 entries take it seconds.

    The count is an upper bound whatever the sizes in the end record claim: at worst all of the file is searched.
    """
    end = data.rfind(_END)
    if end < 0 or len(data) < end + 22:
        raise ArchiveRefused
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    if data.count(_CENTRAL_ENTRY, max(0, end - size), end) > limits.PACKAGE_ENTRIES:
        raise ArchiveRefused(
            f"Could not unzip uploaded file. It has more than {limits.PACKAGE_ENTRIES} entries, "
            "the most this server unpacks."
        )


def _entries(infos: list[zipfile.ZipInfo]) -> list[Entry]:
    if len(infos) > limits.PACKAGE_ENTRIES:
        raise ArchiveRefused
    entries: dict[str, Entry] = {}
    for info in infos:
        entry = _entry(info)
        if not entry.path:
            continue  # "./", the archive itself
        if entry.path in entries and not (entry.is_dir and entries[entry.path].is_dir):
            raise _refuse(entry.path, "is in the archive twice")
        entries[entry.path] = entry
    for path in entries:
        _check_parents(path, entries)
    return list(entries.values())


def _entry(info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16
    if "\x00" in info.orig_filename:  # the library cuts the name there
        raise _refuse(info.orig_filename, "has a control character in its name")
    path = clean_path(info.filename)
    is_dir = info.filename.endswith("/")
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        raise _refuse(path, "is a symbolic link, which is not unpacked here; zip the file itself (without -y)")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not is_dir):
        raise _refuse(path, "is not a regular file")
    if info.flag_bits & _ENCRYPTED:
        raise _refuse(path, "is encrypted")
    if info.compress_type not in _METHODS:
        raise _refuse(path, "is compressed by a method that is not deflate")
    if is_dir and info.file_size:
        raise _refuse(path, "is a folder with contents")
    return Entry(path, is_dir, bool(mode & 0o111) and not is_dir, info.file_size, info)


def _check_parents(path: str, entries: dict[str, Entry]) -> None:
    parent = path
    while "/" in parent:
        parent = parent.rpartition("/")[0]
        if parent in entries and not entries[parent].is_dir:
            raise _refuse(parent, "is both a file and a folder")


def _check_no_overlap(data: bytes, archive: zipfile.ZipFile) -> None:
    """Two entries that share bytes are how a small zip becomes a huge one; each must end before the next begins."""
    end_of_last = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end_of_last:
            raise _refuse(info.filename, "overlaps another entry")
        header = _LOCAL_HEADER.unpack_from(data, info.header_offset)
        if header[0] != b"PK\x03\x04":
            raise ArchiveRefused
        end_of_last = info.header_offset + _LOCAL_HEADER.size + header[-2] + header[-1] + info.compress_size
    if end_of_last > archive.start_dir:
        raise ArchiveRefused
