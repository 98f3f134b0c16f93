"""Lambda's answers: the only place that writes the wire members of functions and what belongs to them."""

import hashlib
from datetime import datetime
from typing import Any

from aws import code_links
from aws.operation import Caller, Params
from core import arns
from functions import selectors
from functions.models import Alias, EventInvokeConfig, Function, LayerVersion, Version
from functions.wording import code_sha256
from triggers.models import EventSourceMapping

_KEPT = ("KMSKeyArn", "FileSystemConfigs")  # members of Version.extra that are shown as they were sent


def function_configuration(version: Version, *, qualifier: str = "", listed: bool = False) -> Params:
    """FunctionConfiguration; ``qualifier`` ends the ARN. A list of functions leaves out the states, as AWS does."""
    function, extra = version.function, version.extra
    as_sent = extra.get("AsSent", {})
    members: Params = {
        "FunctionName": function.name,
        "FunctionArn": arns.function(function.region, function.account_id, function.name, qualifier),
        "Runtime": version.runtime,
        "Role": as_sent.get("Role", version.role_arn),
        "Handler": version.handler,
        "CodeSize": version.package.size,
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory_size,
        "LastModified": moment(version.last_modified),
        "CodeSha256": code_sha256(version.package.sha256),
        "Version": version.label,
        "TracingConfig": {"Mode": version.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": version.package_type,
        "Architectures": version.architectures,
        "EphemeralStorage": {"Size": version.ephemeral_storage},
        "SnapStart": {"ApplyOn": "None", **extra.get("SnapStart", {}), "OptimizationStatus": "Off"},
        "LoggingConfig": logging_config(version),
        **{name: extra[name] for name in _KEPT if extra.get(name)},
    }
    if version.environment:
        members["Environment"] = {"Variables": version.environment}
    if version.dead_letter_arn:
        members["DeadLetterConfig"] = {"TargetArn": version.dead_letter_arn}
    if version.layers:
        members["Layers"] = _attached_layers(version, as_sent.get("Layers", version.layers))
    if vpc := extra.get("VpcConfig"):
        members["VpcConfig"] = _vpc_config(vpc)
    return members if listed else members | _states(version)


def logging_config(version: Version) -> Params:
    """LoggingConfig with AWS's defaults filled in; the levels belong to the JSON format only."""
    members = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{version.function.name}", **version.logging}
    if members["LogFormat"] == "JSON":
        members = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **members}
    return members


def function(caller: Caller, version: Version, *, qualifier: str = "") -> Params:
    """The answer of GetFunction: configuration, a link to the code, tags, reserved concurrency."""
    owner = version.function
    location = code_links.location(endpoint=caller.endpoint, sha256=version.package.sha256, name=owner.name)
    members: Params = {
        "Configuration": function_configuration(version, qualifier=qualifier),
        "Code": {"RepositoryType": "S3", "Location": location},
    }
    if owner.tags:
        members["Tags"] = owner.tags
    if owner.reserved_concurrency is not None:
        members["Concurrency"] = concurrency(owner)
    return members


def concurrency(function: Function) -> Params:
    """Reserved concurrency; nothing at all when none is reserved."""
    if function.reserved_concurrency is None:
        return {}
    return {"ReservedConcurrentExecutions": function.reserved_concurrency}


def alias(row: Alias) -> Params:
    """AliasConfiguration."""
    members: Params = {
        "AliasArn": row.arn,
        "Name": row.name,
        "FunctionVersion": str(row.version_number or "$LATEST"),
        "Description": row.description,
        "RevisionId": row.revision_id,
    }
    if row.weights:
        members["RoutingConfig"] = {"AdditionalVersionWeights": row.weights}
    return members


def layer_version(row: LayerVersion) -> Params:
    """LayerVersionsListItem, which the other answers about layers contain."""
    members: Params = {
        "LayerVersionArn": row.arn,
        "Version": row.number,
        "Description": row.description,
        "CreatedDate": moment(row.created_at),
    }
    if row.compatible_runtimes:
        members["CompatibleRuntimes"] = row.compatible_runtimes
    if row.compatible_architectures:
        members["CompatibleArchitectures"] = row.compatible_architectures
    if row.license_info:
        members["LicenseInfo"] = row.license_info
    return members


