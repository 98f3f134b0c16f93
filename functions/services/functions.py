"""Creating, changing and deleting functions. What is changed here is ``$LATEST``; it is ready when a call returns."""

from typing import Any, Unpack

from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import bump_stamp
from core import clock, ids, limits
from core.errors import InvalidParameterValue
from functions import attachments, configuration, roles, selectors, signals, tagging
from functions.configuration import Configuration
from functions.errors import (
    CodeStorageExceeded,
    FunctionAlreadyExists,
    FunctionNotFound,
    TooManyFunctions,
    VersionInUse,
)
from functions.models import LATEST, DeploymentPackage, Function, Version
from functions.preconditions import check_revision
from functions.references import version_number
from functions.services import versions
from functions.targets import check_dead_letters

_DEFAULTS: dict[str, Any] = {"architectures": ["x86_64"]}


@transaction.atomic
def create_function(
    *,
    account: Account,
    name: str,
    package: DeploymentPackage,
    tags: dict[str, str] | None = None,
    publish: bool = False,
    region: str = "us-east-1",
    **settings: Unpack[Configuration],
) -> Version:
    """Make a function and return its ``$LATEST``, or version 1 when it should be published; ready to be invoked.

    ``runtime``, ``handler`` and ``role_arn`` are required. Raises ``FunctionAlreadyExists``, ``TooManyFunctions``,
    ``RoleNotAssumable``, ``RuntimeUnavailable`` and what ``configuration.check`` and the layers raise.
    """
    configuration.check_name(name)
    if not settings.get("runtime") or not settings.get("handler"):
        raise InvalidParameterValue(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    tagging.check(tags or {})
    if Function.objects.filter(account=account, name=name).exists():
        raise FunctionAlreadyExists(name=name)
    if Function.objects.filter(account=account).count() >= limits.FUNCTIONS_PER_ACCOUNT:
        raise TooManyFunctions(limit=limits.FUNCTIONS_PER_ACCOUNT)
    function = Function(account=account, name=name, region=region, tags=tags or {})
    version = Version(function=function, package=package, **_DEFAULTS)
    _configure(version, account=account, settings=settings)
    _check_code_storage(account=account, package=package)
    try:
        with transaction.atomic():
            function.save(force_insert=True)
    except IntegrityError:  # created a moment ago by somebody else
        raise FunctionAlreadyExists(name=name) from None
    version.save(force_insert=True)
    bump_stamp(account_id=account.id)
    return versions.freeze(function=function) if publish else version


@transaction.atomic
def update_function_code(
    *,
    account: Account,
    name: str,
    package: DeploymentPackage,
    architectures: list[str] | None = None,
    publish: bool = False,
    dry_run: bool = False,
    revision_id: str = "",
) -> Version:
    """Give ``$LATEST`` another package; returns it, or the version published from it.

    With ``dry_run`` everything is checked and nothing kept: the version returned is what would have been.
    Raises ``FunctionNotFound``, ``PreconditionFailed``, ``CodeAndLayersTooLarge``.
    """
    function = selectors.lock_function(account=account, name=name)
    latest = selectors.latest(function)
    check_revision(latest.revision_id, revision_id)
    attachments.check_size(package=package, layers=selectors.attached_layers(latest))
    _check_code_storage(account=account, package=package)
    latest.package = package
    if architectures is not None:
        configuration.check({"architectures": architectures})
        latest.architectures = architectures
    if dry_run:
        return latest
    _touch(latest)
    latest.save(update_fields=["package", "architectures", "revision_id", "last_modified"])
    bump_stamp(account_id=account.id)
    return versions.freeze(function=function) if publish else latest


@transaction.atomic
def update_function_configuration(
    *, account: Account, name: str, revision_id: str = "", **settings: Unpack[Configuration]
) -> Version:
    """Change the settings that are given and return ``$LATEST``; the others stay as they are.

    Raises ``FunctionNotFound``, ``PreconditionFailed`` and what ``create_function`` raises for its settings.
    """
    function = selectors.lock_function(account=account, name=name)
    latest = selectors.latest(function)
    check_revision(latest.revision_id, revision_id)
    _configure(latest, account=account, settings=settings)
    _touch(latest)
    latest.save()
    bump_stamp(account_id=account.id)
    return latest


@transaction.atomic
def delete_function(*, account: Account, name: str, qualifier: str = "") -> None:
    """Delete a function with everything that hangs on it, or one published version of it.

    Raises ``FunctionNotFound``; ``VersionInUse`` while an alias points at the version; ``InvalidParameterValue``
    for ``$LATEST`` and for an alias's name.
    """
    function = selectors.lock_function(account=account, name=name)
    if qualifier:
        _delete_version(function, qualifier)
    else:
        function.delete()
        transaction.on_commit(
            lambda: signals.function_deleted.send(Function, account_id=account.id, name=name), robust=True
        )
    bump_stamp(account_id=account.id)


def _delete_version(function: Function, qualifier: str) -> None:
    if qualifier == LATEST:
        raise InvalidParameterValue("$LATEST version cannot be deleted without deleting the function.")
    if (number := version_number(qualifier)) is None:
        raise InvalidParameterValue("Deletion of aliases is not currently supported.")
    users = [alias.name for alias in function.aliases.all() if number in selectors.alias_targets(alias)]
    if users:
        raise VersionInUse(aliases=", ".join(sorted(users)))
    if not Version.objects.filter(function=function, number=number).exists():
        raise FunctionNotFound(arn=f"{function.arn}:{qualifier}")
    Version.objects.filter(function=function, number=number).delete()
    function.policy_statements.filter(qualifier=qualifier).delete()
    function.event_invoke_configs.filter(qualifier=qualifier).delete()


def _configure(version: Version, *, account: Account, settings: Configuration) -> None:
    """Put checked settings on ``version``. What was sent and what it came to are both kept where they differ."""
    configuration.check(settings)
    as_sent = dict(version.extra.get("AsSent", {}))
    values: dict[str, Any] = dict(settings)
    if (sent := settings.get("role_arn")) is not None or version._state.adding:
        values["role_arn"] = roles.usable_role(account=account, role_arn=sent or "")
        as_sent["Role"] = sent if sent != values["role_arn"] else None
    if (layers := settings.get("layers")) is not None:
        values["layers"] = [row.arn for row in attachments.find_layers(account=account, layers=layers)]
        as_sent["Layers"] = layers if layers != values["layers"] else None
    if target := settings.get("dead_letter_arn"):
        role_arn = values.get("role_arn") or version.role_arn
        check_dead_letters(account=account, arn=target, role_arn=role_arn)
    values["extra"] = {
        **version.extra,
        **settings.get("extra", {}),
        "AsSent": {key: value for key, value in as_sent.items() if value},
    }
    if "environment" in settings:
        values["environment"] = settings["environment"] or None
    for field, value in values.items():
        setattr(version, field, value)
    attachments.check_size(package=version.package, layers=selectors.attached_layers(version))


def _touch(version: Version) -> None:
    version.revision_id = ids.revision_id()
    version.last_modified = clock.now()


def _check_code_storage(*, account: Account, package: DeploymentPackage) -> None:
    if selectors.code_size(account=account) + package.size > limits.ACCOUNT_CODE_SIZE:
        raise CodeStorageExceeded
