"""What a runtime says, read without believing that it makes sense."""

import json

from core.strict_json import storable
from runner import outcomes


def whole(value: object) -> int:
    """A count; what is none counts nothing."""
    return value if isinstance(value, int) and 0 <= value < 2**53 else 0


def is_json(payload: bytes) -> bool:
    """Whether it parses at all; AWS lets NaN and the like pass, and so do we."""
    try:
        _check(payload.decode(json.detect_encoding(payload), "surrogatepass"))  # as ``json.loads`` decodes bytes
    except (ValueError, RecursionError):
        return False
    return True


_check = json.JSONDecoder(parse_int=len).decode  # made once; a long number is not worked out


def errors_of(document: bytes) -> tuple[str, str]:
    """Type and message in an error document, as far as it has any."""
    try:
        members = json.loads(document)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return "Runtime.Unknown", ""
    error_type, message = members.get("errorType") or "Runtime.Unknown", members.get("errorMessage") or ""
    return storable(str(error_type))[:256], storable(str(message))


def with_request_id(document: bytes, request_id: str) -> bytes:
    """The runtime does not know which request its init serves: a document that names one names it here."""
    try:
        members = json.loads(document)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return outcomes.document(*errors_of(document), request_id, [])
    if "requestId" in members:
        members["requestId"] = request_id
    return json.dumps(members).encode()
