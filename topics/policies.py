"""A topic's policy: the default one, who it lets in, and the statements that AddPermission makes."""

import json
from typing import Any

from accounts.policies import Policies, letting_in, listed, parse
from core import strict_json
from topics.errors import InvalidParameter
from topics.models import Topic

ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
_SIZE = 30 * 1024


def text_of(topic: Topic) -> str:
    """The policy as GetTopicAttributes shows it: what was set, or AWS's default."""
    return str(topic.attributes.get("Policy") or json.dumps(_default(topic), separators=(",", ":")))


def policy_of(topic: Topic) -> Policies | None:
    """The policy that was set, to be evaluated; None while there is only the default, which adds nothing."""
    text = topic.attributes.get("Policy")
    return Policies.of(parse(text, name=f"topic {topic.name}")) if text else None


def check(text: str) -> None:
    """Raise ``InvalidParameter`` for what is no policy."""
    try:
        document = strict_json.loads(text)
        if not isinstance(document, dict) or "Statement" not in document or len(text.encode()) > _SIZE:
            raise ValueError
        parse(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidParameter(what="Policy Error: null") from None


def with_statement(topic: Topic, *, label: str, account_ids: list[str], actions: list[str]) -> str:
    """The policy with a statement more. Raises ``InvalidParameter`` for an unknown action or a label in use."""
    document = _document(topic)
    if any(action not in (*ACTIONS, "Receive") for action in actions):
        raise InvalidParameter(what="Policy statement action out of service scope!")
    if any(statement.get("Sid") == label for statement in document["Statement"]):
        raise InvalidParameter(what="Statement already exists")
    principals = [f"arn:aws:iam::{account_id}:root" for account_id in account_ids]
    statement: dict[str, Any] = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": principals[0] if len(principals) == 1 else principals},
        "Action": _one_or_all([f"SNS:{action}" for action in actions]),
        "Resource": topic.arn,
    }
    document["Statement"].append(statement)
    return _text(document)


def with_service(topic: Topic, *, service: str, source_arn: str) -> str:
    """The policy with a statement more: a service may publish for that source."""
    document = _document(topic)
    document["Statement"].append(
        letting_in(service=service, action="SNS:Publish", resource=topic.arn, source_arn=source_arn)
    )
    return _text(document)


def without_statement(topic: Topic, *, label: str) -> str:
    """The policy without the statement of that label."""
    document = _document(topic)
    kept = [statement for statement in document["Statement"] if statement.get("Sid") != label]
    return _text({**document, "Statement": kept})


def _document(topic: Topic) -> dict[str, Any]:
    return listed(json.loads(text_of(topic)))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _default(topic: Topic) -> dict[str, Any]:
    return {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"SNS:{action}" for action in ACTIONS],
                "Resource": topic.arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account_id}},
            }
        ],
    }