def layer_version_with_content(caller: Caller, row: LayerVersion) -> Params:
    """The answer of PublishLayerVersion and GetLayerVersion."""
    package = row.package
    content = {
        "Location": code_links.location(endpoint=caller.endpoint, sha256=package.sha256, name=row.name),
        "CodeSha256": code_sha256(package.sha256),
        "CodeSize": package.size,
    }
    return {
        "LayerArn": arns.layer(row.region, row.account_id, row.name),
        "Content": content,
        **layer_version(row),
    }


def layer(row: LayerVersion) -> Params:
    """LayersListItem: a layer with its newest version."""
    return {
        "LayerName": row.name,
        "LayerArn": arns.layer(row.region, row.account_id, row.name),
        "LatestMatchingVersion": layer_version(row),
    }


def event_invoke_config(row: EventInvokeConfig) -> Params:
    """FunctionEventInvokeConfig."""
    destinations = {"OnSuccess": row.on_success, "OnFailure": row.on_failure}
    members: Params = {
        "LastModified": row.last_modified,
        "FunctionArn": f"{row.function.arn}:{row.qualifier}",
        "DestinationConfig": {name: {"Destination": arn} if arn else {} for name, arn in destinations.items()},
    }
    if row.maximum_retry_attempts is not None:
        members["MaximumRetryAttempts"] = row.maximum_retry_attempts
    if row.maximum_event_age is not None:
        members["MaximumEventAgeInSeconds"] = row.maximum_event_age
    return members


def moment(at: datetime) -> str:
    """``2026-11-22T01:46:31.239+0000``: Lambda's own spelling, a string and not a timestamp."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def _states(version: Version) -> Params:
    members: Params = {"State": version.state, "LastUpdateStatus": version.last_update_status}
    if version.state_reason:
        members |= {"StateReason": version.state_reason, "StateReasonCode": version.state_reason_code}
    if version.last_update_status_reason:
        members["LastUpdateStatusReason"] = version.last_update_status_reason
    digest = hashlib.sha256(version.runtime.encode()).hexdigest()
    members["RuntimeVersionConfig"] = {
        "RuntimeVersionArn": f"arn:aws:lambda:{version.function.region}::runtime:{digest}"
    }
    return members


def _attached_layers(version: Version, shown: list[str]) -> list[Params]:
    """The layers under the ARNs that were sent, so that a tool that compares them sees no difference."""
    rows = selectors.attached_layers(version)
    return [{"Arn": arn, "CodeSize": row.package.size} for arn, row in zip(shown, rows, strict=True)]


def _vpc_config(sent: dict[str, Any]) -> Params:
    """Kept without effect. AWS adds the VPC's id, without which Terraform sees no VPC at all."""
    digest = hashlib.sha256(",".join(sorted(sent.get("SubnetIds", []))).encode()).hexdigest()
    return {
        "SubnetIds": sent.get("SubnetIds", []),
        "SecurityGroupIds": sent.get("SecurityGroupIds", []),
        "VpcId": f"vpc-{digest[:17]}" if sent.get("SubnetIds") else "",
        "Ipv6AllowedForDualStack": sent.get("Ipv6AllowedForDualStack", False),
    }


def event_source_mapping(row: EventSourceMapping, *, state: str = "") -> Params:
    """EventSourceMappingConfiguration; ``state`` is what has just begun."""
    members: Params = {
        "UUID": str(row.pk),
        "BatchSize": row.batch_size,
        "MaximumBatchingWindowInSeconds": row.window_s,
        "EventSourceArn": row.source_arn,
        "FunctionArn": row.function_arn,
        "LastModified": row.modified_at,
        "State": state or row.state,
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if row.reports_failures else [],
        "EventSourceMappingArn": row.arn,
        **row.settings,
    }
    if row.problem:
        members["LastProcessingResult"] = row.problem
    if row.filters:
        members["FilterCriteria"] = {"Filters": [{"Pattern": text} for text in row.filters]}
    if row.maximum_concurrency is not None:
        members["ScalingConfig"] = {"MaximumConcurrency": row.maximum_concurrency}
    return members
