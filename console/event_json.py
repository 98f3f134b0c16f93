"""What is wrong with a test event, where, and what to do; pure.

JSON's own parser says "Expecting property name"; people paste comments, trailing commas, curly quotes and Python
literals from slides, so each of these is found by name and can be put right in one step.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core import strict_json
from core.strict_json import BadJson

CURLY = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"}
NAMED_UP_TO = 200_000  # characters; a longer event was made by a program, and its parser's words will do
# Strings are matched first, so that nothing inside of them is taken for a comment or a comma.
_TOKEN = re.compile(
    r'(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<comment>//[^\n]*|/\*.*?\*/|\#[^\n]*)"
    r"|(?P<comma>,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]]))"
    r"|(?P<curly>[“”„«»‘’‚])"
    r"|(?P<single>'(?:\\.|[^'\\\n])*')"
    r"|(?P<word>\b(?:None|True|False|undefined|NaN)\b)",
    re.DOTALL,
)
_WORDS = {"None": "null", "True": "true", "False": "false", "undefined": "null", "NaN": "null"}


@dataclass(frozen=True, slots=True)
class Fix:
    """One step that puts it right: what its button says, and the whole text afterwards."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Lines and columns count from 1; ``severity`` is ``error`` or ``warning``."""

    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    severity: str = "error"
    fix: Fix | None = None

    def as_json(self) -> dict[str, Any]:
        """For the editor."""
        return {
            "line": self.line,
            "column": self.column,
            "endLine": self.end_line,
            "endColumn": self.end_column,
            "message": self.message,
            "severity": self.severity,
            "fix": {"label": self.fix.label, "text": self.fix.text} if self.fix else None,
        }


def check(text: str) -> list[Problem]:
    """The problems of a test event, the first one first; an empty list when it is JSON."""
    if not text.strip():
        return [at(text, 0, 1, _("The event is empty. Write {} for an event without anything in it."), Fix("{}", "{}"))]
    try:
        strict_json.loads(text)
    except BadJson as error:
        return _named(text) or [_as_parsed(text, error)]
    return []


def at(text: str, start: int, end: int, message: str, fix: Fix | None = None, severity: str = "error") -> Problem:
    """A problem at an offset."""
    line, column = position(text, start)
    end_line, end_column = position(text, end)
    return Problem(line, column, end_line, end_column, message, severity, fix)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def repaired(text: str) -> str:
    """``text`` without comments and trailing commas, with straight quotes and JSON's own words."""
    straight = "".join(CURLY.get(character, character) for character in text)
    return _TOKEN.sub(_replacement, straight)


def _replacement(match: re.Match[str]) -> str:
    token = match[0]
    match match.lastgroup:
        case "comment" | "comma":
            return ""
        case "single":
            return '"' + token[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        case "word":
            return _WORDS[token]
    return token


_MESSAGES: dict[str, Callable[[], str]] = {
    "comment": lambda: _("JSON has no comments: remove it."),
    "comma": lambda: _("JSON allows no comma after the last entry: remove it."),
    "curly": lambda: _("This is a typographic quote; JSON wants a straight one."),
    "single": lambda: _("JSON wants double quotes around text."),
    "word": lambda: _("JSON writes null, true and false."),
}


def _named(text: str) -> list[Problem]:
    if len(text) > NAMED_UP_TO:
        return []
    fixed = repaired(text)
    fix = Fix(_("Put it right"), fixed.rstrip() + "\n" if fixed.strip() else "{}") if not _is_bad(fixed) else None
    return [
        at(text, match.start(), match.end(), _MESSAGES[match.lastgroup](), fix)
        for match in _TOKEN.finditer(text)
        if match.lastgroup in _MESSAGES
    ][:20]


def _is_bad(text: str) -> bool:
    try:
        strict_json.loads(text)
    except BadJson:
        return True
    return False


_REASONS: list[tuple[str, Callable[[], str]]] = [
    ("Expecting ',' delimiter", lambda: _("A comma is missing before this, or a bracket or quote is not closed.")),
    ("Expecting property name", lambda: _("A name in double quotes is missing here.")),
    ("Expecting ':' delimiter", lambda: _("A colon is missing between the name and its value.")),
    ("Expecting value", lambda: _("A value is missing here.")),
    ("Unterminated string", lambda: _("The closing quote of this text is missing.")),
    ("Invalid control character", lambda: _("Text may not go over the end of the line: write \\n.")),
    ("Invalid \\escape", lambda: _("There is no such escape: write \\\\ for a backslash.")),
    ("Extra data", lambda: _("There is something after the end of the event: an event is one value.")),
]


def _as_parsed(text: str, error: BadJson) -> Problem:
    words = next((say() for start, say in _REASONS if error.reason.startswith(start)), error.reason)
    line, column = error.line or 1, error.column or 1
    return Problem(line, column, line, column + 1, words)
