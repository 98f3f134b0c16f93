"""What can go wrong with rules, schedules and what they send, in AWS's words."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import (
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
    ServiceError,
    ValidationError,
)

# -- EventBridge: every mistake of a caller is a 400 ------------------------------------------------


class RuleNotFound(ResourceNotFound):
    """No such rule on the bus."""

    title: ClassVar[Any] = _("No such rule")
    message = "Rule {name} does not exist on EventBus {bus}."


class EventBusNotFound(ResourceNotFound):
    """No such bus in the account."""

    title: ClassVar[Any] = _("No such event bus")
    message = "Event bus {name} does not exist."


class EventBusExists(ServiceError):
    """The name is taken."""

    code = "ResourceAlreadyExistsException"
    status = 400
    title: ClassVar[Any] = _("That event bus exists")
    message = "Event bus {name} already exists."


class InvalidScheduleExpression(ValidationError):
    """Not a rate() or cron() that a rule takes."""

    title: ClassVar[Any] = _("That is not a schedule")
    message = "Parameter ScheduleExpression is not valid."
    hint: ClassVar[Any] = _(
        "Write rate(5 minutes), or cron(0 18 ? * MON-FRI *): six fields, and a question mark for one of the two days."
    )


class InvalidEventPattern(ServiceError):
    """An event pattern that cannot be used; the reason says where."""

    code = "InvalidEventPatternException"
    status = 400
    title: ClassVar[Any] = _("That event pattern cannot be used")
    message = "Event pattern is not valid. Reason: {reason}"
    hint: ClassVar[Any] = _('A pattern is JSON with a list of values for each field: {"source": ["my.shop"]}.')


class RuleHasTargets(ValidationError):
    """A rule goes after its targets."""

    title: ClassVar[Any] = _("The rule still has targets")
    message = "Rule can't be deleted since it has targets."
    hint: ClassVar[Any] = _("Remove its targets first.")


class LimitExceeded(ServiceError):
    """As many as there may be."""

    code = "LimitExceededException"
    status = 400
    title: ClassVar[Any] = _("A limit is reached")
    message = "The requested resource exceeds the maximum number allowed."
    hint: ClassVar[Any] = _("Delete what you no longer need.")


class EventPolicyTooLong(ServiceError):
    """A bus's policy over its limit."""

    code = "PolicyLengthExceededException"
    status = 400
    title: ClassVar[Any] = _("The policy is too long")
    message = "The event bus policy exceeds the maximum size of 10240 characters."


class TaggedResourceNotFound(ResourceNotFound):
    """An ARN that names nothing with tags."""

    title: ClassVar[Any] = _("Not found")
    message = "Resource {arn} does not exist."


# -- EventBridge Scheduler -------------------------------------------------------------------------


class ScheduleNotFound(ResourceNotFound):
    """No such schedule in the group."""

    title: ClassVar[Any] = _("No such schedule")
    message = "Schedule {name} does not exist."


class ScheduleGroupNotFound(ResourceNotFound):
    """No such group in the account."""

    title: ClassVar[Any] = _("No such schedule group")
    message = "Schedule group {name} does not exist."


class SchedulerConflict(ServiceError):
    """It is there already, or is being changed."""

    code = "ConflictException"
    status = 409
    title: ClassVar[Any] = _("It is there already")


class ScheduleExists(SchedulerConflict):
    """The name is taken in its group."""

    title: ClassVar[Any] = _("That schedule exists")
    message = "Schedule {name} already exists."


class ScheduleGroupExists(SchedulerConflict):
    """The name is taken."""

    title: ClassVar[Any] = _("That schedule group exists")
    message = "Schedule group {name} already exists."


class InvalidSchedule(ValidationError):
    """A schedule that cannot be: an expression, a zone, dates or a target."""

    title: ClassVar[Any] = _("That schedule cannot be used")
    hint: ClassVar[Any] = _("Look at the expression, the time zone, the dates, the target and its role.")


class SchedulerQuotaExceeded(ServiceError):
    """As many as there may be."""

    code = "ServiceQuotaExceededException"
    status = 402
    title: ClassVar[Any] = _("A limit is reached")
    message = "The number of {what} has reached its limit of {limit}."
    hint: ClassVar[Any] = _("Delete what you no longer need.")


# -- delivering ------------------------------------------------------------------------------------


class NotPermitted(ServiceError):
    """The target does not let the rule or schedule in."""

    code = "AccessDeniedException"
    status = 403
    title: ClassVar[Any] = _("Not allowed")
    message = "{reason}"
    hint: ClassVar[Any] = _("A function needs a resource policy for events.amazonaws.com; a schedule needs a role.")


# -- event source mappings: Lambda's words ---------------------------------------------------------


class MappingNotFound(ResourceNotFound):
    """No such mapping in the account."""

    title: ClassVar[Any] = _("No such trigger")
    message = "The resource you requested does not exist."


class MappingExists(ResourceConflict):
    """The queue is a source of this function already."""

    title: ClassVar[Any] = _("The queue is a trigger of this function already")
    message = (
        'The event source arn (" {source} ") and function (" {function} ") provided mapping already exists. '
        "Please update or delete the existing mapping with UUID {uuid}"
    )


class MappingInvalid(InvalidParameterValue):
    """A mapping that cannot be."""

    title: ClassVar[Any] = _("That trigger cannot be used")


class VisibilityTooShort(MappingInvalid):
    """Messages would come back while the function still works on them."""

    message = "Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
    hint: ClassVar[Any] = _("Give the queue a longer visibility timeout: AWS advises six times the function's timeout.")


class RoleLacksPermission(MappingInvalid):
    """The function's role may not read the queue."""

    message = "The provided execution role does not have permissions to call {operation} on SQS"
    hint: ClassVar[Any] = _("Attach AWSLambdaSQSQueueExecutionRole to the function's role.")
