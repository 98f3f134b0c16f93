"""What can go wrong with accounts, credentials and IAM, in AWS's words."""

from django.utils.translation import gettext_lazy as _

from core.errors import ResourceConflict, ResourceNotFound, ServiceError, ValidationError

# -- credentials -----------------------------------------------------------------------------------


class UnrecognizedClient(ServiceError):
    """No such access key, or it is inactive; the two are not told apart."""

    code = "UnrecognizedClientException"
    legacy_code = "InvalidClientTokenId"
    status = 403
    title = _("Unknown access key")
    message = "The security token included in the request is invalid."
    hint = _("Copy the access key again from the console; a deactivated key does not work.")


class InvalidClientTokenId(UnrecognizedClient):
    """A session token that was not issued here, or belongs to another key."""


class ExpiredToken(ServiceError):
    """Temporary credentials after their time."""

    code = "ExpiredTokenException"
    legacy_code = "ExpiredToken"
    status = 403
    title = _("These credentials have expired")
    message = "The security token included in the request is expired"
    hint = _("Ask for new temporary credentials.")


class SignInLinkInvalid(ServiceError):
    """A sign-in link that is unknown, used or too old; the three are not told apart."""

    code = "AccessDeniedException"
    status = 403
    title = _("This link no longer works")
    message = "The sign-in link is not valid."
    hint = _("A link works once and for a limited time. Ask for a new one.")


# -- accounts --------------------------------------------------------------------------------------


class AccountExists(ResourceConflict):
    """A slug that is taken."""

    title = _("This account exists already")
    message = "Account already exists: {slug}"


class UserExists(ResourceConflict):
    """A user name that is taken."""

    title = _("This user exists already")
    message = "User with name {username} already exists."


class AccountNotFound(ResourceNotFound):
    """No account with this id."""

    title = _("No such account")
    message = "Account not found: {account_id}"


class InvalidName(ValidationError):
    """A slug or user name with characters that cannot be in an ARN."""

    title = _("That name is not allowed")
    message = "The specified value for {field} is invalid. It must contain only {allowed}"
