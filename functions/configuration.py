"""What a function may be configured with: every limit and text of AWS, as pure checks.

Values arrive as the keyword arguments of ``create_function`` and ``update_function_configuration``; the ones that
need the database (role, layers, targets) are looked at by their own modules.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypedDict

from core import limits
from core.errors import InvalidParameterValue
from functions import runtimes
from functions.errors import MemberInvalid, RuntimeUnavailable, RuntimeUnknown

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}", re.ASCII)
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+", re.ASCII)
_HANDLER = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}", re.ASCII)
_LOG_FORMATS = ("JSON", "Text")
_APPLICATION_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")


class Configuration(TypedDict, total=False):
    """The settings of a function; a key that is absent keeps its value or takes AWS's default.

    Memory and storage are MB, the timeout seconds. ``environment`` None or {} means no variables at all.
    ``logging`` is AWS's LoggingConfig; ``extra`` holds members that are kept and shown but have no effect here
    (VpcConfig, KMSKeyArn, SnapStart, FileSystemConfigs), in wire casing.
    """

    runtime: str
    handler: str
    role_arn: str
    description: str
    memory_size: int
    timeout: int
    ephemeral_storage: int
    architectures: list[str]
    environment: dict[str, str] | None
    layers: list[str]
    tracing_mode: str
    dead_letter_arn: str
    logging: dict[str, str]
    extra: dict[str, Any]


def check(configuration: Configuration) -> None:
    """Check every value that is present. Raises ``ValidationError`` or ``InvalidParameterValue``, as AWS does."""
    for field, value in configuration.items():
        if value is not None and (checker := _CHECKS.get(field)):
            checker(value)


def check_name(name: str) -> None:
    """1 to 64 letters, digits, hyphens and underscores, in ASCII."""
    if _NAME.fullmatch(name):
        return
    if len(name) > limits.FUNCTION_NAME_LENGTH:
        raise _too_long(name, "functionName", limits.FUNCTION_NAME_LENGTH)
    raise invalid(name, "functionName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")


def invalid(value: object, member: str, constraint: str) -> MemberInvalid:
    """A constraint of the service model is broken; the value is shown, cut when it is long."""
    return MemberInvalid(value=str(value)[:300], member=member, constraint=constraint)


def check_description(value: str) -> None:
    """At most 256 characters."""
    if len(value) > limits.DESCRIPTION_LENGTH:
        raise _too_long(value, "description", limits.DESCRIPTION_LENGTH)
    if "\x00" in value:
        raise invalid(value, "description", "Member must not contain the character NUL")


def _too_long(value: str, member: str, length: int) -> MemberInvalid:
    return invalid(value, member, f"Member must have length less than or equal to {length}")


def check_range(member: str, low: int, high: int) -> Callable[[int], None]:
    """A check that a whole number lies between two bounds, both allowed."""

    def checker(value: int) -> None:
        if value < low:
            raise invalid(value, member, f"Member must have value greater than or equal to {low}")
        if value > high:
            raise invalid(value, member, f"Member must have value less than or equal to {high}")

    return checker


def check_one_of(member: str, allowed: tuple[str, ...]) -> Callable[[str], None]:
    """A check that a text is one of a few."""

    def checker(value: str) -> None:
        if value not in allowed:
            raise invalid(value, member, f"Member must satisfy enum value set: [{', '.join(allowed)}]")

    return checker


def _check_runtime(identifier: str) -> None:
    if runtimes.get(identifier) is None:
        raise RuntimeUnknown(runtime=identifier[:100], known=", ".join(runtimes.RUNTIMES))
    if not runtimes.is_available(identifier):
        available = ", ".join(runtime.identifier for runtime in runtimes.available())
        raise RuntimeUnavailable(runtime=identifier, available=available or "none")


def _check_handler(value: str) -> None:
    if len(value) > limits.HANDLER_LENGTH:
        raise _too_long(value, "handler", limits.HANDLER_LENGTH)
    if not _HANDLER.fullmatch(value):
        raise invalid(value, "handler", "Member must satisfy regular expression pattern: [^\\s]+")
    if value.startswith("/") or ".." in value.split("/"):
        raise InvalidParameterValue(f"The handler {value} leads out of the deployment package.")


def _check_environment(variables: dict[str, str]) -> None:
    for key, value in variables.items():
        if not _VARIABLE.fullmatch(key) and key not in RESERVED_VARIABLES:
            raise MemberInvalid(
                "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys "
                f"must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]; {key[:100]!a} does not"
            )
        if "\x00" in value:
            raise InvalidParameterValue(f"The environment variable {key} contains the character NUL.")
    if reserved := sorted(RESERVED_VARIABLES & variables.keys()):
        raise InvalidParameterValue(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode("utf-8", "replace")) > limits.ENVIRONMENT_VARIABLES_SIZE:
        raise InvalidParameterValue(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )


def _check_architectures(values: list[str]) -> None:
    if len(values) != 1:
        raise invalid(values, "architectures", "Member must have length less than or equal to 1")
    check_one_of("architectures", ("x86_64", "arm64"))(values[0])


def _check_logging(value: dict[str, str]) -> None:
    check_one_of("loggingConfig.logFormat", _LOG_FORMATS)(value.get("LogFormat", "Text"))
    check_one_of("loggingConfig.applicationLogLevel", _APPLICATION_LEVELS)(value.get("ApplicationLogLevel", "INFO"))
    check_one_of("loggingConfig.systemLogLevel", _SYSTEM_LEVELS)(value.get("SystemLogLevel", "INFO"))
    if value.get("LogFormat", "Text") == "Text" and value.keys() & {"ApplicationLogLevel", "SystemLogLevel"}:
        raise InvalidParameterValue("To use log level filtering, you must set LogFormat to JSON.")
    if not _LOG_GROUP.fullmatch(value.get("LogGroup", "x")):
        pattern = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        raise invalid(value["LogGroup"], "loggingConfig.logGroup", pattern)


_CHECKS: dict[str, Callable[[Any], None]] = {
    "runtime": _check_runtime,
    "handler": _check_handler,
    "description": check_description,
    "memory_size": check_range("memorySize", limits.MEMORY_MB_MIN, limits.MEMORY_MB_MAX),
    "timeout": check_range("timeout", limits.TIMEOUT_S_MIN, limits.TIMEOUT_S_MAX),
    "ephemeral_storage": check_range(
        "ephemeralStorage.size", limits.EPHEMERAL_STORAGE_MB_MIN, limits.EPHEMERAL_STORAGE_MB_MAX
    ),
    "architectures": _check_architectures,
    "environment": _check_environment,
    "tracing_mode": check_one_of("tracingConfig.mode", ("Active", "PassThrough")),
    "logging": _check_logging,
}
