"""What topics refuse, in SNS's words."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import ServiceError


class InvalidParameter(ServiceError):
    """A value that cannot be used."""

    code = "InvalidParameterException"
    legacy_code = "InvalidParameter"
    status = 400
    title: ClassVar[Any] = _("That value cannot be used")
    message = "Invalid parameter: {what}"


class TopicNotFound(ServiceError):
    """There is no such topic in this account."""

    code = "NotFoundException"
    legacy_code = "NotFound"
    status = 404
    title: ClassVar[Any] = _("There is no such topic")
    message = "Topic does not exist"
    hint: ClassVar[Any] = _("Look at the list of topics for the name, and for the account that you are in.")


class SubscriptionNotFound(TopicNotFound):
    """There is no such subscription in this account."""

    title: ClassVar[Any] = _("There is no such subscription")
    message = "Subscription does not exist"
    hint: ClassVar[Any] = _("It may have been deleted. Look at the topic’s subscriptions.")


class FilterPolicyRefused(InvalidParameter):
    """A filter policy that is none."""

    message = "Invalid parameter: FilterPolicy: {reason}"
    hint: ClassVar[Any] = _("A filter policy is a JSON object whose values are lists of what is let through.")


class TopicLimitExceeded(ServiceError):
    """As many topics as an account may have."""

    code = "TopicLimitExceededException"
    legacy_code = "TopicLimitExceeded"
    status = 403
    title: ClassVar[Any] = _("A limit is reached")
    message = "Topic limit exceeded"
    hint: ClassVar[Any] = _("Delete what you no longer need.")


class TagLimitExceeded(ServiceError):
    """More than fifty tags."""

    code = "TagLimitExceededException"
    legacy_code = "TagLimitExceeded"
    status = 400
    title: ClassVar[Any] = _("Too many tags")
    message = "Could not complete request: tag quota of per resource exceeded"


class EmptyBatchRequest(ServiceError):
    """A batch without entries."""

    code = "EmptyBatchRequestException"
    legacy_code = "EmptyBatchRequest"
    status = 400
    message = "The batch request doesn't contain any entries."


class TooManyEntriesInBatchRequest(ServiceError):
    """A batch of more than ten."""

    code = "TooManyEntriesInBatchRequestException"
    legacy_code = "TooManyEntriesInBatchRequest"
    status = 400
    message = "The batch request contains more entries than permissible."


class BatchEntryIdsNotDistinct(ServiceError):
    """Two entries of a batch with one id."""

    code = "BatchEntryIdsNotDistinctException"
    legacy_code = "BatchEntryIdsNotDistinct"
    status = 400
    message = "Two or more batch entries in the request have the same Id."


class InvalidBatchEntryId(ServiceError):
    """An entry's id that is none."""

    code = "InvalidBatchEntryIdException"
    legacy_code = "InvalidBatchEntryId"
    status = 400
    message = (
        "The Id of a batch entry in a batch request doesn't abide by the specification. It can contain only "
        "alphanumeric characters, hyphens and underscores, and be 80 characters long at most."
    )


class BatchRequestTooLong(ServiceError):
    """A batch of more than 256 KiB."""

    code = "BatchRequestTooLongException"
    legacy_code = "BatchRequestTooLong"
    status = 400
    message = "The length of all the batch messages put together is more than the limit."
