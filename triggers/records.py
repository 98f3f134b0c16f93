"""What a function gets from a queue, and what its answer says about it. Pure.

Source: Lambda developer guide, "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source".
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core import strict_json
from core.strict_json import BadJson
from queues import contents
from queues.contents import AttributeValue
from queues.services import Received
from triggers.documents import compact
from triggers.patterns import Pattern

_EVENT_SIZE = 6 * 1024 * 1024
_AROUND = 32  # what holds the records together


def record(message: Received, *, queue_arn: str, region: str) -> dict[str, Any]:
    """One message as an entry of ``Records``."""
    members: dict[str, Any] = {
        "messageId": message.message_id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": _attributes(message),
        "messageAttributes": {name: _attribute(value) for name, value in message.attributes.items()},
        "md5OfBody": message.md5_of_body,
    }
    if message.attributes:
        members["md5OfMessageAttributes"] = contents.md5_of_attributes(message.attributes)
    return members | {"eventSource": "aws:sqs", "eventSourceARN": queue_arn, "awsRegion": region}


def _attributes(message: Received) -> dict[str, str]:
    told = {
        "ApproximateReceiveCount": str(message.receive_count),
        "AWSTraceHeader": message.trace,
        "SentTimestamp": str(message.sent_ms),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "SenderId": message.sender_id,
        "MessageDeduplicationId": message.deduplication_id,
        "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
        "DeadLetterQueueSourceArn": message.dead_letter_source,
    }
    return {name: value for name, value in told.items() if value}


def _attribute(value: AttributeValue) -> dict[str, Any]:
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if value.is_binary:
        return {"binaryValue": base64.b64encode(value.raw).decode(), **lists, "dataType": value.data_type}
    return {"stringValue": value.value, **lists, "dataType": value.data_type}


# -- filters ---------------------------------------------------------------------------------------


def fits(entry: Mapping[str, Any], patterns: Sequence[Pattern]) -> bool:
    """Whether a record passes: any of the filters fits, or there are none. A body that is JSON is looked into."""
    if not patterns:
        return True
    try:
        body = strict_json.loads(entry["body"])
    except BadJson:
        body = entry["body"]
    opened = {**entry, "body": body}
    return any(pattern.matches(opened) or pattern.matches(entry) for pattern in patterns)


# -- events ----------------------------------------------------------------------------------------


def events(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[bytes, list[str]]]:
    """Events for the function, each no larger than one may be, with the ids of the messages in it."""
    texts: list[str] = []
    ids: list[str] = []
    size = _AROUND
    for one in records:
        text = compact(one)
        length = len(text.encode())
        if texts and size + length > _EVENT_SIZE:
            yield _event(texts), ids
            texts, ids, size = [], [], _AROUND
        texts.append(text)
        ids.append(one["messageId"])
        size += length + 1
    if texts:
        yield _event(texts), ids


def _event(texts: list[str]) -> bytes:
    return f'{{"Records":[{",".join(texts)}]}}'.encode()


# -- answers ---------------------------------------------------------------------------------------


def failures(payload: bytes, ids: Sequence[str]) -> set[str]:
    """The messages that a function which reports them says it could not process; all, when its report makes no sense."""
    try:
        answer = json.loads(payload or b"null")
    except (ValueError, RecursionError):
        return set(ids)
    if not answer:
        return set()
    items = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and not items and items in (None, []):
        return set()
    if not isinstance(items, list):
        return set(ids)
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    known = set(ids)
    return {name for name in named if name} if all(name in known for name in named) else known
