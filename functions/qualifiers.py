"""From the name of a function, as a caller writes it, to the one version that runs."""

import random
from dataclasses import dataclass

from accounts.models import Account
from core import arns
from functions import selectors
from functions.errors import FunctionNotFound
from functions.models import Function, Version
from functions.references import Reference, choose, combine, parse_reference, version_number

__all__ = ["Reference", "Resolved", "choose", "combine", "parse_reference", "resolve", "version_number"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What will run: ``invoked_arn`` is as it was asked for, and names the alias rather than the version."""

    function: Function
    version: Version
    invoked_arn: str


def resolve(*, account: Account, reference: str | Reference, qualifier: str | None = "") -> Resolved:
    """The version that answers to a name; of a weighted alias, one of its two versions by chance.

    Raises ``FunctionNotFound`` when the function, the version or the alias does not exist.
    """
    parsed = parse_reference(reference, account=account) if isinstance(reference, str) else reference
    wanted = combine(parsed, qualifier)
    if version_number(wanted) is not None:
        version = selectors.get_version(account=account, name=parsed.name, qualifier=wanted)
        function = version.function
        return Resolved(function, version, arns.function(function.region, account.id, function.name, wanted))
    function = selectors.get_function(account=account, name=parsed.name)
    invoked_arn = arns.function(function.region, account.id, function.name, wanted)
    alias = selectors.find_alias(function=function, name=wanted)
    if alias is None:
        raise FunctionNotFound(arn=invoked_arn)
    number = choose(alias.version_number, alias.weights, draw=random.random())
    return Resolved(function, selectors.numbered(function=function, number=number, qualifier=wanted), invoked_arn)
