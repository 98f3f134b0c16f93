"""Redrive policies: where messages go that nobody can process, and whose dead letters a queue takes. Pure.

Source: SQS API reference, SetQueueAttributes; developer guide, "Using dead-letter queues".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import limits, strict_json
from queues.errors import InvalidParameter

_SOURCES = 10
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")


@dataclass(frozen=True, slots=True)
class Redrive:
    """After ``max_receive_count`` receives a message goes to the queue ``arn``."""

    arn: str
    max_receive_count: int


def parse(text: str) -> Redrive:
    """A RedrivePolicy. Raises ``InvalidParameter`` in AWS's words."""
    policy = _json_map("RedrivePolicy", text, "Redrive policy is not a valid JSON map.")
    for name in ("deadLetterTargetArn", "maxReceiveCount"):
        if name not in policy:
            raise invalid("RedrivePolicy", text, f"Redrive policy does not contain mandatory attribute: {name}.")
    arn, count = policy["deadLetterTargetArn"], policy["maxReceiveCount"]
    if unknown := sorted(set(policy) - {"deadLetterTargetArn", "maxReceiveCount"}):
        raise invalid(
            "RedrivePolicy",
            text,
            f"Only following attributes are allowed: [deadLetterTargetArn, maxReceiveCount]: {unknown[0][:80]}.",
        )
    if not isinstance(arn, str):
        raise invalid("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
    number = _number(count)
    if number is None or not 1 <= number <= limits.RECEIVE_COUNT_MAX:
        reason = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to {limits.RECEIVE_COUNT_MAX} both inclusive."
        raise invalid("RedrivePolicy", text, reason)
    return Redrive(arn, number)


def render(arn: str, max_receive_count: int | None) -> str:
    """The RedrivePolicy as it is answered; empty without one."""
    if not arn:
        return ""
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count}
    return json.dumps(policy, separators=(",", ":"))


def check_allow(text: str) -> None:
    """Raise ``InvalidParameter`` for what is no RedriveAllowPolicy."""
    policy = _json_map("RedriveAllowPolicy", text, "Redrive allow policy is not a valid JSON map.")
    if policy.get("redrivePermission") not in _PERMISSIONS:
        reason = f"Amazon SQS can't create the redrive allow policy. Invalid value for redrivePermission, valid values are {', '.join(_PERMISSIONS)}."
        raise invalid("RedriveAllowPolicy", text, reason)
    sources = policy.get("sourceQueueArns", [])
    by_queue = policy["redrivePermission"] == "byQueue"
    if not isinstance(sources, list) or not all(isinstance(arn, str) for arn in sources) or len(sources) > _SOURCES:
        reason = f"Amazon SQS can't create the redrive allow policy. sourceQueueArns must be a list of at most {_SOURCES} ARNs."
        raise invalid("RedriveAllowPolicy", text, reason)
    if by_queue != bool(sources):
        reason = "Amazon SQS can't create the redrive allow policy. sourceQueueArns is for the redrivePermission byQueue, which needs it."
        raise invalid("RedriveAllowPolicy", text, reason)


def takes_from(allow_policy: str, *, source_arn: str) -> bool:
    """Whether a queue with this RedriveAllowPolicy (or none) takes the dead letters of ``source_arn``."""
    if not allow_policy:
        return True
    policy = strict_json.loads(allow_policy)
    match policy["redrivePermission"]:
        case "allowAll":
            return True
        case "denyAll":
            return False
        case _:
            return source_arn in policy["sourceQueueArns"]


def invalid(name: str, value: str, reason: str) -> InvalidParameter:
    """The error for a policy."""
    return InvalidParameter(name=name, value=value[:1024], reason=reason)


def _json_map(name: str, text: str, otherwise: str) -> Mapping[str, Any]:
    try:
        policy = strict_json.loads(text)
    except strict_json.BadJson:
        policy = None
    if not isinstance(policy, dict):
        raise invalid(name, text, otherwise)
    return policy


def _number(value: object) -> int | None:
    """A whole number, which clients also send as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 8:
        return int(value)
    return None
