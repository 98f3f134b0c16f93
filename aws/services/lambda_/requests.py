"""What Lambda's requests say, in the words of the house."""

from typing import Any

from aws.operation import Caller, Params
from core.errors import InvalidParameterValue
from functions import archives
from functions.configuration import Configuration
from functions.models import DeploymentPackage
from functions.references import Reference, combine, parse_reference

_UNAVAILABLE = (
    "AcceleratorConfig",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DurableConfig",
    "ImageConfig",
    "PublishTo",
    "RuntimeConfig",
    "TenancyConfig",
)
_KEPT = ("VpcConfig", "KMSKeyArn", "SnapStart", "FileSystemConfigs")
_SETTINGS = {
    # member: (field, the member inside it or "")
    "Runtime": ("runtime", ""),
    "Handler": ("handler", ""),
    "Role": ("role_arn", ""),
    "Description": ("description", ""),
    "MemorySize": ("memory_size", ""),
    "Timeout": ("timeout", ""),
    "Architectures": ("architectures", ""),
    "Layers": ("layers", ""),
    "LoggingConfig": ("logging", ""),
    "EphemeralStorage": ("ephemeral_storage", "Size"),
    "Environment": ("environment", "Variables"),
    "TracingConfig": ("tracing_mode", "Mode"),
    "DeadLetterConfig": ("dead_letter_arn", "TargetArn"),
}
_ABSENT: dict[str, Any] = {"environment": {}, "tracing_mode": "PassThrough", "dead_letter_arn": ""}


def reference(caller: Caller, request: Params) -> Reference:
    """FunctionName and Qualifier together, as one reference."""
    parsed = parse_reference(request["FunctionName"], account=caller.account)
    return Reference(parsed.name, combine(parsed, request.get("Qualifier")), parsed.note)


def function_name(caller: Caller, request: Params) -> str:
    """FunctionName for an operation that works on ``$LATEST`` or on the function as a whole."""
    return parse_reference(request["FunctionName"], account=caller.account).name


def settings(request: Params) -> Configuration:
    """The configuration members of CreateFunction and UpdateFunctionConfiguration that were sent."""
    if sent := [name for name in _UNAVAILABLE if request.get(name)]:
        raise InvalidParameterValue(f"{sent[0]} is not available on this server.")
    if request.get("PackageType", "Zip") != "Zip":
        raise InvalidParameterValue("Functions from container images are not available on this server.")
    values: dict[str, Any] = {}
    for member, (field, inside) in _SETTINGS.items():
        if member in request:
            value = request[member]
            values[field] = value.get(inside, _ABSENT.get(field)) if inside else value
    values["extra"] = {member: request[member] for member in _KEPT if member in request}
    return values  # type: ignore[return-value]


def package(code: Params, *, operation: str) -> DeploymentPackage:
    """The package of a Code or Content member, checked and stored."""
    if "ImageUri" in code:
        raise InvalidParameterValue("Functions from container images are not available on this server.")
    if "S3Bucket" in code or "S3Key" in code:
        raise InvalidParameterValue("Code from Amazon S3 is not available on this server: send it as ZipFile.")
    if not code.get("ZipFile"):
        raise InvalidParameterValue("Please provide a source for function code.")
    return archives.store_package(code["ZipFile"], operation=operation)


def layer_name(text: str) -> str:
    """A layer's name out of a name or an ARN; another account's ARN means the caller's layer of that name."""
    return text.rpartition(":layer:")[2]
