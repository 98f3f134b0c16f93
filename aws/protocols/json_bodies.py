"""JSON as text: of requests, strictly; of answers; and the members of an error."""

import json
from typing import Any

from aws.errors import SerializationError, WireError
from aws.model import ServiceModel
from aws.protocols import json_values
from core import strict_json


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
