"""Layers: zips that several functions share, numbered from 1 and never changed."""

import re
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from accounts.models import Account
from accounts.services import bump_stamp
from core import clock, limits
from core.errors import InvalidParameterValue
from functions import configuration, runtimes, selectors
from functions.errors import CodeStorageExceeded
from functions.models import DeploymentPackage, LayerCounter, LayerVersion

_NAME = re.compile(r"[a-zA-Z0-9-_]{1,140}", re.ASCII)
_RUNTIMES_MAX, _LICENSE_LENGTH = 15, 512
_ARCHITECTURES = ("x86_64", "arm64")


@transaction.atomic
def publish_layer_version(
    *,
    account: Account,
    name: str,
    package: DeploymentPackage,
    description: str = "",
    license_info: str = "",
    compatible_runtimes: Sequence[str] = (),
    compatible_architectures: Sequence[str] = (),
    region: str = "us-east-1",
) -> LayerVersion:
    """Make the next version of a layer, the first one of a new name included.

    Raises ``ValidationError`` for a value out of bounds and ``CodeStorageExceeded``.
    """
    _check(name, description, license_info, compatible_runtimes, compatible_architectures)
    if selectors.code_size(account=account) + package.size > limits.ACCOUNT_CODE_SIZE:
        raise CodeStorageExceeded
    return LayerVersion.objects.create(
        account=account,
        name=name,
        region=region,
        number=_next_number(account, name),
        package=package,
        description=description,
        license_info=license_info,
        compatible_runtimes=list(compatible_runtimes),
        compatible_architectures=list(compatible_architectures),
    )


@transaction.atomic
def delete_layer_version(*, account: Account, name: str, number: int) -> None:
    """Take a layer version off the lists; functions that have it keep it. One that is not there is fine, as on AWS."""
    if number < 1:
        raise InvalidParameterValue("Layer Version Cannot be less than 1.")
    layers = LayerVersion.objects.filter(account=account, name=name, number=number, deleted_at=None)
    if layers.update(deleted_at=clock.now()):
        bump_stamp(account_id=account.id)


def _next_number(account: Account, name: str) -> int:
    counter, _ = LayerCounter.objects.get_or_create(account=account, name=name)
    LayerCounter.objects.filter(pk=counter.pk).update(last_number=F("last_number") + 1)  # also locks the row
    counter.refresh_from_db()
    return counter.last_number


def _check(
    name: str, description: str, license_info: str, identifiers: Sequence[str], architectures: Sequence[str]
) -> None:
    if not _NAME.fullmatch(name):
        raise configuration.invalid(name, "layerName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")
    configuration.check_description(description)
    if len(license_info) > _LICENSE_LENGTH:
        constraint = f"Member must have length less than or equal to {_LICENSE_LENGTH}"
        raise configuration.invalid(license_info, "licenseInfo", constraint)
    if len(identifiers) > _RUNTIMES_MAX:
        constraint = f"Member must have length less than or equal to {_RUNTIMES_MAX}"
        raise configuration.invalid(list(identifiers), "compatibleRuntimes", constraint)
    for identifier in identifiers:
        if runtimes.get(identifier) is None:
            known = ", ".join(runtimes.RUNTIMES)
            raise configuration.invalid(
                f"[{identifier}]", "compatibleRuntimes", f"Member must satisfy enum value set: [{known}]"
            )
    if not set(architectures) <= set(_ARCHITECTURES):
        allowed = ", ".join(_ARCHITECTURES)
        raise configuration.invalid(
            list(architectures), "compatibleArchitectures", f"Member must satisfy enum value set: [{allowed}]"
        )
