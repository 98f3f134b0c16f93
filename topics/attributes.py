"""Attributes of topics and subscriptions: which there are, and what their texts may be.

Sources: SNS API reference, SetTopicAttributes, GetTopicAttributes, SetSubscriptionAttributes; SNS developer guide,
"Amazon SNS message delivery retries".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core import arns, strict_json
from topics import filters, policies
from topics.errors import InvalidParameter
from topics.models import Subscription, Topic

type Check = Callable[[str, str], None]
"""Raises for an attribute's name and text that cannot be."""

RETRIES, RETRY_EVERY_S = 3, 20
HTTP = (Subscription.Protocol.HTTP, Subscription.Protocol.HTTPS)
DEFAULT_DELIVERY_POLICY: dict[str, Any] = {
    "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": RETRY_EVERY_S,
            "maxDelayTarget": RETRY_EVERY_S,
            "numRetries": RETRIES,
            "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0,
            "numMinDelayRetries": 0,
            "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }
}
_RETRY_BOUNDS = {
    "minDelayTarget": (1, 3600),
    "maxDelayTarget": (1, 3600),
    "numRetries": (0, 100),
    "numNoDelayRetries": (0, 100),
    "numMinDelayRetries": (0, 100),
    "numMaxDelayRetries": (0, 100),
}


def _any(name: str, text: str) -> None:
    if len(text) > 2048:
        raise InvalidParameter(what=f"{name} Reason: too long")


def _flag(name: str, text: str) -> None:
    if text.lower() not in ("true", "false"):
        raise InvalidParameter(what=f"{name} Reason: Invalid value [{text[:64]}]. Must be true or false.")


def _one_of(*known: str) -> Check:
    def check(name: str, text: str) -> None:
        if text not in known:
            raise InvalidParameter(what=f"{name} Reason: Invalid value [{text[:64]}]. Please use {' or '.join(known)}")

    return check


def _display_name(name: str, text: str) -> None:
    if len(text) > 100 or any(ord(letter) < 32 for letter in text):
        raise InvalidParameter(what="DisplayName Reason: must be at most 100 characters, without line breaks")


def _policy(name: str, text: str) -> None:
    if text:
        policies.check(text)


def _delivery_policy(name: str, text: str) -> None:
    if text:
        retry_policy(text)


def _redrive_policy(name: str, text: str) -> None:
    if text:
        dead_letter_arn(text)


def _filter_policy(name: str, text: str) -> None:
    if text:
        filters.check(text)


def _sample_rate(name: str, text: str) -> None:
    if text and not (text.isascii() and text.isdigit() and int(text[:4]) <= 100):
        raise InvalidParameter(what=f"{name} Reason: must be between 0 and 100")


