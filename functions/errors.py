"""What can go wrong with functions, layers and packages: AWS's codes and texts, and what a person can do next."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import (
    AccessDenied,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
    ServiceError,
    ValidationError,
)

# -- what is not there -----------------------------------------------------------------------------


class FunctionNotFound(ResourceNotFound):
    """No function, or no such version or alias of it."""

    title = _("No such function")
    message = "Function not found: {arn}"
    hint = _("Names are case-sensitive. Check the account and the qualifier.")


class AliasNotFound(ResourceNotFound):
    """The function has no alias of that name."""

    title = _("No such alias")
    message = "Cannot find alias arn: {arn}"
    hint = _("List the function's aliases, or create this one.")


class PolicyNotFound(ResourceNotFound):
    """Nobody was ever given a permission on this function or qualifier."""

    title = _("No resource policy")
    message = "No policy is associated with the given resource."
    hint = _("Add a permission first; each qualifier has a policy of its own.")


class StatementNotFound(ResourceNotFound):
    """The policy has no statement with that id."""

    title = _("No such statement")
    message = "Statement {sid} is not found in resource policy."


class LayerVersionNotFound(ResourceNotFound):
    """No such layer version in the caller's account."""

    title = _("No such layer version")
    message = "The resource you requested does not exist."


class EventInvokeConfigNotFound(ResourceNotFound):
    """Asynchronous invocation of this qualifier was never configured."""

    title = _("No configuration for asynchronous invocation")
    message = "The function {arn} doesn't have an EventInvokeConfig"


class TestEventNotFound(ResourceNotFound):
    """No saved test event of that name."""

    __test__ = False
    title = _("No such test event")
    message = "Test event not found: {name}"


# -- what is there already -------------------------------------------------------------------------


class FunctionAlreadyExists(ResourceConflict):
    """The name is taken in this account."""

    title = _("That name is taken")
    message = "Function already exist: {name}"
    hint = _("Update the existing function, or choose another name.")


class AliasAlreadyExists(ResourceConflict):
    """The function has an alias of that name."""

    title = _("That alias exists")
    message = "Alias already exists: {arn}"
    hint = _("Update the alias instead.")


class StatementAlreadyExists(ResourceConflict):
    """A statement id is used once in a policy."""

    title = _("That statement id is taken")
    message = (
        "The statement id ({sid}) provided already exists. Please provide a new statement id, "
        "or remove the existing statement."
    )


class VersionInUse(ResourceConflict):
    """An alias points at the version that should go."""

    title = _("An alias uses this version")
    message = "Unable to delete version because the following aliases reference it: [{aliases}]"
    hint = _("Point the alias at another version first.")


# -- what cannot be used ---------------------------------------------------------------------------


class RuntimeUnknown(InvalidParameterValue):
    """Not a runtime identifier at all."""

    title = _("No such runtime")
    message = (
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        "[{known}] or be a valid ARN"
    )
    hint = _("Choose one of the runtimes this server offers.")


class RuntimeUnavailable(InvalidParameterValue):
    """AWS knows it; this server has nothing to run it with."""

    title = _("This server does not run that runtime")
    message = "The runtime parameter of {runtime} is not available on this server. Available runtimes: {available}."
    hint = _("Choose one of the available runtimes, or ask whoever runs this server.")


class RoleNotAssumable(InvalidParameterValue):
    """The role is missing or does not trust Lambda. Clients match this text and try again for a while."""

    title = _("Lambda cannot use that role")
    message = "The role defined for the function cannot be assumed by Lambda."
    hint = _("Use your account's LabRole, or create the role with lambda.amazonaws.com as its trusted service.")


class TargetNotPermitted(InvalidParameterValue):
    """The function's role may not send to its destination or dead-letter queue; ``hint`` says what it lacks."""

    title = _("A permission is missing")

    def __init__(self, message: str, *, hint: Any) -> None:
        super().__init__(message)
        self.hint = hint  # type: ignore[misc]  # every other error has the same for all


class ArchiveRefused(InvalidParameterValue):
    """A zip that cannot be read, or holds something that is not unpacked here; the text says which."""

    title = _("That zip cannot be used")
    message = "Could not unzip uploaded file. Please check your file, then try to upload again."
    hint = _("Zip the files again, with the handler's file at the top level, and without links.")


class PackageTooLarge(InvalidParameterValue):
    """More than 250 MB unzipped, layers included."""

    title = _("Too large when unzipped")
    message = "Unzipped size must be smaller than {limit} bytes"
    hint = _("Leave out what is not needed; boto3 is there already.")


class CodeAndLayersTooLarge(InvalidParameterValue):
    """The package alone fits, with its layers it does not."""

    title = _("Too large together with its layers")
    message = (
        "Function code combined with layers exceeds the maximum allowed size of {limit} bytes. "
        "The actual size is {actual} bytes."
    )
    hint = _("Detach a layer, or make one smaller.")


class RequestEntityTooLarge(ServiceError):
    """A zip of more than 50 MB: AWS counts the request, which is the zip in base64."""

    code = "RequestEntityTooLargeException"
    status = 413
    title = _("The zip is too large")
    message = "Request must be smaller than {limit} bytes for the {operation} operation"
    hint = _("A zip may have 50 MB. Leave out what is not needed, or move libraries into a layer.")


class CodeStorageExceeded(ServiceError):
    """All packages of the account together are over the limit."""

    code = "CodeStorageExceededException"
    status = 400
    title = _("The account's code storage is full")
    message = "Code storage limit exceeded."
    hint = _("Delete old versions and layer versions.")


class TooManyFunctions(CodeStorageExceeded):
    """As many functions as this server lets an account have; AWS counts only their code."""

    title = _("A limit is reached")
    message = "An account on this server can have {limit} functions."
    hint = _("Delete what you no longer need.")


class PolicyLengthExceeded(ServiceError):
    """A resource policy is at most 20 KB."""

    code = "PolicyLengthExceededException"
    status = 400
    title = _("The policy is too long")
    message = "The final policy size ({actual}) is bigger than the limit ({limit})."
    hint = _("Remove statements that are no longer needed.")


class LayerNotAllowed(AccessDenied):
    """A layer of another account, and the caller's own account has none of that name and number."""

    title = _("That layer belongs to another account")
    message = (
        "User: {user} is not authorized to perform: lambda:GetLayerVersion on resource: {arn} because no "
        "resource-based policy allows the lambda:GetLayerVersion action"
    )
    hint = _("Publish the layer in your own account under the same name; a layer's ARN on a slide is then found there.")


class MemberInvalid(ValidationError):
    """A member breaks a constraint of the service model; worded as AWS words it."""

    message = "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
