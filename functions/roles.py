"""The role a function runs with: it must exist in the function's account and trust Lambda."""

import json
import re
from typing import Any

from accounts.models import Account, Role
from accounts.selectors import own_arn
from core import arns
from functions.configuration import invalid
from functions.errors import RoleNotAssumable

_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", re.ASCII)
_PATTERN = "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"


def usable_role(*, account: Account, role_arn: str) -> str:
    """The ARN of the caller's role that ``role_arn`` means; an ARN from a slide means the caller's role of that name.

    Raises ``MemberInvalid`` for what is not a role's ARN, ``RoleNotAssumable`` for a role that is missing or does
    not trust Lambda.
    """
    if not _ROLE.fullmatch(role_arn):
        raise invalid(role_arn, "role", f"Member must satisfy regular expression pattern: {_PATTERN}")
    own, _ = own_arn(account=account, arn=role_arn)
    parsed = arns.parse(own)
    assert parsed is not None
    path, _, name = parsed.resource.removeprefix("role").rpartition("/")
    role = Role.objects.filter(account=account, name=name, path=f"{path}/").first()
    if role is None or not trusts_lambda(role.assume_role_policy):
        raise RoleNotAssumable
    return own


def trusts_lambda(document: str) -> bool:
    """Whether a trust policy lets the service lambda.amazonaws.com take the role."""
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    return any(_allows(statement) for statement in _listed(statements))


def _allows(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    actions = {str(action).lower() for action in _listed(statement.get("Action"))}
    if not actions & {"sts:assumerole", "sts:*", "*"}:
        return False
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else _listed(principal)
    return any(service in ("lambda.amazonaws.com", "*") for service in services)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
