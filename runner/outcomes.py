"""How an execution of untrusted code can end, as data; and AWS's names and words for each end."""

import enum
import json
from datetime import datetime
from typing import Any, NamedTuple

from core import limits


class Kind(enum.StrEnum):
    """What happened. Everything but ``OK`` and ``FUNCTION_ERROR`` also ends the execution environment."""

    OK = "ok"  # the handler returned; payload is its JSON
    FUNCTION_ERROR = "function-error"  # the handler raised; payload is the error document
    TIMEOUT = "timeout"  # the function's own timeout
    EXIT = "exit"  # the runtime's process ended: exit status or signal
    OUT_OF_MEMORY = "out-of-memory"
    RESPONSE_TOO_LARGE = "response-too-large"
    INIT_ERROR = "init-error"  # import failed, no such handler, syntax error
    INIT_TIMEOUT = "init-timeout"  # the init phase's own limit
    PROTOCOL_VIOLATION = "protocol-violation"  # the code inside forged or broke the channel's frames
    PLATFORM_FAILURE = "platform-failure"  # ours: try again elsewhere, it does not count as an attempt


class Outcome(NamedTuple):
    """How an init or an invocation ended.

    ``payload``        the handler's JSON (of a custom runtime: whatever it answered; of an answer that was streamed
                       in parts: nothing), or the error document AWS would answer with (``errorMessage``,
                       ``errorType``, ``requestId``, ``stackTrace``); valid UTF-8 JSON in both cases; empty after
                       an init that went well and for ``PLATFORM_FAILURE``
    ``error_type``     AWS's name, e.g. ``Runtime.ExitError``, or the exception's class name; empty when OK
    ``error_message``  AWS's words, or the exception's
    ``duration_ms``    of this phase alone, measured outside the sandbox
    ``init_ms``        of the init phase, on its own outcome and on that of the first invocation after it; else None
    ``max_memory_mb``  the highest the function's processes have used in this environment so far; 0 when unknown
    ``log_dropped``    bytes of output past the limit that were counted and not kept
    ``reusable``       whether the environment may take another invocation; if not, ``stop`` it
    """

    kind: Kind
    payload: bytes = b""
    error_type: str = ""
    error_message: str = ""
    duration_ms: float = 0.0
    init_ms: float | None = None
    max_memory_mb: int = 0
    log_dropped: int = 0
    reusable: bool = False

    @property
    def ok(self) -> bool:
        return self.kind is Kind.OK


RESPONSE_LIMIT = limits.RESPONSE_PAYLOAD + 100  # AWS: 6,291,556 bytes


def document(error_type: str, error_message: str, request_id: str, stack_trace: list[str] | None = None) -> bytes:
    """An error document as AWS's runtimes write it; ``stackTrace`` only when there is one to show."""
    members: dict[str, Any] = {"errorMessage": error_message, "errorType": error_type, "requestId": request_id}
    if stack_trace is not None:
        members["stackTrace"] = stack_trace
    return json.dumps(members).encode()


def timed_out(*, at: datetime, request_id: str, seconds: float) -> tuple[str, str]:
    """Error type and message of an invocation that ran out of time: ``2026-… <id> Task timed out after 3.00 seconds``."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    return "Sandbox.Timedout", f"{stamp} {request_id} Task timed out after {seconds:.2f} seconds"


def exited(*, request_id: str, reason: str) -> tuple[str, str]:
    """Error type and message of a runtime that is gone; ``reason`` is ``exit status 3``, ``signal: killed`` or empty."""
    words = f"Runtime exited with error: {reason}" if reason else "Runtime exited without providing a reason"
    return "Runtime.ExitError", f"RequestId: {request_id} Error: {words}"


def no_entrypoint(*, request_id: str, reason: str) -> tuple[str, str]:
    """Error type and message of a custom runtime whose ``bootstrap`` could not be run."""
    return "Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: {reason}"


def out_of_memory(*, request_id: str) -> tuple[str, str]:
    """Error type and message of a function that took more than its MemorySize."""
    return "Runtime.OutOfMemory", exited(request_id=request_id, reason="signal: killed")[1]


def response_too_large(*, size: int, limit: int) -> tuple[str, str]:
    """Error type and message of an answer over the limit."""
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({limit} bytes)."
    return "Function.ResponseSizeTooLarge", message
