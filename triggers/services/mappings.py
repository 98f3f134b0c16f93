"""Event source mappings: queues whose messages become events of functions."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, clock, limits
from functions import selectors as functions
from functions.models import Version
from functions.references import combine, parse_reference
from queues import selectors as queues
from queues.errors import QueueDoesNotExist
from queues.models import Queue
from triggers import access, bell, patterns, selectors
from triggers.errors import MappingExists, MappingInvalid, RoleLacksPermission, VisibilityTooShort
from triggers.models import EventSourceMapping
from triggers.patterns import InvalidPattern
from triggers.services import tagging

State = EventSourceMapping.State
READS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the function's role must be allowed to do with the queue."""


class Settings(TypedDict, total=False):
    """What a mapping says; what is absent stays as it is. ``settings`` are kept members in wire casing."""

    enabled: bool
    batch_size: int
    window_s: int
    maximum_concurrency: int | None
    reports_failures: bool
    filters: Sequence[str]
    settings: Mapping[str, Any]


@transaction.atomic
def create_event_source_mapping(
    *,
    account: Account,
    function: str,
    source_arn: str,
    tags: Mapping[str, str] | None = None,
    **settings: Unpack[Settings],
) -> EventSourceMapping:
    """Have a function (name, qualified name or ARN) called with the messages of a queue.

    Raises ``FunctionNotFound``, ``MappingExists``, ``MappingInvalid``, ``VisibilityTooShort``, ``RoleLacksPermission``.
    """
    queue = _source(account, source_arn)
    version, qualifier = _function(account, function)
    mapping = EventSourceMapping(
        account=account,
        function=version.function,
        qualifier=qualifier,
        source_arn=queue.arn,
        tags=tagging.checked(tags or {}),
    )
    _apply(mapping, settings)
    _check(account, mapping, queue, version)
    known = EventSourceMapping.objects.filter(
        function=version.function, qualifier=qualifier, source_arn=queue.arn
    ).first()
    if known is not None:
        raise MappingExists(source=queue.arn, function=version.function.name, uuid=known.pk)
    try:
        with transaction.atomic():
            mapping.save(force_insert=True)
    except IntegrityError:
        raise MappingExists(source=queue.arn, function=version.function.name, uuid="") from None
    transaction.on_commit(_tell_worker)
    return mapping


@transaction.atomic
def update_event_source_mapping(
    *, account: Account, uuid: str, function: str = "", **settings: Unpack[Settings]
) -> EventSourceMapping:
    """Change what is given. Raises ``MappingNotFound`` and what creating raises; to be switched off it need not be able to work."""
    mapping = selectors.get_mapping(account=account, uuid=uuid)
    version = functions.version_of(function=mapping.function, qualifier=mapping.qualifier)
    if function:
        version, mapping.qualifier = _function(account, function)
        mapping.function = version.function
    _apply(mapping, settings)
    if function or settings != {"enabled": False}:
        _check(account, mapping, _source(account, mapping.source_arn), version)
    mapping.modified_at, mapping.problem = clock.now(), ""
    try:
        with transaction.atomic():
            mapping.save()
    except IntegrityError:
        raise MappingExists(source=mapping.source_arn, function=mapping.function.name, uuid="") from None
    transaction.on_commit(_tell_worker)
    return mapping


@transaction.atomic
def delete_event_source_mapping(*, account: Account, uuid: str) -> EventSourceMapping:
    """Delete it; what its function works on is finished. Returns it as it was. Raises ``MappingNotFound``."""
    mapping = selectors.get_mapping(account=account, uuid=uuid)
    EventSourceMapping.objects.filter(pk=mapping.pk).delete()
    return mapping


def _tell_worker() -> None:
    bell.ring("triggers.tasks.read_mappings")


def _apply(mapping: EventSourceMapping, settings: Settings) -> None:
    if "enabled" in settings:
        mapping.state = State.ENABLED if settings["enabled"] else State.DISABLED
    for name in ("batch_size", "window_s", "maximum_concurrency", "reports_failures"):
        if name in settings:
            setattr(mapping, name, settings[name])
    if "filters" in settings:
        mapping.filters = list(settings["filters"])
    mapping.settings = {**mapping.settings, **settings.get("settings", {})}


# -- checks ----------------------------------------------------------------------------------------


def _source(account: Account, source_arn: str) -> Queue:
    own = own_arn(account=account, arn=source_arn)[0]
    parsed = arns.parse(own)
    if parsed is None or parsed.service != "sqs":
        raise MappingInvalid(
            f"Unrecognized event source, must be sqs on this server. Unsupported source arn : {source_arn}"
        )
    try:
        return queues.queue_of_arn(account=account, arn=own)
    except QueueDoesNotExist:
        raise MappingInvalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        ) from None


def _function(account: Account, text: str) -> tuple[Version, str]:
    reference = parse_reference(text, account=account)
    qualifier = combine(reference, None)
    return functions.get_version(account=account, name=reference.name, qualifier=qualifier), qualifier


def _check(account: Account, mapping: EventSourceMapping, queue: Queue, version: Version) -> None:
    _check_batch(mapping, queue)
    _check_filters(mapping.filters)
    if queue.visibility_timeout_s < version.timeout:
        raise VisibilityTooShort(visibility=queue.visibility_timeout_s, timeout=version.timeout)
    account.refresh_from_db(fields=["stamp"])
    if operation := missing_permission(account=account, role_arn=version.role_arn, queue_arn=queue.arn):
        raise RoleLacksPermission(operation=operation)


def missing_permission(*, account: Account, role_arn: str, queue_arn: str) -> str:
    """The first operation on the queue that the role may not do, or nothing. ``account`` was read a moment ago."""
    for operation in READS:
        action = f"sqs:{operation}"
        if not access.role_decision(account=account, role_arn=role_arn, action=action, resource=queue_arn).allowed:
            return operation
    return ""


def _check_batch(mapping: EventSourceMapping, queue: Queue) -> None:
    small = limits.MAPPING_BATCH_SIZE_FIFO
    if not 1 <= mapping.batch_size <= limits.MAPPING_BATCH_SIZE_MAX:
        raise MappingInvalid(f"Batch size must be between 1 and {limits.MAPPING_BATCH_SIZE_MAX}.")
    if not 0 <= mapping.window_s <= limits.MAPPING_WINDOW_S_MAX:
        raise MappingInvalid(f"Maximum batch window must be between 0 and {limits.MAPPING_WINDOW_S_MAX} seconds.")
    if queue.is_fifo and mapping.window_s:
        raise MappingInvalid("Batching window is not supported for FIFO queues.")
    if queue.is_fifo and mapping.batch_size > small:
        raise MappingInvalid(f"Batch size for a FIFO queue must be less than or equal to {small}.")
    if mapping.batch_size > small and not mapping.window_s:
        raise MappingInvalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if mapping.maximum_concurrency is not None and not 2 <= mapping.maximum_concurrency <= 1000:
        raise MappingInvalid("MaximumConcurrency must be between 2 and 1000.")


def _check_filters(filters: Sequence[str]) -> None:
    if len(filters) > limits.MAPPING_FILTERS:
        raise MappingInvalid(f"Number of filters cannot exceed {limits.MAPPING_FILTERS}.")
    for text in filters:
        try:
            patterns.compile(text)
        except InvalidPattern:
            raise MappingInvalid("Invalid filter pattern definition.") from None
