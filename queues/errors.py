"""What can go wrong with queues, in AWS's words.

Source: SQS API reference, "Common Error Types" and the errors of each operation.
"""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import AccessDenied, ServiceError


class QueueDoesNotExist(ServiceError):
    """No such queue in the account."""

    code = "QueueDoesNotExist"
    legacy_code = "AWS.SimpleQueueService.NonExistentQueue"
    status = 400
    title: ClassVar[Any] = _("No such queue")
    message = "The specified queue does not exist."
    hint: ClassVar[Any] = _("Names are case-sensitive, and a FIFO queue's ends in .fifo. Check the account.")


class QueueNameExists(ServiceError):
    """A queue of this name with other attributes."""

    code = "QueueNameExists"
    legacy_code = "QueueAlreadyExists"
    status = 400
    title: ClassVar[Any] = _("A queue of this name exists already")
    message = "A queue already exists with the same name and a different value for attribute {attribute}"
    hint: ClassVar[Any] = _("Change the attributes of the queue that is there, or choose another name.")


class QueueDeletedRecently(ServiceError):
    """A name whose queue was deleted less than a minute ago."""

    code = "QueueDeletedRecently"
    legacy_code = "AWS.SimpleQueueService.QueueDeletedRecently"
    status = 400
    title: ClassVar[Any] = _("This queue was deleted a moment ago")
    message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    hint: ClassVar[Any] = _("As on AWS, a name is free again after a minute.")


class InvalidAttributeName(ServiceError):
    """An attribute that queues, or queues of this kind, do not have."""

    code = "InvalidAttributeName"
    status = 400
    title: ClassVar[Any] = _("Queues have no such attribute")
    message = "Unknown Attribute {name}."


class InvalidAttributeValue(ServiceError):
    """A value that the attribute cannot have."""

    code = "InvalidAttributeValue"
    status = 400
    title: ClassVar[Any] = _("That value is not allowed")
    message = "Invalid value for the parameter {name}."


class InvalidParameter(ServiceError):
    """A value that the operation cannot use."""

    code = "InvalidParameterValueException"
    legacy_code = "InvalidParameterValue"
    status = 400
    title: ClassVar[Any] = _("That value cannot be used")
    message = "Value {value} for parameter {name} is invalid. Reason: {reason}"


class MissingParameter(ServiceError):
    """Something that the operation cannot do without."""

    code = "MissingRequiredParameterException"
    legacy_code = "MissingParameter"
    status = 400
    title: ClassVar[Any] = _("Something is missing")
    message = "The request must contain the parameter {name}."


class InvalidMessageContents(ServiceError):
    """Characters that no message can hold."""

    code = "InvalidMessageContents"
    status = 400
    title: ClassVar[Any] = _("A message cannot hold these characters")
    message = (
        "Invalid characters found. Valid unicode characters are "
        "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )


class InvalidAddress(ServiceError):
    """A text that names no queue."""

    code = "InvalidAddress"
    status = 404
    title: ClassVar[Any] = _("That is not the address of a queue")
    message = "The address {address} is not valid for this endpoint."


class ReceiptHandleIsInvalid(ServiceError):
    """A handle that was not given out for this queue."""

    code = "ReceiptHandleIsInvalid"
    status = 404
    title: ClassVar[Any] = _("That is not a receipt handle")
    message = 'The input receipt handle "{handle}" is not a valid receipt handle.'
    hint: ClassVar[Any] = _("A handle comes with a received message; the message's id is something else.")


class UnsupportedOperation(ServiceError):
    """An operation that this kind of queue does not have."""

    code = "UnsupportedOperation"
    legacy_code = "AWS.SimpleQueueService.UnsupportedOperation"
    status = 400
    title: ClassVar[Any] = _("This queue cannot do that")


class OverLimit(ServiceError):
    """One of the quotas of a queue."""

    code = "OverLimit"
    status = 403
    title: ClassVar[Any] = _("A limit is reached")


class PurgeQueueInProgress(ServiceError):
    """Purged less than a minute ago."""

    code = "PurgeQueueInProgress"
    legacy_code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    status = 403
    title: ClassVar[Any] = _("The queue was emptied a moment ago")
    message = "Only one PurgeQueue operation on {name} is allowed every 60 seconds."


class ResourceNotFound(ServiceError):
    """A queue or task that an ARN or a handle names and that is not there."""

    code = "ResourceNotFoundException"
    status = 404
    title: ClassVar[Any] = _("Not found")
    message = "The resource that you specified for the {name} parameter doesn't exist."


class QueueAccessDenied(AccessDenied):
    """The queue's own policy does not let a service in."""

    legacy_code = "AccessDenied"
    message = "Access to the resource {arn} is denied."
    hint: ClassVar[Any] = _("Allow sqs:SendMessage to the service in the access policy of the queue.")


# -- batches ---------------------------------------------------------------------------------------


class EmptyBatchRequest(ServiceError):
    """A batch without entries."""

    code = "EmptyBatchRequest"
    legacy_code = "AWS.SimpleQueueService.EmptyBatchRequest"
    status = 400
    title: ClassVar[Any] = _("The batch is empty")
    message = "There should be at least one {entry} in the request."


class TooManyEntriesInBatchRequest(ServiceError):
    """More than ten."""

    code = "TooManyEntriesInBatchRequest"
    legacy_code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    status = 400
    title: ClassVar[Any] = _("Too many at once")
    message = "Maximum number of entries per request are {limit}. You have sent {count}."


class BatchEntryIdsNotDistinct(ServiceError):
    """Two entries with the same id."""

    code = "BatchEntryIdsNotDistinct"
    legacy_code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
    status = 400
    title: ClassVar[Any] = _("Two entries have the same id")
    message = "Id {id} repeated."


class InvalidBatchEntryId(ServiceError):
    """An id that an entry cannot have."""

    code = "InvalidBatchEntryId"
    legacy_code = "AWS.SimpleQueueService.InvalidBatchEntryId"
    status = 400
    title: ClassVar[Any] = _("An entry's id is not valid")
    message = (
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long."
    )


class BatchRequestTooLong(ServiceError):
    """All messages together are over the limit."""

    code = "BatchRequestTooLong"
    legacy_code = "AWS.SimpleQueueService.BatchRequestTooLong"
    status = 400
    title: ClassVar[Any] = _("Too large")
    message = "Batch requests cannot be longer than {limit} bytes. You have sent {size} bytes."
