"""Scalars as text: in paths, query strings, headers, forms and XML."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from aws.errors import SerializationError
from aws.model import Member
from aws.protocols import timestamps
from aws.protocols.json_values import INTEGER_BITS, SPECIAL_FLOATS, decode_base64

_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)


def reader(member: Member) -> Callable[[str], Any]:
    """From text to the member's type; refuses what is not of that type."""
    shape_type = member.shape.type
    if shape_type in INTEGER_BITS:
        return _integer_reader(1 << (INTEGER_BITS[shape_type] - 1))
    return _READERS.get(shape_type, _read_string)


def _read_string(text: str) -> str:
    return text


def _integer_reader(limit: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not -limit <= (value := int(text)) < limit:
            raise SerializationError(f"'{text[:64]}' can not be converted to an Integer")
        return value

    return read


def _read_float(text: str) -> float:
    if (special := SPECIAL_FLOATS.get(text)) is not None:
        return special
    if not _FLOAT.fullmatch(text) or not math.isfinite(value := float(text)):
        raise SerializationError(f"'{text[:64]}' can not be converted to a Double")
    return value


def _read_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise SerializationError(f"'{text[:64]}' can not be converted to a Boolean")
    return text == "true"


_READERS: Mapping[str, Callable[[str], Any]] = {
    "blob": decode_base64,
    "boolean": _read_boolean,
    "float": _read_float,
    "double": _read_float,
    "timestamp": timestamps.parse,
}


def float_text(value: float) -> str:
    """A number as JSON and XML Schema write it."""
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
