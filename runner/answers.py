"""What an invocation gives back, as values."""

from dataclasses import dataclass
from typing import NamedTuple


class Report(NamedTuple):
    """The figures of a REPORT line. Milliseconds and MB; ``init_ms`` is None when the environment was warm."""

    duration_ms: float
    billed_ms: int
    memory_size: int
    max_memory_used: int
    init_ms: float | None = None

    @property
    def cold(self) -> bool:
        return self.init_ms is not None


class Answer(NamedTuple):
    """The answer to a synchronous invocation.

    ``payload`` is the response document, of the function or of its error; ``function_error`` is empty or
    ``Unhandled``; ``log_tail`` is the last 4 KB of the invocation's log, platform lines included; ``log_stream``
    names the stream that has all of it.
    """

    request_id: str
    payload: bytes
    function_error: str
    executed_version: str
    log_tail: str
    report: Report
    log_stream: str = ""


class LogLine(NamedTuple):
    """One line of a running invocation, as ``watch`` gives it. ``source`` is ``f`` (function) or ``p`` (platform)."""

    timestamp_ms: int
    message: str
    source: str = "f"


@dataclass(frozen=True, slots=True)
class InLine:
    """A watched invocation waits for an environment, or still for a worker to take it, and so many are before it."""

    ahead: int
    is_taken: bool = True


@dataclass(frozen=True, slots=True)
class WatchEnd:
    """The last thing ``watch`` gives: how the invocation ended."""

    request_id: str
    function_error: str
