"""The REST-JSON protocol: method and path name the operation, members left over are a JSON body."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from aws.errors import WireError
from aws.http import Request, Response
from aws.model import Member, OperationModel, ServiceModel
from aws.operation import Params
from aws.protocols import eventstream, json_values, rest
from aws.protocols.json_bodies import dump, error_members, load

CONTENT_TYPES = {("lambda", "Invoke"): "application/json"}
"""Operations whose raw payload AWS marks as something else than bytes."""


_REMAPPED = "x-amzn-Remapped-Content-Type"  # of what the events carry, where Content-Type is the stream's own


def parse(operation: OperationModel, request: Request, labels: Mapping[str, str]) -> Params:
    """The input's members; ``labels`` are the parts of the path that the route names."""
    if (shape := operation.input) is None:
        return {}
    bound = rest.binding(operation.service, shape)
    params = rest.read(bound, request, labels)
    if not request.body:
        if bound.payload and bound.payload.shape.type == "blob" and bound.payload.name in shape.required:
            params[bound.payload.name] = b""
        return params
    if bound.payload is not None:
        params[bound.payload.name] = _read_payload(operation.service, bound.payload, request.body)
    elif bound.body:
        read = operation.service.compiled(
            ("json input", shape.name), lambda: json_values.structure_reader(operation.service, shape, bound.body)
        )
        params |= read(load(request.body))
    return params


def _read_payload(service: ServiceModel, member: Member, body: bytes) -> Any:
    match member.shape.type:
        case "blob":
            return body
        case "string":
            return body.decode("utf-8", "replace")
        case _:
            return json_values.reader(service, member.shape)(load(body))


def serialize(operation: OperationModel, params: Mapping[str, Any], request_id: str) -> Response:
    if (shape := operation.output) is None:
        return Response(operation.status, [], b"" if operation.status == 204 else b"{}")
    service = operation.service
    bound = rest.binding(service, shape)
    headers = rest.write(bound, params)
    status = params.get(bound.status) or operation.status if bound.status else operation.status
    content_type = "application/json"
    body: bytes | AsyncGenerator[bytes] = b""
    if bound.payload is not None and bound.payload.shape.traits.get("eventstream"):
        content_type = eventstream.CONTENT_TYPE
        headers = [(_REMAPPED if name == "Content-Type" else name, value) for name, value in headers]
        body = eventstream.encode(service, bound.payload.shape, params[bound.payload.name])
    elif bound.payload is not None:
        content_type, body = _write_payload(service, bound.payload, params.get(bound.payload.name))
        content_type = CONTENT_TYPES.get((service.endpoint_prefix, operation.name), content_type)
    elif status != 204 and (bound.body or not bound.names):
        write = service.compiled(
            ("json body", shape.name), lambda: json_values.structure_writer(service, shape, bound.body)
        )
        body = dump(write(params))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    return Response(status, headers, body)


def _write_payload(service: ServiceModel, member: Member, value: Any) -> tuple[str, bytes]:
    match member.shape.type:
        case "blob":
            return "application/octet-stream", value.encode() if isinstance(value, str) else value or b""
        case "string":
            return "text/plain", (value or "").encode("utf-8")
        case _:
            if value is None:
                return "application/json", b""
            write = json_values.writer(service, member)
            return "application/json", dump(write(value) if write else value)


def error(service: ServiceModel, error: WireError, request: Request | None, request_id: str) -> Response:
    """The code stands in a header, members where the error's shape puts them: ``Retry-After``, for one."""
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    body_members = None
    if error.shape is not None:
        bound = rest.binding(service, error.shape)
        headers += rest.write(bound, error.members)
        body_members = bound.body
    return Response(error.status, headers, dump(error_members(service, error, body_members)))
