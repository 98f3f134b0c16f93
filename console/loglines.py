"""Log lines as HTML. What a function prints is hostile until it is escaped; it is never anything but text here."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

PLATFORM = "p"
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ERROR = re.compile(
    r"^(\[ERROR\]|Traceback \(most recent|  File \"|\s*raise |\w*(Error|Exception)\b)|\tERROR\t|Task timed out"
)
_WARNING = re.compile(r"^\[WARN(ING)?\]|\tWARN\t")
type Line = tuple[str, str]
"""Message and source."""


def chunk(lines: Iterable[Line]) -> SafeString:
    """Lines as one element, each with the colour of its kind."""
    rows = [(kind(text, source), text) for message, source in lines for text in split(message)]
    return format_html('<div class="log-chunk">{}</div>', format_html_join("", '<div class="l{}">{}</div>', rows))


def timed(lines: Iterable[tuple[datetime, str, str]]) -> SafeString:
    """The same, each message with its time (UTC) before its first line."""
    rows = [
        (kind(text, source), f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}" if index == 0 else "", text)
        for at, message, source in lines
        for index, text in enumerate(split(message))
    ]
    return format_html(
        '<div class="log-chunk">{}</div>',
        format_html_join("", '<div class="l{}"><span class="at">{}</span>{}</div>', rows),
    )


def split(message: str) -> list[str]:
    """The lines of a message without colours and control characters."""
    clean = _CONTROL.sub("\ufffd", _ANSI.sub("", message.replace("\r\n", "\n").replace("\r", "\n")))
    return clean.rstrip("\n").split("\n")


def kind(text: str, source: str) -> str:
    """The class of a line: the platform's own, an error, a warning, or nothing."""
    if source == PLATFORM and "timed out" not in text:
        return " p"
    if _ERROR.search(text):
        return " e"
    return " w" if _WARNING.search(text) else ""
