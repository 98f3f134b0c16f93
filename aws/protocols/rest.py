"""What the REST protocols share: members bound to the path, the query string, headers and the status.

``Binding`` is compiled once for a structure; REST-JSON (and REST-XML when it comes) add only the body.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws.http import Request
from aws.model import Member, ServiceModel, Shape
from aws.operation import Params
from aws.protocols import text_values, timestamps
from aws.protocols.json_values import check_names, encode_base64

_LIST_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Place:
    """A member and where it stands on the wire."""

    member: str
    wire_name: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a structure's members stand; ``body`` are those left over for the body."""

    shape: Shape
    names: frozenset[str]
    labels: tuple[Place, ...]
    query: tuple[Place, ...]
    query_map: tuple[str, bool] | None
    headers: tuple[Place, ...]
    prefixes: tuple[tuple[str, str], ...]
    status: str
    payload: Member | None
    body: frozenset[str]


def binding(service: ServiceModel, shape: Shape) -> Binding:
    """The binding of a structure, compiled once."""
    return service.compiled(("binding", shape.name), lambda: _bind(shape))


def _bind(shape: Shape) -> Binding:
    at: dict[str, list[Member]] = {}
    for member in shape.members.values():
        at.setdefault(member.trait("location") or "body", []).append(member)
    payload = shape.traits.get("payload")
    query = at.get("querystring", [])
    return Binding(
        shape=shape,
        names=frozenset(shape.members),
        labels=tuple(_place(member, "iso8601") for member in at.get("uri", [])),
        query=tuple(_place(member, "iso8601") for member in query if member.shape.type != "map"),
        query_map=next(
            ((member.name, member.shape.value.shape.type == "list") for member in query if member.shape.type == "map"),
            None,
        ),
        headers=tuple(_place(member, "rfc822") for member in at.get("header", [])),
        prefixes=tuple((member.name, member.location_name) for member in at.get("headers", [])),
        status=next((member.name for member in at.get("statusCode", [])), ""),
        payload=shape.members[payload] if payload else None,
        body=frozenset(member.name for member in at.get("body", []) if member.name != payload),
    )


def _place(member: Member, timestamp_format: str) -> Place:
    item = member.shape.member if member.shape.type == "list" else member
    timestamp_format = item.trait("timestampFormat") or timestamp_format
    return Place(
        member=member.name,
        wire_name=member.wire_name,
        read=text_values.reader(item),
        write=_text_writer(item.shape.type, timestamp_format),
        is_list=item is not member,
    )


def _text_writer(shape_type: str, timestamp_format: str) -> Callable[[Any], str]:
    match shape_type:
        case "timestamp":
            return timestamps.TEXT_FORMATS[timestamp_format]
        case "boolean":
            return lambda value: "true" if value else "false"
        case "float" | "double":
            return text_values.float_text
        case "blob":
            return encode_base64
        case _:
            return str


# -- reading a request -----------------------------------------------------------------------------


def read(bound: Binding, request: Request, labels: Mapping[str, str]) -> Params:
    """The members that stand in the path, the query string and the headers."""
    params: Params = {place.member: place.read(labels[place.wire_name]) for place in bound.labels}
    if bound.query or bound.query_map:
        _read_query(bound, request.query_items, params)
    for place in bound.headers:
        if (text := request.headers.get(place.wire_name.lower())) is not None:
            params[place.member] = _read_list_header(place, text) if place.is_list else place.read(text)
    for name, prefix in bound.prefixes:
        params[name] = _read_prefixed(prefix.lower(), request.headers)
    return params


def _read_query(bound: Binding, items: list[tuple[str, str]], params: Params) -> None:
    if not items:
        return
    values: dict[str, list[str]] = {}
    for name, value in items:
        values.setdefault(name, []).append(value)
    for place in bound.query:
        if (found := values.get(place.wire_name)) is not None:
            params[place.member] = [place.read(text) for text in found] if place.is_list else place.read(found[0])
    if bound.query_map:
        name, takes_lists = bound.query_map
        params[name] = values if takes_lists else {key: found[0] for key, found in values.items()}


def _read_list_header(place: Place, text: str) -> list[Any]:
    """A list in one header: items between commas, quoted where they hold commas; an HTTP date holds one itself."""
    if place.read is timestamps.parse and re.match(r"\s*[A-Z][a-z]{2},", text):
        parts = text.split(",")
        return [place.read(",".join(parts[i : i + 2]).strip()) for i in range(0, len(parts), 2)]
    items = []
    position = 0
    while position < len(text) and (match := _LIST_ITEM.match(text, position)):
        quoted, plain = match.groups()
        items.append(place.read(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain.strip()))
        position = match.end()
    return items


def _read_prefixed(prefix: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(prefix)}


# -- writing an answer -----------------------------------------------------------------------------


def write(bound: Binding, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers of an answer. Content-Length is left to the server: two of them break clients."""
    check_names(bound.shape, bound.names, params)
    headers = []
    for place in bound.headers:
        value = params.get(place.member)
        if value is not None and place.wire_name.lower() != "content-length":
            headers.append((place.wire_name, _write_list(place, value) if place.is_list else _safe(place.write(value))))
    for name, prefix in bound.prefixes:
        headers += [(_safe(prefix + key), _safe(value)) for key, value in (params.get(name) or {}).items()]
    return headers


def _write_list(place: Place, value: list[Any]) -> str:
    quote = place.write is str
    return ", ".join(_quoted(_safe(place.write(item))) if quote else place.write(item) for item in value)


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _safe(text: str) -> str:
    """A header's value cannot end the line."""
    return _CONTROL.sub(" ", text)
