"""Looking into packages without unpacking them: which files there are, and what one of them says."""

from dataclasses import dataclass

from functions import archives
from functions.zips import Archive

TEXT_SIZE = 400_000  # bytes; more is not read by a person


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of a package, by its path; ``size`` in bytes, unpacked."""

    path: str
    size: int


def list_files(sha256: str) -> list[PackedFile]:
    """The files of a package, by path."""
    found = [PackedFile(entry.path, entry.size) for entry in Archive(archives.package_bytes(sha256)).files]
    return sorted(found, key=lambda file: file.path)


def read_text(sha256: str, path: str) -> str | None:
    """One file's text; None when there is no such file, it is not text, or it is too long."""
    archive = Archive(archives.package_bytes(sha256))
    entry = next((entry for entry in archive.files if entry.path == path), None)
    if entry is None or entry.size > TEXT_SIZE:
        return None
    data = archive.read(entry)
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
