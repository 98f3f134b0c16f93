"""Asynchronous invocation of a qualifier: how often it is tried again, how old it may grow, where it ends."""

from typing import TypedDict, Unpack

from django.db import transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import clock, limits
from core.errors import InvalidParameterValue
from functions import configuration, selectors
from functions.errors import EventInvokeConfigNotFound
from functions.models import LATEST, EventInvokeConfig, Function, Version
from functions.targets import check_destination


class EventInvokeSettings(TypedDict, total=False):
    """Retries 0 to 2, age in seconds 60 to 21,600, destinations as ARNs; an empty ARN removes a destination."""

    maximum_retry_attempts: int | None
    maximum_event_age: int | None
    on_success: str
    on_failure: str


_check_retries = configuration.check_range("maximumRetryAttempts", 0, limits.ASYNC_RETRIES_MAX)
_check_age = configuration.check_range(
    "maximumEventAgeInSeconds", limits.ASYNC_EVENT_AGE_S_MIN, limits.ASYNC_EVENT_AGE_S_MAX
)


@transaction.atomic
def put_function_event_invoke_config(
    *, account: Account, name: str, qualifier: str = "", **settings: Unpack[EventInvokeSettings]
) -> EventInvokeConfig:
    """Set the configuration, in place of all that was set before.

    Raises ``FunctionNotFound`` (for a missing qualifier too), ``ValidationError``, ``InvalidParameterValue``.
    """
    if not any(value is not None for value in settings.values()):
        raise InvalidParameterValue("You must specify at least one of error handling or destination setting.")
    function = _lock(account, name, qualifier)
    EventInvokeConfig.objects.filter(function=function, qualifier=qualifier or LATEST).delete()
    return _save(EventInvokeConfig(function=function, qualifier=qualifier or LATEST), account, settings)


@transaction.atomic
def update_function_event_invoke_config(
    *, account: Account, name: str, qualifier: str = "", **settings: Unpack[EventInvokeSettings]
) -> EventInvokeConfig:
    """Change what is given and keep the rest. Raises ``EventInvokeConfigNotFound`` too."""
    if not any(value is not None for value in settings.values()):
        raise InvalidParameterValue("You must specify at least one of error handling or destination setting.")
    function = _lock(account, name, qualifier)
    return _save(_existing(function, qualifier), account, settings)


@transaction.atomic
def delete_function_event_invoke_config(*, account: Account, name: str, qualifier: str = "") -> None:
    """Go back to AWS's defaults: two retries, six hours, no destinations. Raises ``EventInvokeConfigNotFound``."""
    function = _lock(account, name, qualifier)
    _existing(function, qualifier).delete()
    bump_stamp(account_id=account.id)


def _lock(account: Account, name: str, qualifier: str) -> Function:
    function = selectors.lock_function(account=account, name=name)
    selectors.version_of(function=function, qualifier=qualifier)
    return function


def _existing(function: Function, qualifier: str) -> EventInvokeConfig:
    if found := selectors.find_event_invoke_config(function=function, qualifier=qualifier):
        return found
    raise EventInvokeConfigNotFound(arn=f"{function.arn}:{qualifier or LATEST}")


def _save(config: EventInvokeConfig, account: Account, settings: EventInvokeSettings) -> EventInvokeConfig:
    version = selectors.version_of(function=config.function, qualifier=config.qualifier)
    _check(account, config.function, version, settings)
    for field, value in settings.items():
        if value is not None:
            setattr(config, field, value)
    config.last_modified = clock.now()
    config.save()
    bump_stamp(account_id=account.id)
    return config


def _check(account: Account, function: Function, version: Version, settings: EventInvokeSettings) -> None:
    if (retries := settings.get("maximum_retry_attempts")) is not None:
        _check_retries(retries)
    if (age := settings.get("maximum_event_age")) is not None:
        _check_age(age)
    for target in (settings.get("on_success"), settings.get("on_failure")):
        if target:
            check_destination(account=account, arn=target, role_arn=version.role_arn)
            if target == function.arn or target.startswith(f"{function.arn}:"):
                raise InvalidParameterValue("You can't specify the function as a destination for itself.")
