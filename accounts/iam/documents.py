"""Policy documents: read and checked, never changed. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from accounts.errors import MalformedPolicyDocument
from accounts.policies import conditions
from core import strict_json

_VERSIONS = ("2012-10-17", "2008-10-17")
_SID = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_ANY_SID = re.compile(r"[^\x00-\x1f]{0,512}")  # resource policies have names such as __owner_statement
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+", re.ASCII)
_STATEMENT_FIELDS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


def size(text: str) -> int:
    """The size of a document as the quotas count it: without white space."""
    return sum(not character.isspace() for character in text)


def check_identity_policy(text: str) -> None:
    """Raise ``MalformedPolicyDocument`` unless ``text`` may say what a role is allowed to do."""
    for statement in _statements(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")
        _check_actions(statement)
        resources = _texts(statement, "Resource", "NotResource")
        if not resources:
            raise MalformedPolicyDocument("Policy statement must contain resources.")
        for resource in resources:
            if resource != "*" and not resource.startswith("arn:"):
                raise MalformedPolicyDocument(f'Resource {resource} must be in ARN format or "*".')


def check_trust_policy(text: str) -> None:
    """Raise ``MalformedPolicyDocument`` unless ``text`` may say who takes a role."""
    for statement in _statements(text, no_json="This policy contains invalid Json"):
        for field in ("Resource", "NotResource"):
            if field in statement:
                raise MalformedPolicyDocument(f"Has prohibited field {field}")
        _check_principals(statement)
        for action in _check_actions(statement):
            if action != "*" and not action.startswith("sts:"):
                raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")


def check_resource_policy(text: str) -> None:
    """Raise ``MalformedPolicyDocument`` unless ``text`` may say who does what with a resource, such as a queue."""
    for statement in _statements(text, sid=_ANY_SID):
        _check_principals(statement)
        _check_actions(statement)
        _texts(statement, "Resource", "NotResource")


def _statements(text: str, no_json: str = "", sid: re.Pattern[str] = _SID) -> list[dict[str, Any]]:
    try:
        document = strict_json.loads(text)
    except strict_json.BadJson:
        raise MalformedPolicyDocument(no_json) from None
    if not isinstance(document, dict) or document.keys() - {"Version", "Id", "Statement"}:
        raise MalformedPolicyDocument
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise MalformedPolicyDocument
    found: Any = document.get("Statement")
    statements: list[Any] = found if isinstance(found, list) else [found]
    if not statements:
        raise MalformedPolicyDocument
    for statement in statements:
        _check_statement(statement, sid)
    _check_sids(statement["Sid"] for statement in statements if statement.get("Sid"))
    return statements


def _check_statement(statement: Any, sid_pattern: re.Pattern[str]) -> None:
    if not isinstance(statement, dict) or statement.keys() - _STATEMENT_FIELDS:
        raise MalformedPolicyDocument
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyDocument
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not sid_pattern.fullmatch(sid):
        raise MalformedPolicyDocument(
            f"Statement IDs (SID) must be alpha-numeric. Check that your input {sid!r} is so."
        )
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(inner, dict) for inner in condition.values()):
        raise MalformedPolicyDocument
    try:
        conditions.parse(condition, variables=False)
    except ValueError as error:
        raise MalformedPolicyDocument(str(error)) from None


def _check_sids(sids: Iterable[str]) -> None:
    seen: set[str] = set()
    for sid in sids:
        if sid in seen:
            raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")
        seen.add(sid)


def _check_actions(statement: dict[str, Any]) -> list[str]:
    actions = _texts(statement, "Action", "NotAction")
    if not actions:
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise MalformedPolicyDocument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    return actions


def _check_principals(statement: dict[str, Any]) -> None:
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        raise MalformedPolicyDocument("Missing required field Principal")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise MalformedPolicyDocument("Invalid principal in policy")
    for kind in principal:
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser") or not _texts(principal, kind):
            raise MalformedPolicyDocument(f"Invalid principal in policy: {kind}")


def _texts(owner: dict[str, Any], *fields: str) -> list[str]:
    """The one of ``fields`` that is there, as a list of texts; empty when none is."""
    present = [owner[field] for field in fields if field in owner]
    if not present:
        return []
    if len(present) > 1:
        raise MalformedPolicyDocument
    texts = present[0] if isinstance(present[0], list) else [present[0]]
    if not all(isinstance(text, str) and text for text in texts):
        raise MalformedPolicyDocument
    return texts