# Whether deliveries are logged, by protocol: kept and shown, for clients set them on every topic. Nothing is logged.
_FEEDBACK: dict[str, Check] = {
    f"{protocol}{kind}": check
    for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
    for kind, check in (
        ("FailureFeedbackRoleArn", _any),
        ("SuccessFeedbackRoleArn", _any),
        ("SuccessFeedbackSampleRate", _sample_rate),
    )
}
TOPIC: Mapping[str, Check] = {
    **_FEEDBACK,
    "ContentBasedDeduplication": _flag,
    "DeliveryPolicy": _delivery_policy,
    "DisplayName": _display_name,
    "FifoThroughputScope": _one_of("Topic", "MessageGroup"),
    "KmsMasterKeyId": _any,
    "Policy": _policy,
    "SignatureVersion": _one_of("1", "2"),
    "TracingConfig": _one_of("PassThrough", "Active"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope")
SUBSCRIPTION: Mapping[str, Check] = {
    "DeliveryPolicy": _delivery_policy,
    "FilterPolicy": _filter_policy,
    "FilterPolicyScope": _one_of(filters.ATTRIBUTES, filters.BODY),
    "RawMessageDelivery": _flag,
    "RedrivePolicy": _redrive_policy,
    "SubscriptionRoleArn": _any,
}


def read_topic(given: Mapping[str, str], *, is_fifo: bool) -> dict[str, str]:
    """The attributes to keep. Raises ``InvalidParameter``."""
    for name, text in given.items():
        check = TOPIC.get(name)
        if check is None or (name in _FIFO_ONLY and not is_fifo):
            raise InvalidParameter(what=f"Attributes Reason: Unknown attribute {name[:64]}")
        check(name, text)
    return {name: text.lower() if TOPIC[name] is _flag else text for name, text in given.items()}


def read_subscription(given: Mapping[str, str], *, protocol: str, scope: str = "") -> dict[str, str]:
    """The attributes to keep for a subscription of that protocol. Raises ``InvalidParameter``."""
    for name, text in given.items():
        check = SUBSCRIPTION.get(name)
        if check is None:
            raise InvalidParameter(what="AttributeName")
        check(name, text)
    read = {name: text.lower() if SUBSCRIPTION[name] is _flag else text for name, text in given.items()}
    if read.get("RawMessageDelivery") == "true" and protocol == Subscription.Protocol.LAMBDA:
        raise InvalidParameter(
            what="Attributes Reason: Delivery protocol [lambda] does not support raw message delivery."
        )
    if read.get("DeliveryPolicy") and protocol not in HTTP:
        raise InvalidParameter(what="DeliveryPolicy: cannot be set for a subscription of this protocol")
    if policy := read.get("FilterPolicy"):
        filters.check(policy, scope=read.get("FilterPolicyScope") or scope or filters.ATTRIBUTES)
    return read


@dataclass(frozen=True, slots=True)
class Retry:
    """How a message over HTTP is tried again: ``retries`` times, with these pauses in seconds."""

    retries: int = RETRIES
    shortest_s: int = RETRY_EVERY_S
    longest_s: int = RETRY_EVERY_S
    at_once: int = 0

    def pause(self, attempts: int) -> float:
        """Seconds until the next try after so many: none at first if so wished, then growing evenly."""
        if attempts <= self.at_once:
            return 0.0
        steps = max(self.retries - self.at_once - 1, 1)
        place = min(attempts - self.at_once - 1, steps)
        return self.shortest_s + (self.longest_s - self.shortest_s) * place / steps


def retry_policy(text: str) -> Retry:
    """What a DeliveryPolicy says, of a topic or of a subscription. Raises ``InvalidParameter``."""
    try:
        document = strict_json.loads(text)
        document = document.get("http", document)
        given = document.get("healthyRetryPolicy") or document.get("defaultHealthyRetryPolicy") or {}
        values = {name: given[name] for name in _RETRY_BOUNDS if given.get(name) is not None}
    except (ValueError, AttributeError):
        raise InvalidParameter(what="DeliveryPolicy: failed to parse JSON") from None
    for name, value in values.items():
        low, high = _RETRY_BOUNDS[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidParameter(what=f"DeliveryPolicy: {name} must be between {low} and {high}")
    retry = Retry(
        retries=values.get("numRetries", RETRIES),
        shortest_s=values.get("minDelayTarget", RETRY_EVERY_S),
        longest_s=values.get("maxDelayTarget", RETRY_EVERY_S),
        at_once=values.get("numNoDelayRetries", 0),
    )
    if retry.shortest_s > retry.longest_s:
        raise InvalidParameter(what="DeliveryPolicy: minDelayTarget must be at most maxDelayTarget")
    return retry


def retry_of(subscription: Subscription) -> Retry:
    """How this subscription's messages are tried again: its own policy, the topic's, or AWS's default."""
    text = subscription.attributes.get("DeliveryPolicy") or subscription.topic.attributes.get("DeliveryPolicy")
    return retry_policy(text) if text else Retry()


def dead_letter_arn(text: str) -> str:
    """The queue that a RedrivePolicy names. Raises ``InvalidParameter``."""
    try:
        arn = strict_json.loads(text)["deadLetterTargetArn"]
        parsed = arns.parse(arn)
    except (ValueError, KeyError, TypeError):
        parsed = None
    if parsed is None or parsed.service != "sqs":
        raise InvalidParameter(what="RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return str(parsed)


# -- as they are shown -----------------------------------------------------------------------------


def render_topic(topic: Topic) -> dict[str, str]:
    """What GetTopicAttributes answers."""
    states = [confirmed for (confirmed,) in topic.subscriptions.values_list("is_confirmed")]
    policy = topic.attributes.get("DeliveryPolicy")
    shown = {
        "TopicArn": topic.arn,
        "Owner": topic.account_id,
        "Policy": policies.text_of(topic),
        "DisplayName": "",
        "SubscriptionsConfirmed": str(sum(states)),
        "SubscriptionsPending": str(len(states) - sum(states)),
        "SubscriptionsDeleted": str(topic.deleted_subscriptions),
        "EffectiveDeliveryPolicy": _effective(policy),
    }
    if topic.is_fifo:
        shown |= {"FifoTopic": "true", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}
    return shown | {name: text for name, text in topic.attributes.items() if text}


def render_subscription(subscription: Subscription) -> dict[str, str]:
    """What GetSubscriptionAttributes answers."""
    shown = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic.arn,
        "Owner": subscription.topic.account_id,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "PendingConfirmation": str(not subscription.is_confirmed).lower(),
        "ConfirmationWasAuthenticated": str(subscription.is_authenticated).lower(),
        "RawMessageDelivery": "false",
        "SubscriptionPrincipal": subscription.principal_arn,
    }
    if subscription.protocol in HTTP:
        shown["EffectiveDeliveryPolicy"] = _effective(subscription.attributes.get("DeliveryPolicy"))
    if subscription.attributes.get("FilterPolicy"):
        shown["FilterPolicyScope"] = filters.ATTRIBUTES
    return {name: text for name, text in (shown | subscription.attributes).items() if text}


def _effective(text: str | None) -> str:
    document = json.loads(text) if text else DEFAULT_DELIVERY_POLICY
    return json.dumps(document, separators=(",", ":"))
