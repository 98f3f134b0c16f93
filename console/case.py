"""A failed invocation as its explanation sees it: what there is to look at, and what can be said about it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from console import editing
from console.course import Written
from console.results import Result

_PYTHON_FRAME = re.compile(r'File "/var/task/([^"]+)", [Ll]ine (\d+)')
_NODE_FRAME = re.compile(r"/var/task/([^:()\s]+):(\d+)(?::\d+)?")
_LINE_OF_FILE = re.compile(r"\(([\w./-]+), line (\d+)\)|file \"?/var/task/([\w./-]+)\"? line (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file of the package."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Fix:
    """A button: it sets ``setting`` of the function to ``value`` and runs the test again.

    ``page`` names the URL it is sent to.
    """

    label: SafeString
    setting: str
    value: str
    page: str = "function_set"


@dataclass(frozen=True, slots=True)
class Edit:
    """A button: the editor writes ``text`` in place of that line, as one change to undo, and runs the test again."""

    label: SafeString
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """``text`` may be empty when only the place is known."""

    text: SafeString | str = ""
    place: Place | None = None
    fixes: tuple[Fix, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to look at. ``files`` holds the package's text files by path, ``log`` what was written."""

    result: Result
    handler: str
    timeout: int
    memory_size: int
    files: Mapping[str, str] = field(default_factory=dict)
    account_id: str = ""
    role: str = ""
    log: Sequence[Written] = ()

    @property
    def handler_file(self) -> str:
        return editing.handler_file(list(self.files), self.handler)

    @property
    def event(self) -> Any:
        try:
            return json.loads(self.result.payload or b"null")
        except (ValueError, RecursionError):
            return None

    def line_of(self, place: Place | None) -> str:
        """The text of a line, or an empty string."""
        lines = self.files.get(place.path, "").splitlines() if place else []
        return lines[place.line - 1] if place and 0 < place.line <= len(lines) else ""


def find_place(case: Case) -> Place | None:
    """The last line of the function's own code that the error names."""
    for text in (*reversed(case.result.trace), case.result.error_message):
        for pattern in (_PYTHON_FRAME, _NODE_FRAME):
            named = [Place(path, int(line)) for path, line in pattern.findall(text) if path in case.files]
            if named:
                return named[-1]
    if match := _LINE_OF_FILE.search(case.result.error_message):
        path, line = match[1] or match[3], int(match[2] or match[4])
        return next((Place(known, line) for known in case.files if known == path or known.endswith(f"/{path}")), None)
    return None


def code(text: object) -> SafeString:
    """A name as code; escaped."""
    return format_html("<code>{}</code>", text)


def codes(names: list[str]) -> SafeString:
    """Names as code, between commas."""
    return format_html_join(", ", "<code>{}</code>", ((name,) for name in names))
