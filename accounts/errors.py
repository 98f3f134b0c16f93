"""What can go wrong with accounts, credentials and IAM, in AWS's words."""

from typing import Any, ClassVar

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.policies import Decision, Layer
from core.errors import AccessDenied, ResourceConflict, ResourceNotFound, ServiceError, ValidationError

# -- credentials -----------------------------------------------------------------------------------


class UnrecognizedClient(ServiceError):
    """No such access key, or it is inactive; the two are not told apart."""

    code = "UnrecognizedClientException"
    legacy_code = "InvalidClientTokenId"
    status = 403
    title: ClassVar[Any] = _("Unknown access key")
    message = "The security token included in the request is invalid."
    hint: ClassVar[Any] = _("Copy the access key again from the console; a deactivated key does not work.")


class InvalidClientTokenId(UnrecognizedClient):
    """A session token that was not issued here, or belongs to another key."""


class ExpiredToken(ServiceError):
    """Temporary credentials after their time."""

    code = "ExpiredTokenException"
    legacy_code = "ExpiredToken"
    status = 403
    title: ClassVar[Any] = _("These credentials have expired")
    message = "The security token included in the request is expired"
    hint: ClassVar[Any] = _("Ask for new temporary credentials.")


class SignInLinkInvalid(ServiceError):
    """A sign-in link that is unknown, used or too old; the three are not told apart."""

    code = "AccessDeniedException"
    status = 403
    title: ClassVar[Any] = _("This link no longer works")
    message = "The sign-in link is not valid."
    hint: ClassVar[Any] = _("A link works once and for a limited time. Ask for a new one.")


# -- accounts --------------------------------------------------------------------------------------


class AccountExists(ResourceConflict):
    """A slug that is taken."""

    title: ClassVar[Any] = _("This account exists already")
    message = "Account already exists: {slug}"


class ClockRefused(ValidationError):
    """A change that no clock takes."""

    title: ClassVar[Any] = _("The clock cannot do that")


class UserExists(ResourceConflict):
    """A user name that is taken."""

    title: ClassVar[Any] = _("This user exists already")
    message = "User with name {username} already exists."


class AccountNotFound(ResourceNotFound):
    """No account with this id."""

    title: ClassVar[Any] = _("No such account")
    message = "Account not found: {account_id}"


class InvalidName(ValidationError):
    """A slug or user name with characters that cannot be in an ARN."""

    title: ClassVar[Any] = _("That name is not allowed")
    message = "The specified value for {field} is invalid. It must contain only {allowed}"


# -- IAM -------------------------------------------------------------------------------------------


class NoSuchEntity(ServiceError):
    """No such role, policy, user or key in the caller's account."""

    code = "NoSuchEntityException"
    legacy_code = "NoSuchEntity"
    status = 404
    title: ClassVar[Any] = _("Not found")
    hint: ClassVar[Any] = _("Names are case-sensitive. Check the account.")


class RoleNotFound(NoSuchEntity):
    """No role of this name."""

    message = "The role with name {name} cannot be found."


class RolePolicyNotFound(NoSuchEntity):
    """The role has no inline policy of this name."""

    message = "The role policy with name {name} cannot be found."


class PolicyNotFound(NoSuchEntity):
    """No managed policy with this ARN, or it is not attached."""

    message = "Policy {arn} was not found."


class PolicyNotAttachable(NoSuchEntity):
    """A policy to be attached, or a version of one, that is not there."""

    message = "Policy {arn} does not exist or is not attachable."


class AwsPolicyUnchangeable(AccessDenied):
    """A policy of AWS's own, which nobody here can change."""

    legacy_code = "AccessDenied"
    title: ClassVar[Any] = _("This policy belongs to AWS")
    message = "Policy is outside your own account."
    hint: ClassVar[Any] = _("Make a policy of your own from its document.")


class PolicyVersionNotFound(NoSuchEntity):
    """The policy has no version of this number."""

    message = "Policy {arn} version {version} does not exist or is not attachable."


class BoundaryNotFound(NoSuchEntity):
    """A permissions boundary that is not a policy."""

    message = "Scope ARN: {arn} does not exist or is not attachable."


class UserNotFound(NoSuchEntity):
    """No user of this name in the account."""

    message = "The user with name {name} cannot be found."


class AccessKeyNotFound(NoSuchEntity):
    """The user has no access key of this id."""

    message = "The Access Key with id {id} cannot be found."


