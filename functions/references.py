"""Names of functions as callers write them, taken apart. Pure.

``hello`` · ``hello:live`` · ``123456789012:function:hello`` · ``arn:aws:lambda:us-east-1:123456789012:function:hello:3``
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Account
from core.errors import InvalidParameterValue
from functions.errors import MemberInvalid
from functions.models import LATEST

# As in AWS's service model, in ASCII and matched whole.
_REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?",
    re.ASCII,
)
_REFERENCE_PATTERN = (
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
    "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9-_]{1,128}", re.ASCII)
_QUALIFIER_PATTERN = "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"


@dataclass(frozen=True, slots=True)
class Reference:
    """A function as somebody named it; ``qualifier`` is empty when none was given.

    ``note`` tells a person what was quietly put right, e.g. an account id copied from a slide; mostly empty.
    """

    name: str
    qualifier: str = ""
    note: str = ""


def parse_reference(text: str, *, account: Account) -> Reference:
    """Take a function's name apart. An ARN of another account means the caller's own, with a note.

    Raises ``MemberInvalid`` when it is neither a name nor an ARN of a function.
    """
    match = _REFERENCE.fullmatch(text)
    if not match or len(text) > 256 or len(match["name"]) > 64:
        raise MemberInvalid(
            value=text[:300],
            member="functionName",
            constraint=f"Member must satisfy regular expression pattern: {_REFERENCE_PATTERN}",
        )
    note = ""
    if (named := match["account"]) and named != account.id:
        note = _("Account {named} is not yours: taken as your own account {own}.").format(named=named, own=account.id)
    return Reference(match["name"], match["qualifier"] or "", note)


def combine(reference: Reference, qualifier: str | None) -> str:
    """The one qualifier of a name and a ``Qualifier`` member; ``InvalidParameterValue`` when both say different things."""
    if not qualifier:
        return reference.qualifier
    if not _QUALIFIER.fullmatch(qualifier):
        raise MemberInvalid(
            value=qualifier[:300],
            member="qualifier",
            constraint=f"Member must satisfy regular expression pattern: {_QUALIFIER_PATTERN}",
        )
    if reference.qualifier and reference.qualifier != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return qualifier


def version_number(qualifier: str) -> int | None:
    """0 for ``$LATEST`` (or nothing), the number of a version, None for an alias's name."""
    if qualifier in ("", LATEST):
        return 0
    if re.fullmatch(r"[0-9]{1,9}", qualifier, re.ASCII) and qualifier[0] != "0":
        return int(qualifier)
    return None


def choose(number: int, weights: Mapping[str, float], *, draw: float) -> int:
    """The version that a weighted alias picks for ``draw`` in [0, 1): ``weights`` of it go to the additional versions."""
    for label, weight in sorted(weights.items()):
        if draw < weight:
            return int(label)
        draw -= weight
    return number
