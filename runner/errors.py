"""Service errors of invoking: what is refused before, or fails around, the handler."""

from django.utils.translation import gettext_lazy as _

from core.errors import (
    RequestTooLarge,
    ResourceConflict,
    ResourceNotFound,
    ServiceError,
    ServiceFailure,
    TooManyRequests,
)


class InvalidRequestContent(ServiceError):
    """The event or the client context is not JSON."""

    code = "InvalidRequestContentException"
    status = 400
    title = _("The event is not valid JSON")
    hint = _("Check quotes and commas: JSON wants straight double quotes, and no comma after the last entry.")


class PayloadTooLarge(RequestTooLarge):
    """The event is over the limit of its invocation type."""

    title = _("The event is too large")
    message = "Request must be smaller than {limit} bytes for the InvokeFunction operation"
    hint = _("Send a reference to the data instead: an S3 key, for example.")


class ReservedConcurrencyExceeded(TooManyRequests):
    """As many of this function run as are reserved for it."""

    title = _("The function is busy")
    message = "Rate Exceeded."
    hint = _("Its reserved concurrency is used up: wait for a running invocation to end, or raise it.")

    def __init__(self) -> None:
        super().__init__(members=_throttle("ReservedFunctionConcurrentInvocationLimitExceeded"))


class AccountConcurrencyExceeded(TooManyRequests):
    """As many functions run as the account may run at once."""

    title = _("Too many invocations at once")
    message = "Rate Exceeded."
    hint = _("All the concurrency of your account is used: wait for a running invocation to end.")

    def __init__(self) -> None:
        super().__init__(members=_throttle("ConcurrentInvocationLimitExceeded"))


class BacklogFull(TooManyRequests):
    """More events of the account wait than may wait; refused before it is accepted, so nothing is lost."""

    title = _("Too many events are waiting")
    message = "Rate Exceeded."
    hint = _("Events of your account wait faster than they run: let some run first, or stop what sends them.")

    def __init__(self) -> None:
        super().__init__(members=_throttle("CallerRateLimitExceeded"))


def _throttle(reason: str) -> dict[str, str]:
    return {"Reason": reason, "Type": "User", "retryAfterSeconds": "1"}


class RecursiveInvocation(ServiceError):
    """A function was invoked again and again by what it set off itself."""

    code = "RecursiveInvocationException"
    status = 400
    title = _("The function calls itself in a loop")
    message = (
        "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped "
        "your function's invocation."
    )
    hint = _(
        "After 16 rounds the loop was ended. If it is meant to be, set the function's recursive loop detection to Allow."
    )


class FunctionNotActive(ResourceConflict):
    """The version is still being made ready, or could not be."""

    title = _("The function is not ready")
    message = (
        "The operation cannot be performed at this time. The function is currently in the following state: {state}"
    )
    hint = _("Look at the function's page: it says what it waits for.")


class InvocationNotFound(ResourceNotFound):
    """No such request id in the caller's account."""

    title = _("No such invocation")
    message = "Invocation not found: {request_id}"
    hint = _("Old invocations are removed after a while.")


class NoWorker(ServiceFailure):
    """Nobody took the invocation, or whoever took it never answered."""

    title = _("No worker answered")
    message = "No worker answered this invocation within {seconds} seconds."
    hint = _(
        "The part of this server that runs functions is down or overloaded. Ask whoever runs it to start a worker."
    )


class MessengerUnavailable(ServiceFailure):
    """Redis cannot be reached."""

    title = _("The server cannot pass work on")
    message = "The server's messenger (Redis) cannot be reached."
    hint = _("Try again in a moment. If it stays like this, whoever runs this server should look at Redis.")


class EnvironmentFailure(ServiceFailure):
    """The host could not give the function an execution environment: not the function's fault."""

    title = _("The function could not be started")
    message = "The execution environment could not be started or was lost: {reason}"
    hint = _("Try again; if it happens again, whoever runs this server can find the cause with the doctor command.")
