"""The AWS JSON protocol, 1.0 and 1.1: X-Amz-Target names the operation, the body holds all its input."""

from collections.abc import Mapping
from typing import Any

from aws.errors import WireError
from aws.http import Request, Response
from aws.model import OperationModel, ServiceModel
from aws.operation import Params
from aws.protocols import eventstream, json_values
from aws.protocols.json_bodies import dump, error_members, load

_COMMON_ERRORS = "com.amazon.coral.service"


def parse(operation: OperationModel, request: Request, labels: Mapping[str, str]) -> Params:
    """The input's members. An empty body is an empty input, as some clients send it."""
    if operation.input is None:
        return {}
    value = load(request.body) if request.body else {}
    params: Params = json_values.reader(operation.service, operation.input)(value)
    return params


def serialize(operation: OperationModel, params: Mapping[str, Any], request_id: str) -> Response:
    headers = [("Content-Type", content_type(operation.service))]
    if operation.output is None:
        return Response(200, headers, b"")
    shape = operation.output
    stream = eventstream.stream_member(shape)
    body = frozenset(shape.members) - {stream.name} if stream else None
    key = ("json output", shape.name)
    write = operation.service.compiled(key, lambda: json_values.structure_writer(operation.service, shape, body))
    if stream:
        first = eventstream.initial_response(write(params))
        events = eventstream.encode(operation.service, stream.shape, params[stream.name], first)
        return Response(200, [("Content-Type", eventstream.CONTENT_TYPE)], events)
    return Response(200, headers, dump(write(params)))


def error(service: ServiceModel, error: WireError, request: Request | None, request_id: str) -> Response:
    headers = [("Content-Type", content_type(service))]
    if error.query_code and service.query_compatible:
        headers.append(("x-amzn-query-error", f"{error.query_code};{error.fault}"))
    return Response(error.status, headers, dump({"__type": _type(service, error)} | error_members(service, error)))


def _type(service: ServiceModel, error: WireError) -> str:
    """The error's name, within its namespace where the service's clients expect one."""
    if not service.error_namespace:
        return error.code
    return f"{service.error_namespace if error.shape else _COMMON_ERRORS}#{error.code}"


def content_type(service: ServiceModel) -> str:
    return f"application/x-amz-json-{service.json_version}"
