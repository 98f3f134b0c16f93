"""Policies in words: what a statement lets somebody do, without reading JSON. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

SERVICES = {
    "apigateway": "API Gateway",
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "ec2": "EC2",
    "events": "EventBridge",
    "execute-api": "API Gateway",
    "iam": "IAM",
    "iot": "IoT",
    "kinesis": "Kinesis",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "s3": "S3",
    "scheduler": "EventBridge Scheduler",
    "secretsmanager": "Secrets Manager",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "Systems Manager",
    "states": "Step Functions",
    "sts": "STS",
    "xray": "X-Ray",
}
_ACTIONS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement. ``what`` has a part for each service; ``on`` is empty where it is everything."""

    allows: bool
    what: tuple[str, ...]
    on: tuple[str, ...]
    only_if: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guest:
    """A statement of a function's resource policy: who may do what, on whose behalf."""

    sid: str
    qualifier: str
    who: str
    may_invoke: bool
    actions: str
    only_if: tuple[str, ...]


def sentences(document: str | Mapping[str, Any]) -> list[Sentence]:
    """The statements of an identity policy; a document that cannot be read says nothing."""
    try:
        members = json.loads(document) if isinstance(document, str) else document
        return [_sentence(statement) for statement in _listed(members.get("Statement", []))]
    except (ValueError, AttributeError, TypeError):
        return []


def guest(statement: Mapping[str, Any], *, qualifier: str = "") -> Guest:
    """One statement of a resource policy."""
    principal = statement.get("Principal", "*")
    values = [value for part in principal.values() for value in _listed(part)] if isinstance(principal, dict) else ["*"]
    actions = [str(action) for action in _listed(statement.get("Action", []))]
    return Guest(
        sid=str(statement.get("Sid", "")),
        qualifier=qualifier,
        who=", ".join(_principal(str(value)) for value in values),
        may_invoke=actions == ["lambda:InvokeFunction"],
        actions=", ".join(actions),
        only_if=_conditions(statement.get("Condition", {})),
    )


def _sentence(statement: Mapping[str, Any]) -> Sentence:
    inverted = "NotAction" in statement
    actions = [str(action) for action in _listed(statement.get("NotAction" if inverted else "Action", []))]
    what = _by_service(actions)
    resources = tuple(str(one) for one in _listed(statement.get("Resource", [])))
    other = tuple(
        _("everything but %(resource)s") % {"resource": one} for one in _listed(statement.get("NotResource", []))
    )
    return Sentence(
        allows=statement.get("Effect") == "Allow",
        what=(_("everything but %(actions)s") % {"actions": "; ".join(what)},) if inverted else what,
        on=other or (() if resources == ("*",) else resources),
        only_if=_conditions(statement.get("Condition", {})),
    )


def _by_service(actions: Iterable[str]) -> tuple[str, ...]:
    """``S3: GetObject, PutObject`` for each service."""
    found: dict[str, list[str]] = {}
    for action in actions:
        service, _colon, verb = action.partition(":")
        if service == "*":
            return (_("everything"),)
        found.setdefault(SERVICES.get(service.lower(), service), []).append(verb)
    return tuple(f"{service}: {_verbs(verbs)}" for service, verbs in found.items())


def _verbs(verbs: list[str]) -> str:
    if "*" in verbs:
        return _("everything")
    shown = ", ".join(verbs[:_ACTIONS_SHOWN])
    more = len(verbs) - _ACTIONS_SHOWN
    return _("%(actions)s and %(count)s more") % {"actions": shown, "count": more} if more > 0 else shown


def _principal(value: str) -> str:
    if value == "*":
        return _("everybody")
    service = value.removesuffix(".amazonaws.com")
    if service != value:
        return f"{SERVICES.get(service, service)} ({value})"
    return value


def _conditions(conditions: Any) -> tuple[str, ...]:
    """``aws:SourceArn = arn:…``: the operators of AWS, one line for each key."""
    if not isinstance(conditions, Mapping):
        return ()
    return tuple(
        f"{key} {_OPERATORS.get(operator, operator)} {', '.join(str(value) for value in _listed(values))}"
        for operator, keys in conditions.items()
        if isinstance(keys, Mapping)
        for key, values in keys.items()
    )


_OPERATORS = {
    "StringEquals": "=",
    "ArnLike": "~",
    "ArnEquals": "=",
    "StringLike": "~",
    "Bool": "=",
    "StringNotEquals": "≠",
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
