"""What a function finds around it: its environment variables and the name of its log stream, as on AWS."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.models import Version
from functions.runtimes import RUNTIMES, Family

ENDPOINT = "http://127.0.0.1:4566"  # PID 1 of the sandbox listens there and carries it to ``settings.API_INTERNAL``


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCredentials:
    """The temporary credentials of the function's role."""

    access_key_id: str
    secret_access_key: str
    session_token: str


def log_group_name(version: Version) -> str:
    """``/aws/lambda/<name>``, unless its LoggingConfig names another group."""
    configured: str = version.logging.get("LogGroup") or ""
    return configured or f"/aws/lambda/{version.function.name}"


def new_log_stream_name(*, version: Version, now: datetime) -> str:
    """A new stream's name, one for each execution environment: ``2026/01/31/[$LATEST]<32 hexadecimal digits>``."""
    return f"{now:%Y/%m/%d}/[{version.label}]{secrets.token_hex(16)}"


def environment_variables(
    *, version: Version, credentials: FunctionCredentials, log_stream_name: str
) -> dict[str, str]:
    """All environment variables of an execution environment of ``version``.

    The owner's own override the unreserved defaults, never the reserved ones; ``AWS_ENDPOINT_URL`` may be overridden.
    """
    own: Mapping[str, str] = version.environment or {}
    return {**_unreserved(version), **own, **_reserved(version, credentials, log_stream_name)}


def _unreserved(version: Version) -> dict[str, str]:
    family = _FAMILIES.get(_family(version) or Family.PROVIDED, {})
    return {
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": LD_LIBRARY_PATH,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        **family,
    }


NODE_PATH = "/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
_FAMILIES = {Family.PYTHON: {"PYTHONPATH": "/var/runtime"}, Family.NODEJS: {"NODE_PATH": NODE_PATH}}
LD_LIBRARY_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def _family(version: Version) -> Family | None:
    row = RUNTIMES.get(version.runtime)
    return row.family if row else None


def _reserved(version: Version, credentials: FunctionCredentials, log_stream_name: str) -> dict[str, str]:
    region = version.function.region
    return {
        "_HANDLER": version.handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_LAMBDA_FUNCTION_NAME": version.function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.label,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group_name(version),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream_name,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
        **({} if _family(version) is Family.PROVIDED else {"AWS_EXECUTION_ENV": f"AWS_Lambda_{version.runtime}"}),
        **_log_settings(version.logging),
    }


def _log_settings(logging: Mapping[str, str]) -> dict[str, str]:
    """How the runtime inside formats and filters, from the function's LoggingConfig; a level only goes with JSON."""
    if logging.get("LogFormat") != "JSON":
        return {"AWS_LAMBDA_LOG_FORMAT": "Text"}
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel") or "INFO"}
