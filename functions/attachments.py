"""Layers attached to a function: how many, which, and how large everything is together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, limits
from core.errors import InvalidParameterValue
from functions import selectors
from functions.configuration import invalid
from functions.errors import CodeAndLayersTooLarge, LayerNotAllowed
from functions.models import DeploymentPackage, LayerVersion

_LAYER_VERSION = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:layer:([a-zA-Z0-9-_]{1,140}):(\d{1,9})", re.ASCII
)
_PATTERN = "arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+"


@dataclass(frozen=True, slots=True)
class LayerName:
    """A layer version's name and number, taken from its ARN; ``foreign`` when the ARN names another account."""

    name: str
    number: int
    foreign: bool


def parse_layer_arn(arn: str, *, account: Account) -> LayerName:
    """Take a layer version's ARN apart, or raise ``MemberInvalid``."""
    if not (match := _LAYER_VERSION.fullmatch(arn)):
        raise invalid(f"[{arn}]", "layers", f"Member must satisfy regular expression pattern: {_PATTERN}")
    return LayerName(match[1], int(match[2]), own_arn(account=account, arn=arn)[1])


def find_layers(*, account: Account, layers: Sequence[str]) -> list[LayerVersion]:
    """The layer versions to attach, in order. An ARN of another account means the caller's layer of that name.

    Raises ``InvalidParameterValue`` for more than five, for two versions of one layer and for a missing one;
    ``LayerNotAllowed`` for another account's layer that the caller has no layer of its own for.
    """
    if len(layers) > limits.LAYERS_PER_FUNCTION:
        raise InvalidParameterValue(f"Cannot reference more than {limits.LAYERS_PER_FUNCTION} layers.")
    found: dict[str, LayerVersion] = {}
    for arn in layers:
        wanted = parse_layer_arn(arn, account=account)
        row = selectors.find_layer_version(account=account, name=wanted.name, number=wanted.number)
        if row is None:
            if wanted.foreign:
                raise LayerNotAllowed(user=arns.iam(account.id, "root"), arn=arn)
            raise InvalidParameterValue(f"Layer version {arn} does not exist.")
        if other := found.get(row.name):
            raise InvalidParameterValue(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{row.arn} and {other.arn} are versions of the same layer."
            )
        found[row.name] = row
    return list(found.values())


def check_size(*, package: DeploymentPackage, layers: Sequence[LayerVersion]) -> None:
    """Package and layers unzipped are at most 250 MB together."""
    actual = package.unzipped_size + sum(layer.package.unzipped_size for layer in layers)
    if actual > limits.PACKAGE_UNZIPPED_SIZE:
        raise CodeAndLayersTooLarge(limit=limits.PACKAGE_UNZIPPED_SIZE, actual=actual)
