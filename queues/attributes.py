"""The attributes of queues: from AWS's names and texts to fields, and back. Pure.

Source: SQS API reference, CreateQueue, SetQueueAttributes and GetQueueAttributes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.errors import MalformedPolicyDocument
from accounts.iam.documents import check_resource_policy
from core import limits
from queues import redrive
from queues.errors import InvalidAttributeName, InvalidAttributeValue
from queues.models import Queue
from queues.redrive import Redrive

type Read = Callable[[str, str], Any]
"""From an attribute's name and text to the field's value; raises what AWS answers."""

_POLICY_SIZE = 20 * limits.KIB


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages a queue has."""

    visible: int = 0
    not_visible: int = 0
    delayed: int = 0


# -- from text -------------------------------------------------------------------------------------


def _number(low: int, high: int) -> Read:
    def read(name: str, text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 12) or not low <= int(text) <= high:
            raise InvalidAttributeValue(name=name)
        return int(text)

    return read


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise InvalidAttributeValue(name=name)
    return text.lower() == "true"


def _one_of(*known: str) -> Read:
    def read(name: str, text: str) -> str:
        if text not in known:
            raise InvalidAttributeValue(name=name)
        return text

    return read


def _key(name: str, text: str) -> str:
    if len(text) > 2048:
        raise InvalidAttributeValue(name=name)
    return text


def _policy(name: str, text: str) -> str:
    if not text:
        return ""
    if len(text.encode("utf-8", "replace")) > _POLICY_SIZE:
        raise InvalidAttributeValue(name=name)
    try:
        check_resource_policy(text)
    except MalformedPolicyDocument:
        raise InvalidAttributeValue(name=name) from None
    return text


def _redrive_policy(name: str, text: str) -> Redrive | None:
    return redrive.parse(text) if text else None


