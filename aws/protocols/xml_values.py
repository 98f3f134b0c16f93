"""XML answers against the model: one compiled writer for each shape, for the query protocol and REST-XML."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from aws.model import Member, ServiceModel, Shape
from aws.protocols import timestamps
from aws.protocols.json_values import check_names, encode_base64
from aws.protocols.text_values import float_text

type Write = Callable[[Any, str, list[str]], None]
"""Appends the element ``tag`` for a value."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    """Escaped for XML 1.0; what XML cannot carry at all becomes U+FFFD, and a CR survives the parser."""
    return escape(_NOT_XML.sub("\ufffd", value), {"\r": "&#xD;"})


def writer(service: ServiceModel, member: Member) -> Write:
    """The writer of a member, compiled once for its shape and the traits of its place."""
    flattened = bool(member.trait("flattened"))
    timestamp_format = member.trait("timestampFormat") or "iso8601"
    namespace = _namespace(member.trait("xmlNamespace"))
    key = ("xml writer", member.shape.name, flattened, timestamp_format, namespace, member.location_name)
    return service.compiled(key, lambda: _make_writer(service, member, flattened, timestamp_format, namespace))


def _namespace(trait: Any) -> str:
    """The attribute that declares a namespace, with the space before it; empty without one."""
    if not trait:
        return ""
    uri, prefix = (trait, "") if isinstance(trait, str) else (trait.get("uri", ""), trait.get("prefix", ""))
    return f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}"


def _make_writer(
    service: ServiceModel, member: Member, flattened: bool, timestamp_format: str, namespace: str
) -> Write:
    shape = member.shape
    match shape.type:
        case "structure":
            return _write_structure(service, shape, namespace)
        case "list":
            return _write_list(service, shape, flattened, namespace)
        case "map":
            return _write_map(service, shape, flattened, namespace)
        case "timestamp":
            return _write_scalar(timestamps.TEXT_FORMATS[timestamp_format], namespace)
        case scalar:
            return _write_scalar(_SCALARS.get(scalar, str), namespace)


_SCALARS: Mapping[str, Callable[[Any], str]] = {
    "string": text,
    "blob": encode_base64,
    "boolean": lambda value: "true" if value else "false",
    "float": float_text,
    "double": float_text,
}


def _write_scalar(convert: Callable[[Any], str], namespace: str) -> Write:
    def write(value: Any, tag: str, out: list[str]) -> None:
        out.append(f"<{tag}{namespace}>{convert(value)}</{tag}>")

    return write


def _write_structure(service: ServiceModel, shape: Shape, namespace: str) -> Write:
    content = structure_content(service, shape)

    def write(value: Mapping[str, Any], tag: str, out: list[str]) -> None:
        out.append(f"<{tag}{namespace}>")
        content(value, out)
        out.append(f"</{tag}>")

    return write


def structure_content(
    service: ServiceModel, shape: Shape, only: frozenset[str] | None = None
) -> Callable[[Mapping[str, Any], list[str]], None]:
    """What stands between a structure's tags; ``only`` names the members that belong there."""
    names = frozenset(shape.members)
    chosen = [(name, member) for name, member in shape.members.items() if only is None or name in only]
    members: list[tuple[str, str, Write]] = []

    def write(value: Mapping[str, Any], out: list[str]) -> None:
        nonlocal members
        if not members:  # at the first use, not before: shapes may contain themselves
            members = [(name, member.element_name, writer(service, member)) for name, member in chosen]
        check_names(shape, names, value)
        for name, tag, write_member in members:
            if (item := value.get(name)) is not None:
                write_member(item, tag, out)

    return write


def _write_list(service: ServiceModel, shape: Shape, flattened: bool, namespace: str) -> Write:
    def write(value: Any, tag: str, out: list[str]) -> None:
        write_item = writer(service, shape.member)
        if flattened:
            for item in value:
                write_item(item, tag, out)
            return
        item_tag = shape.member.location_name or "member"
        out.append(f"<{tag}{namespace}>")
        for item in value:
            write_item(item, item_tag, out)
        out.append(f"</{tag}>")

    return write


def _write_map(service: ServiceModel, shape: Shape, flattened: bool, namespace: str) -> Write:
    def write(value: Mapping[str, Any], tag: str, out: list[str]) -> None:
        write_key, write_value = writer(service, shape.key), writer(service, shape.value)
        key_tag, value_tag = shape.key.location_name or "key", shape.value.location_name or "value"
        entry = tag if flattened else "entry"
        if not flattened:
            out.append(f"<{tag}{namespace}>")
        for key, item in value.items():
            out.append(f"<{entry}{namespace if flattened else ''}>")
            write_key(key, key_tag, out)
            write_value(item, value_tag, out)
            out.append(f"</{entry}>")
        if not flattened:
            out.append(f"</{tag}>")

    return write
