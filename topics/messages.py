"""A message to a topic: what it may hold, and the documents in which subscribers get it.

Sources: SNS API reference, Publish; SNS developer guide, "Amazon SNS message formats" and "Verifying the signatures".
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core import limits
from queues.contents import AttributeValue
from topics.errors import InvalidParameter

DEFAULT = "default"
_ATTRIBUTE_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.\-]{1,256}(?<!\.)", re.ASCII)
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[^\x00-\x1f]{1,240})?")
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_TOKEN = re.compile(r"""[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody publishes. ``bodies`` has a text for each protocol where the message says so, else ``default`` alone."""

    bodies: Mapping[str, str]
    subject: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    group_id: str = ""
    deduplication_id: str = ""

    def body_for(self, protocol: str) -> str:
        """The text for subscribers of that protocol."""
        return self.bodies.get(protocol) or self.bodies[DEFAULT]

    @property
    def size(self) -> int:
        """What counts against the limit: the text and the attributes with names and types."""
        return max(len(body.encode()) for body in self.bodies.values()) + sum(
            len(name.encode()) + len(value.data_type.encode()) + len(value.raw)
            for name, value in self.attributes.items()
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was accepted."""

    message_id: str
    at: datetime
    sequence: int = 0

    @property
    def timestamp(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{self.at.microsecond // 1000:03d}Z"

    @property
    def sequence_number(self) -> str:
        """Twenty digits, as FIFO topics number their messages; empty for standard ones."""
        return f"{10_000_000_000_000_000_000 + self.sequence}" if self.sequence else ""


def read_bodies(text: str, *, structure: str) -> dict[str, str]:
    """The texts by protocol. Raises ``InvalidParameter``."""
    if not structure:
        return {DEFAULT: text}
    if structure != "json":
        raise InvalidParameter(what="MessageStructure")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InvalidParameter(what="Message Structure - JSON message body failed to parse")
    if not isinstance(document.get(DEFAULT), str):
        raise InvalidParameter(what="Message Structure - No default entry in JSON message body")
    return {name: body for name, body in document.items() if isinstance(body, str)}


def check(message: Message, *, is_fifo: bool) -> None:
    """Raise ``InvalidParameter`` for a message that no topic of this kind takes."""
    if not message.body_for(DEFAULT):
        raise InvalidParameter(what="Empty message")
    if message.size > limits.TOPIC_MESSAGE_SIZE:
        raise InvalidParameter(what="Message too long")
    if message.subject and (not _SUBJECT.fullmatch(message.subject) or message.subject[0] == " "):
        raise InvalidParameter(what="Subject")
    for name, value in message.attributes.items():
        _check_attribute(name, value)
    if message.group_id and not _TOKEN.fullmatch(message.group_id):
        raise InvalidParameter(what="MessageGroupId Reason: it can have 1 to 128 letters, digits and punctuation marks")
    if is_fifo and not message.group_id:
        raise InvalidParameter(what="The MessageGroupId parameter is required for FIFO topics")
    if message.deduplication_id and not is_fifo:
        raise InvalidParameter(
            what="MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
            "valid for this topic type"
        )
    if message.deduplication_id and not _TOKEN.fullmatch(message.deduplication_id):
        raise InvalidParameter(what="MessageDeduplicationId")


def _check_attribute(name: str, value: AttributeValue) -> None:
    if not _ATTRIBUTE_NAME.fullmatch(name) or name.lower().startswith(("aws.", "amazon.")):
        raise InvalidParameter(what=f"The message attribute name '{name[:256]}' is not valid")
    if not _DATA_TYPE.fullmatch(value.data_type):
        raise InvalidParameter(what=f"The message attribute '{name}' has an invalid message attribute type")
    if not value.value:
        raise InvalidParameter(what=f"The message attribute '{name}' must contain non-empty message attribute value")
    if value.data_type.startswith("Number"):
        try:
            float(value.value)
        except ValueError:
            raise InvalidParameter(what=f"Could not cast message attribute '{name}' value to number.") from None


# -- as subscribers get it -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document comes from: ARNs, and the server's own addresses in it."""

    topic_arn: str
    subscription_arn: str
    unsubscribe_url: str
    certificate_url: str
    signature_version: str = "1"


def document(source: Source, message: Message, sent: Sent, *, protocol: str) -> dict[str, Any]:
    """The notification that queues and HTTP subscribers get; ``Signature`` is still to be added."""
    found: dict[str, Any] = {"Type": "Notification", "MessageId": sent.message_id}
    if sent.sequence_number:
        found["SequenceNumber"] = sent.sequence_number
    found["TopicArn"] = source.topic_arn
    if message.subject:
        found["Subject"] = message.subject
    found |= {
        "Message": message.body_for(protocol),
        "Timestamp": sent.timestamp,
        "SignatureVersion": source.signature_version,
        "Signature": "",
        "SigningCertURL": source.certificate_url,
        "UnsubscribeURL": source.unsubscribe_url,
    }
    if message.attributes:
        found["MessageAttributes"] = _attributes(message)
    return found


def record(source: Source, message: Message, sent: Sent, *, signature: str) -> dict[str, Any]:
    """The event that functions get."""
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": source.subscription_arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": sent.message_id,
                    "TopicArn": source.topic_arn,
                    "Subject": message.subject or None,
                    "Message": message.body_for("lambda"),
                    "Timestamp": sent.timestamp,
                    "SignatureVersion": source.signature_version,
                    "Signature": signature,
                    "SigningCertUrl": source.certificate_url,
                    "UnsubscribeUrl": source.unsubscribe_url,
                    "MessageAttributes": _attributes(message),
                },
            }
        ]
    }


def _attributes(message: Message) -> dict[str, dict[str, str]]:
    return {
        name: {
            "Type": value.data_type,
            "Value": base64.b64encode(value.value).decode() if isinstance(value.value, bytes) else value.value,
        }
        for name, value in message.attributes.items()
    }


def signed_text(found: Mapping[str, Any]) -> bytes:
    """What the signature is over: names and values of a document, line by line, in the order of their names."""
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    return "".join(f"{name}\n{found[name]}\n" for name in names if found.get(name) is not None).encode()
