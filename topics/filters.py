"""Filter policies of subscriptions: which messages a subscriber wants. Pure; the matcher is that of event patterns.

Source: SNS developer guide, "Amazon SNS subscription filter policies".
"""

import json
from collections.abc import Mapping
from typing import Any

from core import strict_json
from topics.errors import FilterPolicyRefused
from topics.messages import Message
from triggers import patterns
from triggers.patterns import InvalidPattern

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
_KEYS = 5


def check(text: str, *, scope: str = BODY) -> None:
    """Raise ``FilterPolicyRefused`` for what is no filter policy; ``{}`` lets everything through."""
    try:
        document = strict_json.loads(text)
    except ValueError:
        raise FilterPolicyRefused(reason="failed to parse JSON.") from None
    if not isinstance(document, dict):
        raise FilterPolicyRefused(reason="failed to parse JSON. Filter policy must be an object")
    if scope == ATTRIBUTES:
        nested = next((name for name, value in document.items() if isinstance(value, dict)), None)
        if nested is not None:
            raise FilterPolicyRefused(
                reason="Filter policy scope MessageAttributes does not support nested filter policy"
            )
        if len(document) > _KEYS:
            raise FilterPolicyRefused(reason=f"Filter policy can not have more than {_KEYS} keys")
    if document:
        try:
            patterns.compile(text)
        except InvalidPattern as error:
            raise FilterPolicyRefused(reason=str(error)) from None


def wants(attributes: Mapping[str, str], message: Message) -> bool:
    """Whether a subscription with these attributes wants a message."""
    text = attributes.get("FilterPolicy", "")
    if not text or not json.loads(text):
        return True
    pattern = patterns.compile(text)
    if attributes.get("FilterPolicyScope") == BODY:
        return pattern.matches(_as_object(message.body_for("")))
    return pattern.matches(
        {name: _comparable(value.data_type, value.value) for name, value in message.attributes.items()}
    )


def _as_object(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _comparable(data_type: str, value: str | bytes) -> Any:
    """A message attribute as a pattern compares it: numbers as numbers, String.Array as its members."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if data_type == "String.Array" or data_type.startswith("Number"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
