"""The AWS JSON protocol, 1.0 and 1.1: X-Amz-Target names the operation, the body holds all its input."""

import json
from collections.abc import Mapping
from typing import Any

from aws.errors import SerializationError, WireError
from aws.http import Request, Response
from aws.model import OperationModel, ServiceModel
from aws.operation import Params
from aws.protocols import json_values
from core import strict_json


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
    key = ("json output", operation.output.name)
    shape = operation.output
    write = operation.service.compiled(key, lambda: json_values.structure_writer(operation.service, shape))
    return Response(200, headers, dump(write(params)))


def error(service: ServiceModel, error: WireError, request: Request | None, request_id: str) -> Response:
    headers = [("Content-Type", content_type(service))]
    if error.query_code and service.query_compatible:
        headers.append(("x-amzn-query-error", f"{error.query_code};{error.fault}"))
    return Response(error.status, headers, dump({"__type": error.code} | error_members(service, error)))


def error_members(service: ServiceModel, error: WireError, only: frozenset[str] | None = None) -> dict[str, Any]:
    """The members of an error's body: the message under the shape's own key, then the others.

    AWS sends the message of an error whose shape has no member for it too (CloudWatch Logs), and clients show it.
    """
    message = {error.message_key: error.message}
    if error.shape is None:
        return message | error.members
    write = json_values.structure_writer(service, error.shape, only)
    modelled = error.message_key in error.shape.members
    written: dict[str, Any] = write(message | error.members if modelled else error.members)
    return written if modelled or not error.message else message | written


def content_type(service: ServiceModel) -> str:
    return f"application/x-amz-json-{service.json_version}"


def load(body: bytes) -> Any:
    """Strict JSON, or AWS's SerializationException."""
    try:
        return strict_json.loads(body, lone_surrogates=False)
    except strict_json.BadJson as bad:
        place = f" at line {bad.line} column {bad.column}" if bad.line else ""
        raise SerializationError(f"{bad.reason}{place}") from None


def dump(value: Any) -> bytes:
    """Compact JSON; lone surrogates stay escaped, so that any text can be answered."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
