"""Comparing one value with what a pattern asks of it."""

import math
import re
from collections.abc import Callable
from typing import Any

from logs.errors import InvalidFilterPattern

COMPARISONS = ("!=", "<=", ">=", "=", "<", ">")
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)

type Test = Callable[[Any], bool]

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "<": lambda value, wanted: value < wanted,
    ">": lambda value, wanted: value > wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">=": lambda value, wanted: value >= wanted,
}


def as_number(text: str) -> float | None:
    """The number that ``text`` is, or None; no endless digits, no NaN, no infinity."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def comparison(operator: str, wanted: str, *, quoted: bool) -> Test:
    """A test of a text or number against ``wanted``: as numbers when it is one and stands without quotes.

    Texts are equal or not, and may have ``*`` for anything; only numbers are less or greater.
    """
    number = None if quoted else as_number(wanted)
    if number is not None:
        return _number_test(operator, number)
    if operator not in ("=", "!="):
        raise InvalidFilterPattern
    glob = Glob(wanted)
    if operator == "=":
        return lambda value: isinstance(value, str) and glob.matches(value)
    return lambda value: isinstance(value, str) and not glob.matches(value)


def _number_test(operator: str, wanted: float) -> Test:
    order = _ORDERS[operator]

    def test(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return order(value, wanted)

    return test


class Glob:
    """Text with ``*`` for any run of characters. Takes the leftmost place of each part: linear, never goes back."""

    def __init__(self, pattern: str) -> None:
        self._head, *rest = pattern.split("*")
        self._exact = not rest
        self._tail = rest.pop() if rest else ""
        self._middle = [part for part in rest if part]

    def matches(self, text: str) -> bool:
        if self._exact:
            return text == self._head
        if len(text) < len(self._head) + len(self._tail):
            return False
        if not text.startswith(self._head) or not text.endswith(self._tail):
            return False
        position, end = len(self._head), len(text) - len(self._tail)
        for part in self._middle:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True
