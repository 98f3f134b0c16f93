"""Service errors: said once in the house, heard at every door.

A ``ServiceError`` carries what each door needs: AWS's code and HTTP status for the wire, a title,
a message and a hint (the next action) for a person. Doors render it; nobody else formats it.
A failing *handler* is not one of these: it is an ``Outcome`` of the runner.
"""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


class ServiceError(Exception):
    """Base of every error the house raises on purpose.

    ``code``        the error's name in AWS's service model, e.g. ``ResourceNotFoundException``
    ``status``      HTTP status
    ``legacy_code`` the code of the query protocol where it differs, e.g. ``NoSuchEntity``
    ``title``       a few words for a person (a gettext_lazy string)
    ``message``     AWS's text, with ``{fields}`` filled from the keyword arguments
    ``hint``        what to do next (a gettext_lazy string)
    ``members``     further members of the error's shape, e.g. ``{"Reason": …}``
    """

    code: ClassVar[str] = "ServiceException"
    status: ClassVar[int] = 500
    legacy_code: ClassVar[str] = ""
    title: ClassVar[Any] = _("Something went wrong on the server")
    message: ClassVar[str] = "{message}"
    hint: ClassVar[Any] = ""

    def __init__(self, message: str = "", *, members: dict[str, Any] | None = None, **fields: Any) -> None:
        self.fields = fields
        self.members = members or {}
        self.text = message or self.message.format(message="", **fields)
        super().__init__(self.text)


class ServiceFailure(ServiceError):
    """Our own fault, and what any escaped exception becomes at a door."""

    message = "Service encountered an internal error and was unable to complete the operation."
    hint: ClassVar[Any] = _("Try again; if it happens again, ask whoever runs this server to look at its log.")


class ValidationError(ServiceError):
    """A value breaks a constraint of the service model."""

    code = "ValidationException"
    status = 400
    title: ClassVar[Any] = _("That value is not allowed")


class InvalidParameterValue(ServiceError):
    """A value is well-formed and still cannot be used."""

    code = "InvalidParameterValueException"
    status = 400
    title: ClassVar[Any] = _("That value cannot be used")


class AccessDenied(ServiceError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403
    title: ClassVar[Any] = _("Not allowed")


class ResourceNotFound(ServiceError):
    """No such thing in the caller's account."""

    code = "ResourceNotFoundException"
    status = 404
    title: ClassVar[Any] = _("Not found")


class ResourceConflict(ServiceError):
    """It exists already, or is being changed by somebody else."""

    code = "ResourceConflictException"
    status = 409
    title: ClassVar[Any] = _("It is there already, or is being changed")


class PreconditionFailed(ServiceError):
    """The revision id that was sent is not the latest."""

    code = "PreconditionFailedException"
    status = 412
    title: ClassVar[Any] = _("Somebody changed it first")
    message = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    hint: ClassVar[Any] = _("Load it again and repeat your change.")


class RequestTooLarge(ServiceError):
    """A payload over its limit."""

    code = "RequestTooLargeException"
    status = 413
    title: ClassVar[Any] = _("Too large")


class TooManyRequests(ServiceError):
    """Throttled; ``members["Reason"]`` says by what."""

    code = "TooManyRequestsException"
    status = 429
    title: ClassVar[Any] = _("Too many at once")
    message = "Rate Exceeded."
    hint: ClassVar[Any] = _("Wait a moment and try again.")


class ResourceNotReady(ServiceError):
    """Not usable yet."""

    code = "ResourceNotReadyException"
    status = 502
    title: ClassVar[Any] = _("Not ready yet")


class UnknownOperation(ServiceError):
    """A known service's operation that is not built, named so that the caller sees what is missing."""

    code = "UnknownOperationException"
    status = 501
    title: ClassVar[Any] = _("Not available here")
    message = "The operation {service}.{operation} is not available on this server."
