"""The platform's own log lines, exactly as AWS writes them; pure.

Billed duration since August 2025: duration and init together, rounded up to the millisecond.
"""

import json
import math
from datetime import UTC, datetime

from core import limits
from runner.answers import Report

STATUS_SUCCESS, STATUS_ERROR, STATUS_TIMEOUT = "success", "error", "timeout"


def billed(duration_ms: float, init_ms: float | None) -> int:
    """Milliseconds to pay for; never 0."""
    return max(1, math.ceil(round(duration_ms + (init_ms or 0.0), 2)))


def make(
    *, duration_ms: float, init_ms: float | None, memory_size: int, max_memory_used: int, timeout_s: float | None = None
) -> Report:
    """The figures; a timed-out invocation (``timeout_s`` given) counts exactly its timeout, as AWS reports it."""
    duration = timeout_s * 1000 if timeout_s is not None else duration_ms
    return Report(round(duration, 2), billed(duration, init_ms), memory_size, max_memory_used, init_ms)


def timestamp(epoch_ms: int) -> str:
    """``2026-11-22T10:15:30.123Z``."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"


def init_start_line(runtime_version: str, runtime_version_arn: str, *, as_json: bool = False, at_ms: int = 0) -> str:
    """First line of a cold environment's stream."""
    if as_json:
        record: dict[str, object] = {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": runtime_version,
            "runtimeVersionArn": runtime_version_arn,
        }
        return _platform("platform.initStart", record, at_ms)
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}\n"


def start_line(request_id: str, version: str, *, as_json: bool = False, at_ms: int = 0) -> str:
    if as_json:
        return _platform("platform.start", {"requestId": request_id, "version": version}, at_ms)
    return f"START RequestId: {request_id} Version: {version}\n"


def init_report_line(duration_ms: float, *, status: str, error_type: str = "") -> str:
    """After an init phase that did not go well; it comes before START."""
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: init\tStatus: {status}{error}\n"


def end_line(request_id: str) -> str:
    """Text format only: JSON has no end event of its own."""
    return f"END RequestId: {request_id}\n"


def report_line(
    request_id: str,
    report: Report,
    *,
    status: str = STATUS_SUCCESS,
    error_type: str = "",
    as_json: bool = False,
    at_ms: int = 0,
) -> str:
    """The REPORT line; ``status`` other than success, and ``error_type``, show as AWS adds them."""
    if as_json:
        return _platform("platform.report", _report_record(request_id, report, status, error_type), at_ms)
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_size} MB",
        f"Max Memory Used: {report.max_memory_used} MB",
    ]
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms:.2f} ms")
    if status != STATUS_SUCCESS:
        fields.append(f"Status: {status}")
    if status == STATUS_ERROR and error_type:
        fields.append(f"Error Type: {error_type}")
    return "\t".join(fields) + "\t\n"


def _report_record(request_id: str, report: Report, status: str, error_type: str) -> dict[str, object]:
    metrics: dict[str, object] = {
        "durationMs": report.duration_ms,
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_size,
        "maxMemoryUsedMB": report.max_memory_used,
    }
    if report.init_ms is not None:
        metrics["initDurationMs"] = round(report.init_ms, 2)
    record: dict[str, object] = {"requestId": request_id, "metrics": metrics, "status": status}
    if status == STATUS_ERROR and error_type:
        record["errorType"] = error_type
    return record


def _platform(kind: str, record: dict[str, object], at_ms: int) -> str:
    return json.dumps({"time": timestamp(at_ms), "type": kind, "record": record}, separators=(",", ":")) + "\n"


def tail(lines: list[str], size: int = limits.LOG_TAIL_SIZE) -> str:
    """The last ``size`` bytes of the log, never half a character."""
    return "".join(lines).encode()[-size:].decode("utf-8", "ignore")
