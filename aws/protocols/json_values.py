"""JSON bodies against the model: one compiled reader and writer for each shape, both ways.

A reader turns parsed JSON into members in wire casing of the model and refuses other types, as AWS does; a
writer does the reverse. ``None`` for a reader or writer means: take the value as it is.
"""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any

from aws.errors import SerializationError
from aws.model import Member, ServiceModel, Shape
from aws.protocols import timestamps

type Convert = Callable[[Any], Any]

INTEGER_BITS = {"byte": 8, "short": 16, "integer": 32, "long": 64}
SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_TOKENS: Mapping[type, str] = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


def _refuse(value: Any, wanted: str) -> SerializationError:
    """AWS's words for a value of the wrong type: ``STRING_VALUE can not be converted to an Integer``."""
    wanted = f"{'an' if wanted[0] in 'AEIOU' else 'a'} {wanted}"
    if isinstance(value, dict | list):
        found = "structure or map" if isinstance(value, dict) else "list"
        return SerializationError(f"Start of {found} found where not expected.")
    if isinstance(value, bool):
        return SerializationError(f"{'TRUE' if value else 'FALSE'}_VALUE can not be converted to {wanted}")
    return SerializationError(f"{_TOKENS.get(type(value), 'NULL_VALUE')} can not be converted to {wanted}")


# -- reading ---------------------------------------------------------------------------------------


def reader(service: ServiceModel, shape: Shape) -> Convert:
    """The reader of ``shape``, compiled once."""
    return service.compiled(
        ("json reader", shape.name), lambda: _READERS.get(shape.type, _read_structure)(service, shape)
    )


def _later(service: ServiceModel, member: Member) -> Convert:
    """A reader that is looked up at the first use: shapes may contain themselves."""
    shape, found = member.shape, None

    def read(value: Any) -> Any:
        nonlocal found
        if found is None:
            found = reader(service, shape)
        return found(value)

    return read if shape.type in ("structure", "list", "map") else reader(service, shape)


def _read_structure(service: ServiceModel, shape: Shape) -> Convert:
    if shape.traits.get("document"):
        return lambda value: value
    return structure_reader(service, shape)


def structure_reader(service: ServiceModel, shape: Shape, only: frozenset[str] | None = None) -> Convert:
    """A JSON object to members; ``only`` names those that the body may hold."""
    chosen = [(name, member) for name, member in shape.members.items() if only is None or name in only]
    members = {member.wire_name: (name, _later(service, member)) for name, member in chosen}

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _refuse(value, shape.name)
        found = {}
        for wire_name, item in value.items():
            if item is not None and (target := members.get(wire_name)):
                found[target[0]] = target[1](item)
        return found

    return read


def _read_list(service: ServiceModel, shape: Shape) -> Convert:
    item_reader = _later(service, shape.member)

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _refuse(value, "List")
        return [None if item is None else item_reader(item) for item in value]

    return read


def _read_map(service: ServiceModel, shape: Shape) -> Convert:
    item_reader = _later(service, shape.value)
    sparse = bool(shape.traits.get("sparse"))

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _refuse(value, "Map")
        items = value.items()
        return {key: None if item is None else item_reader(item) for key, item in items if sparse or item is not None}

    return read


def _read_string(service: ServiceModel, shape: Shape) -> Convert:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise _refuse(value, "String")
        return value

    return read


def _read_blob(service: ServiceModel, shape: Shape) -> Convert:
    def read(value: Any) -> bytes:
        if not isinstance(value, str):
            raise _refuse(value, "Blob")
        return decode_base64(value)

    return read


def _read_integer(service: ServiceModel, shape: Shape) -> Convert:
    limit = 1 << (INTEGER_BITS[shape.type] - 1)
    wanted = shape.type.capitalize()

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value < limit:
            raise _refuse(value, wanted)
        return int(value)

    return read


def _read_float(service: ServiceModel, shape: Shape) -> Convert:
    def read(value: Any) -> float:
        if isinstance(value, str) and value in SPECIAL_FLOATS:
            return SPECIAL_FLOATS[value]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refuse(value, "Double")
        try:
            return float(value)
        except OverflowError:
            raise _refuse(value, "Double") from None

    return read


def _read_boolean(service: ServiceModel, shape: Shape) -> Convert:
    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise _refuse(value, "Boolean")
        return value

    return read


_READERS: Mapping[str, Callable[[ServiceModel, Shape], Convert]] = {
    "list": _read_list,
    "map": _read_map,
    "string": _read_string,
    "blob": _read_blob,
    "timestamp": lambda service, shape: timestamps.parse,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    **dict.fromkeys(INTEGER_BITS, _read_integer),
}


def decode_base64(text: str) -> bytes:
    """Strict base 64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SerializationError("Unable to decode a blob: it is not valid base64.") from None


# -- writing ---------------------------------------------------------------------------------------


def writer(service: ServiceModel, member: Member) -> Convert | None:
    """The writer of a member, compiled once; None when the value can go as it is."""
    timestamp_format = member.trait("timestampFormat") or "unixTimestamp"
    key = ("json writer", member.shape.name, timestamp_format)
    # A one-tuple, because None is an answer worth keeping.
    return service.compiled(key, lambda: (_make_writer(service, member.shape, timestamp_format),))[0]


def _make_writer(service: ServiceModel, shape: Shape, timestamp_format: str) -> Convert | None:
    match shape.type:
        case "structure":
            return None if shape.traits.get("document") else structure_writer(service, shape)
        case "list":
            return _write_list(service, shape)
        case "map":
            return _write_map(service, shape)
        case "blob":
            return encode_base64
        case "timestamp":
            return (
                timestamps.epoch if timestamp_format == "unixTimestamp" else timestamps.TEXT_FORMATS[timestamp_format]
            )
        case "float" | "double":
            return _write_float
        case _:
            return None


def structure_writer(service: ServiceModel, shape: Shape, only: frozenset[str] | None = None) -> Convert:
    """Members to a JSON object; ``only`` names those that belong into the body."""
    names = frozenset(shape.members)
    chosen = [(name, member) for name, member in shape.members.items() if only is None or name in only]
    members: list[tuple[str, str, Convert | None]] = []

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal members
        if not members:  # at the first use, not before: shapes may contain themselves
            members = [(name, member.wire_name, writer(service, member)) for name, member in chosen]
        check_names(shape, names, value)
        written = {}
        for name, wire_name, convert in members:
            if (item := value.get(name)) is not None:
                written[wire_name] = convert(item) if convert else item
        return written

    return write


def check_names(shape: Shape, names: frozenset[str], value: Mapping[str, Any]) -> None:
    """An answer with a member that the model does not have is a mistake in an operation: say so at once."""
    if not names.issuperset(value):
        raise LookupError(f"{shape.name} has no member {', '.join(sorted(value.keys() - names))}")


def _write_list(service: ServiceModel, shape: Shape) -> Convert | None:
    def write(value: Any) -> list[Any]:
        convert = writer(service, shape.member)
        return [item if convert is None or item is None else convert(item) for item in value]

    return write


def _write_map(service: ServiceModel, shape: Shape) -> Convert | None:
    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        convert = writer(service, shape.value)
        return {key: item if convert is None or item is None else convert(item) for key, item in value.items()}

    return write


def encode_base64(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


def _write_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
