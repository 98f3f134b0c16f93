"""Errors on the wire: the door's own, and how any service error is described for one service.

The house says an error once (``core.errors.ServiceError``). What a service makes of it (status, code,
message casing, members in headers) comes from that service's model; only the common errors, which are in
no model, are listed here. AWS's list: "Common Error Types" of each API reference.
"""

from dataclasses import dataclass, field
from typing import Any

from aws.model import ServiceModel, Shape
from core.errors import ServiceError


class SerializationError(ServiceError):
    """The request's text cannot be read as the operation's input."""

    code = "SerializationException"
    legacy_code = "MalformedInput"
    status = 400


class MissingAuthenticationToken(ServiceError):
    """No signature at all."""

    code = "MissingAuthenticationTokenException"
    legacy_code = "MissingAuthenticationToken"
    status = 403
    message = "Missing Authentication Token"


class IncompleteSignature(ServiceError):
    """A signature that lacks a part or cannot be read."""

    code = "IncompleteSignatureException"
    legacy_code = "IncompleteSignature"
    status = 403


class InvalidSignature(ServiceError):
    """A signature that does not fit: another secret, another request, another time."""

    code = "InvalidSignatureException"
    legacy_code = "SignatureDoesNotMatch"
    status = 403
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )


class RequestTimeTooSkewed(InvalidSignature):
    """Signed too long ago or for later; AWS answers it as a signature that does not fit, and clients mend their clock."""

    message = "Signature expired"


class NoSuchOperation(ServiceError):
    """A name that is in no model of the service."""

    code = "UnknownOperationException"
    legacy_code = "InvalidAction"
    status = 404


class NoSuchAction(NoSuchOperation):
    """The same, as the query protocol answers it."""

    code = "InvalidAction"
    status = 400


class UnknownService(ServiceError):
    """A service that this server does not know."""

    code = "UnknownOperationException"
    legacy_code = "InvalidAction"
    status = 501
    message = "The service {service} is not available on this server."


class EntityTooLarge(ServiceError):
    """A body over the operation's limit."""

    code = "RequestEntityTooLargeException"
    legacy_code = "RequestEntityTooLarge"
    status = 413
    message = "Request must be smaller than {limit} bytes for the {operation} operation"


class RequestTimeout(ServiceError):
    """A body that comes too slowly."""

    code = "RequestTimeoutException"
    legacy_code = "RequestTimeout"
    status = 408
    message = "Your socket connection to the server was not read from or written to within the timeout period."


class BadRequest(ServiceError):
    """HTTP that no operation can be read from."""

    code = "MalformedHttpRequestException"
    legacy_code = "MalformedHttpRequest"
    status = 400


class HeadersTooLarge(BadRequest):
    """More header fields, or longer, than any client of AWS sends."""

    status = 431
    message = "Your request header section exceeds the maximum allowed size."


class UnsupportedEncoding(ServiceError):
    """A Content-Encoding that is not read here."""

    code = "UnsupportedMediaTypeException"
    status = 415
    message = "The content encoding {encoding} is not supported."


class Overloaded(ServiceError):
    """More requests in hand than this process takes."""

    code = "ThrottlingException"
    legacy_code = "Throttling"
    status = 429
    message = "Rate exceeded"


QUERY_CODES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "ValidationException": "ValidationError",
    "ServiceException": "ServiceFailure",
}
"""What the query protocol calls a common error that JSON services know by the other name."""

JSON_CODES = {legacy: code for code, legacy in QUERY_CODES.items()}

JSON_AUTH_CODES = frozenset(
    [
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
        "ThrottlingException",
    ]
)
"""Common errors that services of the JSON protocol answer with 400, whatever the status elsewhere."""


@dataclass(frozen=True, slots=True)
class WireError:
    """An error as one service words it.

    ``code``     the shape's name, or the common code in this protocol's spelling
    ``members``  the shape's members without message and Type, in wire casing
    ``message_key``  ``Message`` or ``message``, as the shape has it
    ``query_code``   the code of the query protocol, or empty when it is the same
    """

    code: str
    status: int
    message: str
    message_key: str = "message"
    query_code: str = ""
    shape: Shape | None = None
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        """Whose fault it is, in the query protocol's words."""
        return "Receiver" if self.status >= 500 else "Sender"


def describe(service: ServiceModel | None, error: ServiceError) -> WireError:
    """``error`` as ``service`` words it: from its model where it is there, else as a common error."""
    query = service is not None and service.protocol == "query"
    shape = service.errors.get(error.code) or service.errors.get(error.legacy_code) if service else None
    if shape is None:
        if query:
            code = error.legacy_code or QUERY_CODES.get(error.code, error.code)
        else:
            code = JSON_CODES.get(error.code, error.code)
        status = error.status
        if service is not None and service.protocol == "json" and code in JSON_AUTH_CODES:
            status = 400
        return WireError(code, status, error.text, query_code=error.legacy_code, members=dict(error.members))
    modelled = shape.traits.get("error", {})
    members = dict(error.members)
    message_key = next((name for name in shape.members if name.lower() == "message"), "message")
    fault = shape.traits.get("fault") or error.status >= 500
    if "Type" in shape.members:  # Lambda's errors say whose fault it is
        members.setdefault("Type", "Service" if fault else "User")
    return WireError(
        code=shape.name,
        status=modelled.get("httpStatusCode") or (500 if fault else 400),
        message=modelled.get("message") or error.text,
        message_key=message_key,
        query_code=modelled.get("code") or error.legacy_code,
        shape=shape,
        members=members,
    )
