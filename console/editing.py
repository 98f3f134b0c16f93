"""The files of a package as the editor shows them, and what was done to them there."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from functions import archives
from functions.archives import EditedFiles

TABS = 40
TEXT_SIZE = 400_000  # bytes; a longer file was made by a program, and is left alone
FIELD = "file:"


@dataclass(frozen=True, slots=True)
class File:
    """One file; ``text`` is None when it is not text, and only its size can be shown."""

    path: str
    text: str | None
    size: int


def files(sha256: str, *, first: str = "") -> list[File]:
    """The files of a package: ``first`` before all others, the ones that are not text last.

    Raises ``InvalidParameterValue`` when the package is too large for the editor.
    """
    found = [File(path, _as_text(data), len(data)) for path, data in archives.read_files(sha256).items()]
    return sorted(found, key=lambda file: (file.path != first, file.text is None, file.path.count("/"), file.path))


def handler_file(paths: Mapping[str, object] | list[str], handler: str) -> str:
    """Which of ``paths`` the handler is in, or an empty string."""
    module = handler.rpartition(".")[0].replace(".", "/") if "/" not in handler else handler.rpartition(".")[0]
    return next((f"{module}{end}" for end in (".py", ".mjs", ".js", ".cjs") if f"{module}{end}" in paths), "")


def changes(sha256: str, posted: QueryDict) -> EditedFiles:
    """What the form changes in the package: contents by path, None for a file that is removed."""
    now = archives.read_files(sha256)
    edited: EditedFiles = {path: None for path in posted.getlist("removed") if path in now}
    for field in posted:
        if not field.startswith(FIELD):
            continue
        path = field.removeprefix(FIELD)
        data = _as_bytes(str(posted[field]), now.get(path, b""))
        if data != now.get(path):
            edited[path] = data
        else:
            edited.pop(path, None)
    return edited


def _as_text(data: bytes) -> str | None:
    if len(data) > TEXT_SIZE or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _as_bytes(text: str, before: bytes) -> bytes:
    """A form sends every line end as CRLF; the file keeps the ones it had."""
    lines = text.replace("\r\n", "\n")
    if b"\r\n" in before:
        lines = lines.replace("\n", "\r\n")
    return lines.encode("utf-8", "replace")
