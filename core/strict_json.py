"""JSON from strangers: parsed strictly, within bounds, and made safe to store."""

import json
import math
from array import array
from itertools import accumulate
from typing import Any

MAX_DEPTH = 256
MAX_DIGITS = 400


class BadJson(ValueError):
    """Not acceptable JSON; ``line`` and ``column`` count from 1 where the parser knows them."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def _refuse_constant(name: str) -> Any:
    raise BadJson(f"{name} is not JSON")


def _bounded_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJson(f"{text[:MAX_DIGITS]} is out of range")
    return value


def _bounded_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadJson("A number has too many digits")
    return int(text)


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_bounded_float, parse_int=_bounded_int).decode

_BRACKETS_AND_QUOTES = b'[]{}"'
_OTHERS = bytes(sorted(set(range(256)) - set(_BRACKETS_AND_QUOTES)))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one level in, one level out, as signed bytes


def too_deep(text: str | bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether brackets nest deeper than ``limit``; counted without recursion, whether it is JSON or not."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    marks = raw.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _OTHERS)
    outside_strings = b"".join(marks.split(b'"')[::2])
    return max(accumulate(array("b", outside_strings.translate(_STEPS))), default=0) > limit


def loads(text: str | bytes, *, lone_surrogates: bool = True) -> Any:
    """Parse JSON; no NaN or Infinity, no endless numbers, no endless nesting. Raises ``BadJson``.

    With ``lone_surrogates=False`` text that has no UTF-8 form is refused too. Of a name given twice the last counts.
    """
    if too_deep(text):
        raise BadJson(f"JSON nests deeper than {MAX_DEPTH} levels")
    try:
        value = _decode(text.decode("utf-8") if isinstance(text, bytes) else text)
    except json.JSONDecodeError as error:
        raise BadJson(error.msg, error.lineno, error.colno) from None
    except UnicodeDecodeError:
        raise BadJson("The text is not UTF-8") from None
    except RecursionError:
        raise BadJson("JSON nests too deep") from None
    if not lone_surrogates:
        _refuse_lone_surrogates(text, value)
    return value


def _refuse_lone_surrogates(text: str | bytes, value: Any) -> None:
    """Half a pair only ever comes from an escape, so all other text is passed over at once."""
    if not _has_escape(text):
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadJson("The text holds half a surrogate pair") from None


def _has_escape(text: str | bytes) -> bool:
    """Whether half of a pair may be written in it; one byte is found ten times as fast as two."""
    if isinstance(text, bytes):
        return b"\\" in text and rb"\ud" in text.lower()
    return "\\" in text and r"\ud" in text.lower()


def storable(text: str) -> str:
    """``text`` with NUL and lone surrogates replaced, so that every database and browser takes it."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text
