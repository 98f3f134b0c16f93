"""Statements of a function's resource policy, as AWS writes them. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidParameterValue
from functions.configuration import invalid

_SID = re.compile(r"[a-zA-Z0-9-_]{1,100}", re.ASCII)
_ACTION = re.compile(r"lambda:\*|lambda:[a-zA-Z]+|\*", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?|[a-z0-9-]+\.alexa\.com", re.ASCII)
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:\S+", re.ASCII)
_SOURCE_ARN = re.compile(r"arn:aws[a-zA-Z0-9-]*:[a-zA-Z0-9-]+:[a-z0-9-]*:(\d{12})?:.*", re.ASCII)
_EVENT_SOURCE_TOKEN = re.compile(r"[a-zA-Z0-9._\-]{1,256}", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


_MEMBERS = ("Sid", "Effect", "Principal", "Action", "Resource", "Condition")
_OPERATORS = ("StringEquals", "ArnLike", "Bool")


@dataclass(frozen=True, slots=True)
class Permission:
    """What AddPermission asks for: who (``principal``) may do what (``action``), under which conditions."""

    sid: str
    action: str
    principal: str
    source_arn: str = ""
    source_account: str = ""
    event_source_token: str = ""
    principal_org_id: str = ""
    function_url_auth_type: str = ""
    invoked_via_function_url: bool | None = None


def check(permission: Permission) -> None:
    """Raise for a value that AWS's service model does not take."""
    rules = [
        ("statementId", permission.sid, _SID, "([a-zA-Z0-9-_]+)"),
        ("action", permission.action, _ACTION, "(lambda:[*]|lambda:[a-zA-Z]+|[*])"),
        ("sourceArn", permission.source_arn, _SOURCE_ARN, "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:…:(.*)"),
        ("sourceAccount", permission.source_account, _ACCOUNT, "\\d{12}"),
        ("eventSourceToken", permission.event_source_token, _EVENT_SOURCE_TOKEN, "[a-zA-Z0-9._\\-]+"),
        ("principalOrgID", permission.principal_org_id, _ORGANIZATION, "o-[a-z0-9]{10,32}"),
        ("functionUrlAuthType", permission.function_url_auth_type, re.compile("NONE|AWS_IAM"), "NONE, AWS_IAM"),
    ]
    for member, value, pattern, shown in rules:
        if (value or member in ("statementId", "action")) and not pattern.fullmatch(value):
            raise invalid(value, member, f"Member must satisfy regular expression pattern: {shown}")


def statement(permission: Permission, *, resource: str) -> dict[str, Any]:
    """The statement for ``resource`` (a function's ARN, qualified or not), members in AWS's order."""
    document: dict[str, Any] = {
        "Sid": permission.sid,
        "Effect": "Allow",
        "Principal": _principal(permission.principal),
        "Action": permission.action,
        "Resource": resource,
    }
    if conditions := _conditions(permission):
        document["Condition"] = conditions
    return document


def source_of(statement: dict[str, Any]) -> str:
    """The ARN on whose behalf a stored statement lets somebody in, or an empty string."""
    arn: str = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
    return arn


def in_order(document: dict[str, Any]) -> dict[str, Any]:
    """A stored statement with its members where AWS has them: a database may forget the order of a document."""
    ordered = {member: document[member] for member in _MEMBERS if member in document}
    if "Condition" in ordered:
        conditions = ordered["Condition"]
        ordered["Condition"] = {name: conditions[name] for name in _OPERATORS if name in conditions}
    return ordered


def _principal(principal: str) -> str | dict[str, str]:
    if principal == "*":
        return "*"
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    if _PRINCIPAL_ARN.fullmatch(principal):
        return {"AWS": principal}
    if _SERVICE.fullmatch(principal):
        return {"Service": principal}
    raise InvalidParameterValue("The provided principal was invalid. Please check the principal and try again.")


def _conditions(permission: Permission) -> dict[str, dict[str, str]]:
    equals = {
        "AWS:SourceAccount": permission.source_account,
        "lambda:EventSourceToken": permission.event_source_token,
        "aws:PrincipalOrgID": permission.principal_org_id,
        "lambda:FunctionUrlAuthType": permission.function_url_auth_type,
    }
    conditions = {"StringEquals": {key: value for key, value in equals.items() if value}}
    if permission.source_arn:
        conditions["ArnLike"] = {"AWS:SourceArn": permission.source_arn}
    if permission.invoked_via_function_url is not None:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(permission.invoked_via_function_url).lower()}
    return {operator: test for operator, test in conditions.items() if test}
