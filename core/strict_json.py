"""JSON from strangers: parsed strictly, within bounds, and made safe to store."""

import json
import math
from typing import Any

MAX_DEPTH = 256


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
        raise BadJson(f"{text} is out of range")
    return value


def _bounded_int(text: str) -> int:
    if len(text) > 400:
        raise BadJson("A number has too many digits")
    return int(text)


def too_deep(text: str | bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether brackets nest deeper than ``limit``; counted without recursion, strings included (an upper bound)."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def loads(text: str | bytes) -> Any:
    """Parse JSON; no NaN or Infinity, no endless numbers, no endless nesting. Raises ``BadJson``."""
    if too_deep(text):
        raise BadJson(f"JSON nests deeper than {MAX_DEPTH} levels")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_bounded_float, parse_int=_bounded_int)
    except json.JSONDecodeError as error:
        raise BadJson(error.msg, error.lineno, error.colno) from None
    except UnicodeDecodeError:
        raise BadJson("The text is not UTF-8") from None
    except RecursionError:
        raise BadJson("JSON nests too deep") from None


def storable(text: str) -> str:
    """``text`` with NUL and lone surrogates replaced, so that every database and browser takes it."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text