class EntityAlreadyExists(ServiceError):
    """A name that is taken."""

    code = "EntityAlreadyExistsException"
    legacy_code = "EntityAlreadyExists"
    status = 409
    title: ClassVar[Any] = _("It is there already")
    hint: ClassVar[Any] = _("Choose another name, or use the one that is there.")


class RoleExists(EntityAlreadyExists):
    """A role of this name, in whatever case."""

    message = "Role with name {name} already exists."


class PolicyExists(EntityAlreadyExists):
    """A managed policy of this name, in whatever case."""

    message = "A policy called {name} already exists. Duplicate names are not allowed."


class DeleteConflict(ServiceError):
    """Something still hangs on what is to be deleted."""

    code = "DeleteConflictException"
    legacy_code = "DeleteConflict"
    status = 409
    title: ClassVar[Any] = _("It is still in use")
    hint: ClassVar[Any] = _("Remove what is attached to it first.")


class MalformedPolicyDocument(ServiceError):
    """A policy document that is not JSON, or not in the language of policies."""

    code = "MalformedPolicyDocumentException"
    legacy_code = "MalformedPolicyDocument"
    status = 400
    title: ClassVar[Any] = _("That is not a valid policy")
    message = "Syntax errors in policy."
    hint: ClassVar[Any] = _("A policy is a JSON object with Version and Statement.")


class IamLimitExceeded(ServiceError):
    """One of IAM's quotas."""

    code = "LimitExceededException"
    legacy_code = "LimitExceeded"
    status = 409
    title: ClassVar[Any] = _("A limit is reached")
    message = "Cannot exceed quota for {quota}: {limit}"


class IamInvalidInput(ServiceError):
    """A value that the operation cannot use."""

    code = "InvalidInputException"
    legacy_code = "InvalidInput"
    status = 400
    title: ClassVar[Any] = _("That value cannot be used")


class IamValidationError(ValidationError):
    """A value that breaks a rule of IAM's or STS's model."""

    legacy_code = "ValidationError"


class NotAuthorized(AccessDenied):
    """Policies do not let somebody do something.

    ``fields`` say what a person needs to change it: ``user`` (an ARN), ``action``, ``resource``, ``decision``
    (``accounts.policies.Decision``, with the statement that decided) and ``role`` (its name, empty for others).
    """

    legacy_code = "AccessDenied"
    title: ClassVar[Any] = _("A permission is missing")
    message = "User: {user} is not authorized to perform: {action} on resource: {resource} {why}"

    def __init__(self, *, user: str, action: str, resource: str, decision: Decision, role: str = "") -> None:
        super().__init__(
            user=user, action=action, resource=resource, decision=decision, role=role, why=decision.why(action)
        )
        told = {"action": action, "resource": resource, "role": role or user, "by": decision.by}
        text = _FORBIDDEN if decision.explicit else _MISSING[decision.layer]
        self.hint = format_lazy(text, **told)  # type: ignore[misc]  # every other error has the same for all


_FORBIDDEN = _("A statement forbids it: {by}. An explicit deny wins over every permission; change that statement.")
_MISSING = {
    Layer.IDENTITY: _("Add a policy that allows {action} on {resource} to the role {role}."),
    Layer.BOUNDARY: _("The permissions boundary of the role {role} has to allow {action}, too."),
    Layer.SESSION: _("The policy that the session of {role} was started with has to allow {action}, too."),
    Layer.RESOURCE: _("The policy of {resource} has to allow {action} to whoever asks."),
}

# -- STS -------------------------------------------------------------------------------------------


class AssumeRoleDenied(AccessDenied):
    """No such role, or it may not be taken; the two are not told apart."""

    legacy_code = "AccessDenied"
    title: ClassVar[Any] = _("That role cannot be taken")
    message = "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    hint: ClassVar[Any] = _("The role must exist in this account, and its trust policy must name whoever takes it.")


class PackedPolicyTooLarge(ServiceError):
    """Session policies of more than STS takes."""

    code = "PackedPolicyTooLargeException"
    legacy_code = "PackedPolicyTooLarge"
    status = 400
    title: ClassVar[Any] = _("The policy of the session is too large")
    message = "The session policies exceed the allowed size: 2048 characters and 10 policy ARNs."
    hint: ClassVar[Any] = _("Put what the session may do into a policy of the role instead.")
