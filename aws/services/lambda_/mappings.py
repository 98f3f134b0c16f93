"""Event source mappings. An answer speaks of what has just begun, as AWS's does; it is over when it is read again."""

from typing import Any

from aws.operation import Caller, Params, operation
from aws.services.lambda_ import shapes
from aws.services.lambda_.paging import paged
from aws.services.lambda_.requests import reference
from core.errors import InvalidParameterValue
from functions import selectors as functions
from triggers import selectors
from triggers.services import mappings
from triggers.services.mappings import Settings

_KEPT = ("KMSKeyArn", "MetricsConfig", "LoggingConfig", "ProvisionedPollerConfig")
_OF_STREAMS = (
    "AmazonManagedKafkaEventSourceConfig",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "DocumentDBEventSourceConfig",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "Queues",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Topics",
    "TumblingWindowInSeconds",
)


@operation("lambda", "CreateEventSourceMapping")
def create_event_source_mapping(caller: Caller, request: Params) -> Params:
    if "EventSourceArn" not in request:
        raise InvalidParameterValue("EventSourceArn is required: this server reads queues of Amazon SQS.")
    row = mappings.create_event_source_mapping(
        account=caller.account,
        function=request["FunctionName"],
        source_arn=request["EventSourceArn"],
        tags=request.get("Tags"),
        **_settings(request),
    )
    return shapes.event_source_mapping(row, state="Creating")


@operation("lambda", "UpdateEventSourceMapping")
def update_event_source_mapping(caller: Caller, request: Params) -> Params:
    before = selectors.get_mapping(account=caller.account, uuid=request["UUID"])
    row = mappings.update_event_source_mapping(
        account=caller.account, uuid=request["UUID"], function=request.get("FunctionName", ""), **_settings(request)
    )
    switching = "Enabling" if row.is_enabled else "Disabling"
    return shapes.event_source_mapping(row, state="Updating" if before.is_enabled == row.is_enabled else switching)


@operation("lambda", "GetEventSourceMapping")
def get_event_source_mapping(caller: Caller, request: Params) -> Params:
    return shapes.event_source_mapping(selectors.get_mapping(account=caller.account, uuid=request["UUID"]))


@operation("lambda", "DeleteEventSourceMapping")
def delete_event_source_mapping(caller: Caller, request: Params) -> Params:
    row = mappings.delete_event_source_mapping(account=caller.account, uuid=request["UUID"])
    return shapes.event_source_mapping(row, state="Deleting")


@operation("lambda", "ListEventSourceMappings")
def list_event_source_mappings(caller: Caller, request: Params) -> Params:
    name, qualifier = "", None
    if "FunctionName" in request:
        wanted = reference(caller, request)
        name = functions.get_function(account=caller.account, name=wanted.name).name
        qualifier = wanted.qualifier
    rows = selectors.list_mappings(
        account=caller.account, function=name, qualifier=qualifier, source_arn=request.get("EventSourceArn", "")
    )
    return paged(request, rows, key="pk", member="EventSourceMappings", shape=shapes.event_source_mapping)


def _settings(request: Params) -> Settings:
    if unusable := [name for name in _OF_STREAMS if request.get(name)]:
        raise InvalidParameterValue(f"Unsupported parameter for an SQS event source: {unusable[0]}")
    values: dict[str, Any] = {}
    for member, field in (
        ("Enabled", "enabled"),
        ("BatchSize", "batch_size"),
        ("MaximumBatchingWindowInSeconds", "window_s"),
    ):
        if member in request:
            values[field] = request[member]
    if "ScalingConfig" in request:
        values["maximum_concurrency"] = request["ScalingConfig"].get("MaximumConcurrency")
    if "FunctionResponseTypes" in request:
        values["reports_failures"] = "ReportBatchItemFailures" in request["FunctionResponseTypes"]
    if "FilterCriteria" in request:
        filters = request["FilterCriteria"].get("Filters", [])
        values["filters"] = [one["Pattern"] for one in filters if one.get("Pattern")]
    if kept := {name: request[name] for name in _KEPT if name in request}:
        values["settings"] = kept
    return values  # type: ignore[return-value]
