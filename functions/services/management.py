"""Settings of a function beside its configuration: recursive loops, and when its runtime is updated."""

import re

from django.db import transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core.errors import InvalidParameterValue
from functions import configuration, selectors
from functions.models import Function, Version

_LOOPS = ("Allow", "Terminate")
_UPDATES = ("Auto", "Manual", "FunctionUpdate")
_RUNTIME_ARN = re.compile(r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+::runtime:.+", re.ASCII)


@transaction.atomic
def put_function_recursion_config(*, account: Account, name: str, recursive_loop: str) -> Function:
    """Whether a loop of this function through other services is ended (``Terminate``) or not (``Allow``)."""
    function = selectors.lock_function(account=account, name=name)
    configuration.check_one_of("recursiveLoop", _LOOPS)(recursive_loop)
    function.recursive_loop = recursive_loop
    function.save(update_fields=["recursive_loop"])
    bump_stamp(account_id=account.id)
    return function


@transaction.atomic
def put_runtime_management_config(
    *, account: Account, name: str, update_runtime_on: str, qualifier: str = "", runtime_version_arn: str = ""
) -> Version:
    """When AWS would move the function to a newer patch of its runtime; kept, without effect here."""
    function = selectors.lock_function(account=account, name=name)
    version = selectors.version_of(function=function, qualifier=qualifier)
    configuration.check_one_of("updateRuntimeOn", _UPDATES)(update_runtime_on)
    if (update_runtime_on == "Manual") != bool(runtime_version_arn):
        raise InvalidParameterValue("You must provide a RuntimeVersionArn for UpdateRuntimeOn Manual, and only for it.")
    if runtime_version_arn and not _RUNTIME_ARN.fullmatch(runtime_version_arn):
        raise configuration.invalid(
            runtime_version_arn,
            "runtimeVersionArn",
            "Member must satisfy regular expression pattern: arn:…::runtime:.+",
        )
    version.extra = {
        **version.extra,
        "RuntimeManagement": {"UpdateRuntimeOn": update_runtime_on, "RuntimeVersionArn": runtime_version_arn},
    }
    version.save(update_fields=["extra"])
    return version


def runtime_management(version: Version) -> dict[str, str]:
    """``UpdateRuntimeOn`` (``Auto`` unless it was set) and ``RuntimeVersionArn`` (empty unless ``Manual``)."""
    kept: dict[str, str] = version.extra.get("RuntimeManagement", {})
    return {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": "", **kept}
