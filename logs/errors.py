"""What can go wrong with logs, in AWS's words. The service answers every mistake of a caller with 400."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import ResourceNotFound, ServiceError, ValidationError


class InvalidParameter(ServiceError):
    """A value, or two together, that the operation cannot use."""

    code = "InvalidParameterException"
    status = 400
    title: ClassVar[Any] = _("That value cannot be used")


class InvalidFilterPattern(InvalidParameter):
    """A filter pattern that cannot be read."""

    title: ClassVar[Any] = _("That filter pattern cannot be read")
    message = "Invalid filter pattern"
    hint: ClassVar[Any] = _('Words must all occur; "in quotes" for a phrase; ?a ?b for either; -word for none of it.')


class InvalidToken(InvalidParameter):
    """A token of a next page that was not given out here."""

    message = "The specified nextToken is invalid."


class LogGroupNotFound(ResourceNotFound):
    """No such log group in the account."""

    status = 400
    title: ClassVar[Any] = _("No such log group")
    message = "The specified log group does not exist."
    hint: ClassVar[Any] = _("A function's log group appears with its first invocation.")


class LogStreamNotFound(ResourceNotFound):
    """No such stream in the group."""

    status = 400
    title: ClassVar[Any] = _("No such log stream")
    message = "The specified log stream does not exist."


class LogResourceNotFound(ResourceNotFound):
    """An ARN that names no log group."""

    status = 400
    title: ClassVar[Any] = _("No such log group")
    message = "The specified resource does not exist."


class AlreadyExists(ServiceError):
    """A name that is taken."""

    code = "ResourceAlreadyExistsException"
    status = 400
    title: ClassVar[Any] = _("It is there already")


class LogGroupExists(AlreadyExists):
    """A log group of this name."""

    message = "The specified log group already exists"


class LogStreamExists(AlreadyExists):
    """A stream of this name in the group."""

    message = "The specified log stream already exists"


class LogsLimitExceeded(ServiceError):
    """So many that the server keeps no more."""

    code = "LimitExceededException"
    status = 400
    title: ClassVar[Any] = _("A limit is reached")
    message = "Resource limit exceeded."
    hint: ClassVar[Any] = _("Delete what you no longer need.")


class TooManyLiveTails(LogsLimitExceeded):
    """More live tails at once than an account may have."""

    message = "The account has reached the limit of {limit} Live Tail sessions at once."
    hint: ClassVar[Any] = _("Close one of those that are open.")


class LiveTailTimeout(ServiceError):
    """A live tail that has been open as long as one may."""

    code = "SessionTimeoutException"
    status = 400
    title: ClassVar[Any] = _("The live tail has ended")
    message = "The Live Tail session was open for three hours and has ended."
    hint: ClassVar[Any] = _("Start another one.")


class TooManyTags(ServiceError):
    """More than fifty tags on one resource."""

    code = "TooManyTagsException"
    status = 400
    title: ClassVar[Any] = _("Too many tags")
    message = "The maximum number of tags has been exceeded."


class LogsValidationError(ValidationError):
    """A request that breaks a rule of the operation as a whole."""
