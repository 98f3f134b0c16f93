"""SNS's members: the only place that writes or reads them."""

from collections.abc import Mapping
from typing import Any

from aws.operation import Params
from queues.contents import AttributeValue
from topics import messages
from topics.errors import InvalidParameter
from topics.messages import Message
from topics.models import Subscription

PENDING = "PendingConfirmation"


def tags_of(request: Params) -> dict[str, str]:
    """The tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}


def subscription(row: Subscription) -> Params:
    """One row of a list."""
    return {
        "SubscriptionArn": row.arn if row.is_confirmed else PENDING,
        "Owner": row.topic.account_id,
        "Protocol": row.protocol,
        "Endpoint": row.endpoint,
        "TopicArn": row.topic.arn,
    }


def message(request: Params) -> Message:
    """What Publish, or an entry of PublishBatch, says. Raises ``InvalidParameter``."""
    return Message(
        bodies=messages.read_bodies(request["Message"], structure=request.get("MessageStructure", "")),
        subject=request.get("Subject", ""),
        attributes={name: _attribute(name, value) for name, value in (request.get("MessageAttributes") or {}).items()},
        group_id=request.get("MessageGroupId", ""),
        deduplication_id=request.get("MessageDeduplicationId", ""),
    )


def _attribute(name: str, value: Mapping[str, Any]) -> AttributeValue:
    data_type = value["DataType"]
    given = value.get("BinaryValue") if data_type.startswith("Binary") else value.get("StringValue")
    if given is None:
        raise InvalidParameter(
            what=f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{data_type}'."
        )
    return AttributeValue(data_type, given)
