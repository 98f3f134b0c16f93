"""What today's service models no longer say of services that older clients still speak another protocol with.

SQS moved from the query protocol to JSON in 2023. Its clients from before send a form and read XML, with names of
members, lists and errors that have left the model since. Source: SQS API reference, "Making query API requests", and the
error codes of its operations.
"""

from typing import Any

_LISTS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "BinaryList": "BinaryListValue",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
_MAPS = {
    "MessageBodyAttributeMap": ("Name", "Value"),
    "MessageBodySystemAttributeMap": ("Name", "Value"),
    "MessageSystemAttributeMap": ("Name", "Value"),
    "QueueAttributeMap": ("Name", "Value"),
    "TagMap": ("Key", "Value"),
}
_MEMBERS = {
    "CreateQueueRequest": {"Attributes": "Attribute", "tags": "Tag"},
    "GetQueueAttributesResult": {"Attributes": "Attribute"},
    "ListQueueTagsResult": {"Tags": "Tag"},
    "Message": {"Attributes": "Attribute", "MessageAttributes": "MessageAttribute"},
    "SendMessageBatchRequestEntry": {
        "MessageAttributes": "MessageAttribute",
        "MessageSystemAttributes": "MessageSystemAttribute",
    },
    "SendMessageRequest": {
        "MessageAttributes": "MessageAttribute",
        "MessageSystemAttributes": "MessageSystemAttribute",
    },
    "SetQueueAttributesRequest": {"Attributes": "Attribute"},
    "TagQueueRequest": {"Tags": "Tag"},
}
_PREFIX = "AWS.SimpleQueueService."
_ERRORS = {
    "BatchEntryIdsNotDistinct": (f"{_PREFIX}BatchEntryIdsNotDistinct", 400),
    "BatchRequestTooLong": (f"{_PREFIX}BatchRequestTooLong", 400),
    "EmptyBatchRequest": (f"{_PREFIX}EmptyBatchRequest", 400),
    "InvalidAddress": ("InvalidAddress", 404),
    "InvalidAttributeName": ("InvalidAttributeName", 400),
    "InvalidAttributeValue": ("InvalidAttributeValue", 400),
    "InvalidBatchEntryId": (f"{_PREFIX}InvalidBatchEntryId", 400),
    "InvalidMessageContents": ("InvalidMessageContents", 400),
    "MessageNotInflight": (f"{_PREFIX}MessageNotInflight", 400),
    "OverLimit": ("OverLimit", 403),
    "PurgeQueueInProgress": (f"{_PREFIX}PurgeQueueInProgress", 403),
    "QueueDeletedRecently": (f"{_PREFIX}QueueDeletedRecently", 400),
    "QueueDoesNotExist": (f"{_PREFIX}NonExistentQueue", 400),
    "QueueNameExists": ("QueueAlreadyExists", 400),
    "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 404),
    "RequestThrottled": ("RequestThrottled", 403),
    "ResourceNotFoundException": ("ResourceNotFoundException", 404),
    "TooManyEntriesInBatchRequest": (f"{_PREFIX}TooManyEntriesInBatchRequest", 400),
    "UnsupportedOperation": (f"{_PREFIX}UnsupportedOperation", 400),
}
_NO_SUCH_QUEUE = "The specified queue does not exist for this wsdl version."


def _of_sqs(model: dict[str, Any]) -> dict[str, Any]:
    shapes: dict[str, Any] = {name: {"member": {"locationName": item}} for name, item in _LISTS.items()}
    for name, (key, value) in _MAPS.items():
        shapes[name] = {"key": {"locationName": key}, "value": {"locationName": value}}
    for name, members in _MEMBERS.items():
        shapes[name] = {"members": {member: {"locationName": wire} for member, wire in members.items()}}
    inputs = {operation["input"]["shape"] for operation in model["operations"].values()}
    for name in sorted(inputs):
        if "QueueUrl" in model["shapes"][name]["members"]:  # may be posted to a queue's own address instead
            shapes.setdefault(name, {}).setdefault("members", {})["QueueUrl"] = {"fromPath": True}
    shapes["QueueDoesNotExist"] = {"error": {"message": _NO_SUCH_QUEUE}}
    return {
        "metadata": {"protocols": ["json", "query"], "errorNamespace": "com.amazonaws.sqs"},
        "shapes": {
            name: {"error": {"code": code, "httpStatusCode": status}} for name, (code, status) in _ERRORS.items()
        },
        "query": {"metadata": {"xmlNamespace": "http://queue.amazonaws.com/doc/2012-11-05/"}, "shapes": shapes},
    }


ADDED = {"sqs": _of_sqs}
"""From botocore's model of a service to what is added to it: metadata, shapes, and what differs in a protocol."""


def merged(one: Any, other: Any) -> Any:
    """``other``'s members over those of ``one``, at every depth."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{name: merged(one[name], value) if name in one else value for name, value in other.items()}}
