"""Aliases: names that point at a version, and may share its traffic with one more."""

import re
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import ids
from core.errors import InvalidParameterValue
from functions import configuration, selectors
from functions.errors import AliasAlreadyExists, AliasNotFound, FunctionNotFound
from functions.models import LATEST, Alias, Function, Version
from functions.preconditions import check_revision
from functions.references import version_number

_NAME = re.compile(r"(?![0-9]+$)[a-zA-Z0-9-_]{1,128}", re.ASCII)
_NAME_PATTERN = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"


@transaction.atomic
def create_alias(
    *,
    account: Account,
    name: str,
    alias: str,
    version: str,
    description: str = "",
    weights: Mapping[str, float] | None = None,
) -> Alias:
    """Make an alias of a function for ``version`` (``$LATEST`` or a number in text).

    ``weights`` is at most one further version and the share (0 to 1) of invocations that go to it.
    Raises ``FunctionNotFound`` (for a missing version too), ``AliasAlreadyExists``, ``InvalidParameterValue``.
    """
    function = selectors.lock_function(account=account, name=name)
    if not _NAME.fullmatch(alias):
        raise configuration.invalid(alias, "name", f"Member must satisfy regular expression pattern: {_NAME_PATTERN}")
    row = Alias(function=function, name=alias)
    _point(row, version=version, weights=weights or {}, description=description)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise AliasAlreadyExists(arn=row.arn) from None
    bump_stamp(account_id=account.id)
    return row


@transaction.atomic
def update_alias(
    *,
    account: Account,
    name: str,
    alias: str,
    version: str | None = None,
    description: str | None = None,
    weights: Mapping[str, float] | None = None,
    revision_id: str = "",
) -> Alias:
    """Change what is given; ``weights`` of ``{}`` sends everything to the alias's own version again.

    Raises ``FunctionNotFound``, ``AliasNotFound``, ``PreconditionFailed``, ``InvalidParameterValue``.
    """
    function = selectors.lock_function(account=account, name=name)
    if (row := selectors.find_alias(function=function, name=alias)) is None:
        raise AliasNotFound(arn=f"{function.arn}:{alias}")
    check_revision(row.revision_id, revision_id)
    _point(
        row,
        version=version if version is not None else str(row.version_number or LATEST),
        weights=weights if weights is not None else row.weights,
        description=description if description is not None else row.description,
    )
    row.revision_id = ids.revision_id()
    row.save()
    bump_stamp(account_id=account.id)
    return row


@transaction.atomic
def delete_alias(*, account: Account, name: str, alias: str) -> None:
    """Delete an alias with its policy and its settings; none of that name is fine too, as on AWS."""
    function = selectors.lock_function(account=account, name=name)
    function.aliases.filter(name=alias).delete()
    function.policy_statements.filter(qualifier=alias).delete()
    function.event_invoke_configs.filter(qualifier=alias).delete()
    bump_stamp(account_id=account.id)


def _point(row: Alias, *, version: str, weights: Mapping[str, float], description: str) -> None:
    configuration.check_description(description)
    number = _existing(row.function, version)
    _check_weights(row.function, number=number, weights=weights)
    row.version_number, row.weights, row.description = number, dict(weights), description


def _existing(function: Function, label: str) -> int:
    number = version_number(label)
    if number is None or not Version.objects.filter(function=function, number=number).exists():
        raise FunctionNotFound(arn=f"{function.arn}:{label}")
    return number


def _check_weights(function: Function, *, number: int, weights: Mapping[str, float]) -> None:
    if not weights:
        return
    if len(weights) > 1:
        raise InvalidParameterValue("Number of items in AdditionalVersionWeights cannot be greater than 1")
    (label, weight), *_ = weights.items()
    if not 0.0 <= weight <= 1.0:
        raise InvalidParameterValue(f"The weight of version {label} must be between 0.0 and 1.0.")
    if number == 0:
        raise InvalidParameterValue("$LATEST is not supported for an alias pointing to more than 1 version")
    if label == LATEST:
        raise InvalidParameterValue("$LATEST is not supported for an alias pointing to more than 1 version")
    if _existing(function, label) == number:
        raise InvalidParameterValue(
            f"Invalid function version {label}. Function version {label} is already included in routing configuration."
        )
