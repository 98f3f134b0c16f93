"""The AWS query protocol: a form with Action, Version and dotted member names in; XML out."""

from collections.abc import Callable, Mapping
from typing import Any

from aws.errors import SerializationError, WireError
from aws.http import Request, Response, decode_pairs
from aws.model import Member, OperationModel, ServiceModel, Shape
from aws.operation import Params
from aws.protocols import text_values, xml_values
from aws.protocols.xml_values import text

MAX_FIELDS = 10_000
MAX_DEPTH = 32

type Tree = dict[str, Any]
"""A form's fields split at their dots: a node is a dict, a leaf a str; ``""`` holds a node's own value."""

type Read = Callable[[Any], Any]


def form(request: Request) -> list[tuple[str, str]]:
    """The fields of the form: of the body, and of the query string (GET is allowed)."""
    if not request.body:
        return request.query_items
    try:
        pairs = decode_pairs(request.body.decode("ascii" if request.body.isascii() else "utf-8"))
    except UnicodeDecodeError:
        raise SerializationError("The request is not UTF-8.") from None
    return request.query_items + pairs


def parse(operation: OperationModel, request: Request, labels: Mapping[str, str]) -> Params:
    if operation.input is None:
        return {}
    params: Params = _reader(operation.service, operation.input, False)(_tree(form(request)))
    for name, member in operation.input.members.items() if request.path != "/" else ():
        if member.trait("fromPath"):
            params.setdefault(name, request.path)
    return params


def _tree(pairs: list[tuple[str, str]]) -> Tree:
    if len(pairs) > MAX_FIELDS:
        raise SerializationError(f"A form has more than {MAX_FIELDS} fields.")
    tree: Tree = {}
    for name, value in pairs:
        parts = name.split(".")
        if len(parts) > MAX_DEPTH:
            raise SerializationError("A field's name nests too deep.")
        node = tree
        for part in parts[:-1]:
            below = node.get(part)
            if not isinstance(below, dict):
                below = node[part] = {} if below is None else {"": below}
            node = below
        last = node.get(parts[-1])
        if isinstance(last, dict):
            last[""] = value
        else:
            node[parts[-1]] = value
    return tree


# -- reading ---------------------------------------------------------------------------------------


def _reader(service: ServiceModel, shape: Shape, flattened: bool) -> Read:
    key = ("form reader", shape.name, flattened)
    return service.compiled(key, lambda: _make_reader(service, shape, flattened))


def _make_reader(service: ServiceModel, shape: Shape, flattened: bool) -> Read:
    match shape.type:
        case "structure":
            return _structure_reader(service, shape)
        case "list":
            return _list_reader(service, shape, flattened)
        case "map":
            return _map_reader(service, shape, flattened)
        case _:
            raise TypeError(shape.type)


def _member_reader(service: ServiceModel, member: Member) -> Read:
    if member.shape.type in ("structure", "list", "map"):
        return _reader(service, member.shape, bool(member.trait("flattened")))
    read = text_values.reader(member)
    return lambda node: read(node.get("", "") if isinstance(node, dict) else node)


def _structure_reader(service: ServiceModel, shape: Shape) -> Read:
    members: list[tuple[str, str, Read]] = []

    def read(node: Any) -> dict[str, Any]:
        nonlocal members
        if not members:  # at the first use, not before: shapes may contain themselves
            members = [
                (name, wire_name, _member_reader(service, member))
                for name, member in shape.members.items()
                for wire_name in {member.wire_name, member.element_name}  # clients differ over flattened lists
            ]
        if not isinstance(node, dict):
            node = {}
        return {name: reader(node[wire_name]) for name, wire_name, reader in members if wire_name in node}

    return read


def _list_reader(service: ServiceModel, shape: Shape, flattened: bool) -> Read:
    item_name = shape.member.location_name or "member"

    def read(node: Any) -> list[Any]:
        reader = _member_reader(service, shape.member)
        return [reader(item) for item in _items(node if flattened else _below(node, item_name))]

    return read


def _map_reader(service: ServiceModel, shape: Shape, flattened: bool) -> Read:
    key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"

    def read(node: Any) -> dict[str, Any]:
        reader = _member_reader(service, shape.value)
        found = {}
        for entry in _items(node if flattened else _below(node, "entry")):
            key = entry.get(key_name, "") if isinstance(entry, dict) else ""
            found[key.get("", "") if isinstance(key, dict) else key] = reader(_below(entry, value_name))
        return found

    return read


def _below(node: Any, name: str) -> Any:
    return node.get(name, "") if isinstance(node, dict) else ""


def _items(node: Any) -> list[Any]:
    """The numbered children in order; ``Tags=`` alone is an empty list, which clients do send."""
    if not isinstance(node, dict):
        return []
    numbered = [(int(name), item) for name, item in node.items() if name.isdecimal() and len(name) < 8]
    return [item for _, item in sorted(numbered, key=lambda pair: pair[0])]


# -- writing ---------------------------------------------------------------------------------------


def serialize(operation: OperationModel, params: Mapping[str, Any], request_id: str) -> Response:
    out = [f"<{operation.name}Response{_namespace(operation.service)}>"]
    if (shape := operation.output) is not None:
        key = ("query output", shape.name)
        content = operation.service.compiled(key, lambda: xml_values.structure_content(operation.service, shape))
        out.append(f"<{operation.result_wrapper}>")
        content(params, out)
        out.append(f"</{operation.result_wrapper}>")
    out.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation.name}Response>")
    return _xml(200, out)


def error(service: ServiceModel, error: WireError, request: Request | None, request_id: str) -> Response:
    out = [
        f"<ErrorResponse{_namespace(service)}><Error><Type>{error.fault}</Type>",
        f"<Code>{text(error.query_code or error.code)}</Code>",
    ]
    if error.message:
        out.append(f"<Message>{text(error.message)}</Message>")
    if error.shape is not None:
        members = {name: value for name, value in error.members.items() if name.lower() not in ("message", "type")}
        xml_values.structure_content(service, error.shape)(members, out)
    out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
    return _xml(error.status, out)


def _namespace(service: ServiceModel) -> str:
    return f' xmlns="{service.xml_namespace}"' if service.xml_namespace else ""


def _xml(status: int, parts: list[str]) -> Response:
    return Response(status, [("Content-Type", "text/xml")], "".join(parts).encode("utf-8"))
