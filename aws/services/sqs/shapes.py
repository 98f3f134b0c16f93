"""SQS's wire members: the only place that reads messages to be sent, and writes received ones and outcomes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from aws.operation import Caller, Params
from core.errors import ServiceError
from queues import contents
from queues.contents import AttributeValue, Draft
from queues.errors import InvalidParameter, UnsupportedOperation
from queues.models import MoveTask
from queues.services import Received, Sent

_TRACE = "AWSTraceHeader"
_TRACE_LENGTH = 2_048
SYSTEM_ATTRIBUTES = (
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    _TRACE,
    "DeadLetterQueueSourceArn",
)


# -- sending ---------------------------------------------------------------------------------------


def draft(caller: Caller, members: Mapping[str, Any]) -> Draft:
    """A message to be sent. A trace header of the request goes along, as on AWS."""
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if members.get(name) == "":
            contents.check_token(name, "")
    return Draft(
        body=members["MessageBody"],
        delay_s=members.get("DelaySeconds"),
        attributes={name: _value(name, one) for name, one in members.get("MessageAttributes", {}).items()},
        trace=_trace(members.get("MessageSystemAttributes", {})) or caller.trace[:_TRACE_LENGTH],
        group_id=members.get("MessageGroupId", ""),
        deduplication_id=members.get("MessageDeduplicationId", ""),
    )


def _value(name: str, members: Mapping[str, Any]) -> AttributeValue:
    if members.get("StringListValues") or members.get("BinaryListValues"):
        raise UnsupportedOperation("Message attribute list values in SendMessage operation are not supported.")
    data_type = members.get("DataType") or ""
    text, binary = members.get("StringValue"), members.get("BinaryValue")
    if data_type.startswith("Binary"):
        return AttributeValue(data_type, binary if binary is not None else (text or b""))
    return AttributeValue(data_type, text if text is not None else (binary or ""))


def _trace(system: Mapping[str, Mapping[str, Any]]) -> str:
    if unknown := sorted(set(system) - {_TRACE}):
        raise InvalidParameter(f"Message system attribute name '{unknown[0][:256]}' is invalid.")
    if _TRACE not in system:
        return ""
    given = system[_TRACE]
    header = given.get("StringValue") or ""
    if given.get("DataType") != "String" or not header:
        raise InvalidParameter(f"Message system attribute '{_TRACE}' must be a non-empty value of type 'String'.")
    if len(header) > _TRACE_LENGTH or not header.isprintable():
        raise InvalidParameter(f"Message system attribute '{_TRACE}' is not a valid trace header.")
    return str(header)


def sent(one: Sent) -> Params:
    return {
        "MessageId": one.message_id,
        "MD5OfMessageBody": one.md5_of_body,
        "MD5OfMessageAttributes": one.md5_of_attributes or None,
        "MD5OfMessageSystemAttributes": one.md5_of_trace or None,
        "SequenceNumber": one.sequence_number or None,
    }


# -- receiving -------------------------------------------------------------------------------------


def system_names(request: Params) -> set[str]:
    """Which system attributes a receiver asks for, in the new member or the old one. Raises ``InvalidParameter``."""
    wanted = {*request.get("MessageSystemAttributeNames", []), *request.get("AttributeNames", [])}
    if "All" in wanted:
        return set(SYSTEM_ATTRIBUTES)
    if unknown := sorted(wanted - set(SYSTEM_ATTRIBUTES)):
        raise InvalidParameter(f"Unknown Attribute {unknown[0][:256]}.")
    return wanted


def received(message: Received, *, system: Collection[str], attributes: Iterable[str]) -> Params:
    chosen = contents.chosen(message.attributes, attributes) if message.attributes else {}
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.md5_of_body,
        "Body": message.body,
        "Attributes": _system(message, system) or None,
        "MD5OfMessageAttributes": contents.md5_of_attributes(chosen) or None,
        "MessageAttributes": {name: _members(one) for name, one in chosen.items()} or None,
    }


def _system(message: Received, wanted: Collection[str]) -> dict[str, str]:
    if not wanted:
        return {}
    values = {
        "SenderId": message.sender_id,
        "SentTimestamp": str(message.sent_ms),
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
        "SequenceNumber": message.sequence_number,
        "MessageDeduplicationId": message.deduplication_id,
        "MessageGroupId": message.group_id,
        _TRACE: message.trace,
        "DeadLetterQueueSourceArn": message.dead_letter_source,
    }
    return {name: value for name, value in values.items() if value and name in wanted}


def _members(value: AttributeValue) -> Params:
    name = "BinaryValue" if value.is_binary else "StringValue"
    return {name: value.value, "DataType": value.data_type}


# -- batches and tasks -----------------------------------------------------------------------------


def outcomes(entries: Sequence[Mapping[str, Any]], found: Sequence[Params | ServiceError | None]) -> Params:
    """Which entries of a batch succeeded, with their members, and why the others failed."""
    pairs = list(zip(entries, found, strict=True))
    return {
        "Successful": [{"Id": entry["Id"], **(one or {})} for entry, one in pairs if not isinstance(one, ServiceError)],
        "Failed": [_failure(entry["Id"], one) for entry, one in pairs if isinstance(one, ServiceError)],
    }


def _failure(entry_id: str, error: ServiceError) -> Params:
    return {
        "Id": entry_id,
        "SenderFault": error.status < 500,
        "Code": error.legacy_code or error.code,
        "Message": error.text,
    }


def move_task(task: MoveTask, handle: str) -> Params:
    running = task.status == MoveTask.Status.RUNNING
    return {
        "TaskHandle": handle if running else None,
        "Status": task.status,
        "SourceArn": task.source.arn,
        "DestinationArn": task.destination_arn or None,
        "MaxNumberOfMessagesPerSecond": task.per_second,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure_reason or None,
        "StartedTimestamp": task.started_ms,
    }