def _redrive_allow_policy(name: str, text: str) -> str:
    if text:
        redrive.check_allow(text)
    return text


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that can be set: the field of ``Queue``, how its text is read, and whether only FIFO queues have it."""

    field: str
    read: Read
    fifo_only: str = ""  # what AWS says when a standard queue is given it


_UNKNOWN = "Unknown Attribute {name}."
_ONLY_FIFO = "You can specify the {name} only when FifoQueue is set to true."

ATTRIBUTES: Mapping[str, Attribute] = {
    "DelaySeconds": Attribute("delay_s", _number(0, limits.MESSAGE_DELAY_S_MAX)),
    "MaximumMessageSize": Attribute("maximum_message_size", _number(limits.MESSAGE_SIZE_MIN, limits.MESSAGE_SIZE)),
    "MessageRetentionPeriod": Attribute(
        "retention_s", _number(limits.MESSAGE_RETENTION_S_MIN, limits.MESSAGE_RETENTION_S_MAX)
    ),
    "ReceiveMessageWaitTimeSeconds": Attribute("wait_s", _number(0, limits.RECEIVE_WAIT_S_MAX)),
    "VisibilityTimeout": Attribute("visibility_timeout_s", _number(0, limits.VISIBILITY_TIMEOUT_S_MAX)),
    "Policy": Attribute("policy", _policy),
    "RedrivePolicy": Attribute("redrive", _redrive_policy),
    "RedriveAllowPolicy": Attribute("redrive_allow_policy", _redrive_allow_policy),
    "KmsMasterKeyId": Attribute("kms_key_id", _key),
    "KmsDataKeyReusePeriodSeconds": Attribute("kms_reuse_s", _number(60, 86_400)),
    "SqsManagedSseEnabled": Attribute("managed_sse", _flag),
    "ContentBasedDeduplication": Attribute("content_based_deduplication", _flag, _UNKNOWN),
    "DeduplicationScope": Attribute("deduplication_scope", _one_of("queue", "messageGroup"), _ONLY_FIFO),
    "FifoThroughputLimit": Attribute("throughput_limit", _one_of("perQueue", "perMessageGroupId"), _ONLY_FIFO),
}
READ_ONLY = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
)
COUNTED = frozenset(READ_ONLY[:3])
FIFO = "FifoQueue"
NAMES = frozenset([*ATTRIBUTES, *READ_ONLY, FIFO])


def fields_of(name: str) -> set[str]:
    """The fields of ``Queue`` that an attribute sets."""
    field = ATTRIBUTES[name].field
    return {"dead_letter_arn", "max_receive_count"} if field == "redrive" else {field}


def wants_fifo(given: Mapping[str, str]) -> bool:
    """Whether a queue to be created with these is a FIFO queue. Raises ``InvalidAttributeName``, as AWS does for "false"."""
    if FIFO not in given:
        return False
    if not _flag(FIFO, given[FIFO]):
        raise InvalidAttributeName(name=FIFO)
    return True


def read(given: Mapping[str, str], *, is_fifo: bool) -> dict[str, Any]:
    """Values by field; a redrive policy is a ``Redrive``, or None to remove it. Raises what AWS answers for bad ones."""
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name == FIFO:
            continue
        attribute = ATTRIBUTES.get(name)
        if attribute is None:
            raise InvalidAttributeName(name=name[:256])
        if attribute.fifo_only and not is_fifo:
            raise InvalidAttributeName(attribute.fifo_only.format(name=name))
        values[attribute.field] = attribute.read(name, text)
    _check_together(values, given)
    return values


def _check_together(values: dict[str, Any], given: Mapping[str, str]) -> None:
    if values.get("kms_key_id") and values.get("managed_sse"):
        raise InvalidAttributeName(
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )
    if values.get("kms_key_id"):
        values["managed_sse"] = False
    elif values.get("managed_sse"):
        values["kms_key_id"] = ""


# -- to text ---------------------------------------------------------------------------------------


def render(queue: Queue, names: Iterable[str], counts: Counts | None) -> dict[str, str]:
    """The attributes that have a value, of those asked for (``All`` of them); ``counts`` when any is ``COUNTED``."""
    wanted = set(names)
    if "All" in wanted:
        wanted = set(NAMES)
    elif unknown := sorted(wanted - NAMES):
        raise InvalidAttributeName(name=unknown[0][:256])
    texts = _texts(queue, counts or Counts())
    return {name: texts[name] for name in sorted(wanted) if name in texts}


def needs_counts(names: Iterable[str]) -> bool:
    """Whether the messages have to be counted to answer these."""
    return any(name == "All" or name in COUNTED for name in names)


def _texts(queue: Queue, counts: Counts) -> dict[str, str]:
    texts = {
        "ApproximateNumberOfMessages": str(counts.visible),
        "ApproximateNumberOfMessagesDelayed": str(counts.delayed),
        "ApproximateNumberOfMessagesNotVisible": str(counts.not_visible),
        "CreatedTimestamp": str(int(queue.created_at.timestamp())),
        "LastModifiedTimestamp": str(int(queue.modified_at.timestamp())),
        "QueueArn": queue.arn,
        "DelaySeconds": str(queue.delay_s),
        "MaximumMessageSize": str(queue.maximum_message_size),
        "MessageRetentionPeriod": str(queue.retention_s),
        "ReceiveMessageWaitTimeSeconds": str(queue.wait_s),
        "VisibilityTimeout": str(queue.visibility_timeout_s),
        "SqsManagedSseEnabled": str(queue.managed_sse).lower(),
        "Policy": queue.policy,
        "RedrivePolicy": redrive.render(queue.dead_letter_arn, queue.max_receive_count),
        "RedriveAllowPolicy": queue.redrive_allow_policy,
    }
    if queue.kms_key_id:
        texts |= {"KmsMasterKeyId": queue.kms_key_id, "KmsDataKeyReusePeriodSeconds": str(queue.kms_reuse_s)}
    if queue.is_fifo:
        texts |= {
            FIFO: "true",
            "ContentBasedDeduplication": str(queue.content_based_deduplication).lower(),
            "DeduplicationScope": queue.deduplication_scope,
            "FifoThroughputLimit": queue.throughput_limit,
        }
    return {name: text for name, text in texts.items() if text}
