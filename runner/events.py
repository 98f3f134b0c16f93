"""What callers send: events and client contexts, checked as AWS checks them; pure."""

import base64
import binascii

from core import limits, strict_json
from core.strict_json import BadJson
from runner.errors import InvalidRequestContent, PayloadTooLarge

EMPTY = b"{}"  # what a function gets when its caller sent nothing


def checked_payload(payload: bytes, *, limit: int) -> bytes:
    """The event as the function will get it. Raises ``PayloadTooLarge`` or ``InvalidRequestContent``."""
    if len(payload) > limit:
        raise PayloadTooLarge(limit=limit)
    if not payload or payload.isspace():
        return EMPTY
    try:
        strict_json.loads(payload)
    except BadJson as error:
        where = f" at line: {error.line}, column: {error.column}" if error.line is not None else ""
        raise InvalidRequestContent(
            f"Could not parse request body into json: Could not parse payload into json: {error.reason}{where}"
        ) from None
    return payload


def checked_client_context(encoded: str) -> str:
    """The JSON text inside a ClientContext header. Raises ``InvalidRequestContent``."""
    if not encoded:
        return ""
    if len(encoded) > limits.CLIENT_CONTEXT_SIZE:
        raise InvalidRequestContent(f"Client context must not be longer than {limits.CLIENT_CONTEXT_SIZE} bytes.")
    try:
        text = base64.b64decode(encoded, validate=True)
        document = strict_json.loads(text)
    except (binascii.Error, ValueError):
        document = None
    if not isinstance(document, dict):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return text.decode()
