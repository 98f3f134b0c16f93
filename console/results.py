"""How an invocation ended, for the page: from the answer that was just given, or from the row that was kept."""

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runner.answers import Answer
from runner.models import Invocation, InvocationType, State

SHOWN = 100_000  # characters of a response on the page; the rest can be had with the AWS CLI


@dataclass(frozen=True, slots=True)
class Result:
    """``ok`` None: not over yet. ``response`` is formatted JSON; ``trace`` the stack trace's lines."""

    request_id: str
    ok: bool | None
    response: str
    cut: bool
    error_type: str
    error_message: str
    trace: tuple[str, ...]
    version: str
    duration_ms: float | None
    billed_ms: int | None
    init_ms: float | None
    memory_size: int | None
    max_memory_used: int | None
    code_sha256: str
    payload: bytes
    asked_at: datetime | None = None
    attempts: int = 0  # of an asynchronous one

    @property
    def code_sha256_base64(self) -> str:
        """As AWS shows the hash of a package."""
        return base64.b64encode(bytes.fromhex(self.code_sha256)).decode() if self.code_sha256 else ""


def of_answer(answer: Answer, *, payload: bytes, code_sha256: str) -> Result:
    """The result of a test that this process waited for."""
    document = _document(answer.payload) if answer.function_error else {}
    response, cut = pretty(answer.payload)
    figures = answer.report
    return Result(
        request_id=answer.request_id,
        ok=not answer.function_error,
        response=response,
        cut=cut,
        error_type=_text(document.get("errorType")),
        error_message=_text(document.get("errorMessage")),
        trace=_trace(document),
        version=answer.executed_version,
        duration_ms=figures.duration_ms,
        billed_ms=int(figures.billed_ms),
        init_ms=figures.init_ms,
        memory_size=figures.memory_size,
        max_memory_used=figures.max_memory_used,
        code_sha256=code_sha256,
        payload=payload,
    )


def of_row(row: Invocation) -> Result:
    """The result of any invocation, from its row."""
    raw = bytes(row.response or b"")
    ok = None if not row.is_final else row.state == State.SUCCEEDED
    document = {} if ok else _document(raw)
    response, cut = pretty(raw)
    return Result(
        request_id=str(row.pk),
        ok=ok,
        response=response,
        cut=cut,
        error_type=row.error_type,
        error_message=row.error_message,
        trace=_trace(document),
        version=row.version,
        duration_ms=row.duration_ms,
        billed_ms=row.billed_ms,
        init_ms=row.init_ms,
        memory_size=row.memory_size,
        max_memory_used=row.max_memory_used,
        code_sha256=row.code_sha256,
        payload=bytes(row.payload or b""),
        asked_at=row.asked_at,
        attempts=row.attempt if row.invocation_type == InvocationType.EVENT else 0,
    )


def pretty(raw: bytes) -> tuple[str, bool]:
    """JSON laid out for reading, or the text as it is; and whether its end is missing."""
    text = raw.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):  # not JSON, or the kept part of a long one: shown as it came
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text[:SHOWN], len(text) > SHOWN


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _trace(document: dict[str, Any]) -> tuple[str, ...]:
    lines = document.get("stackTrace") or document.get("trace") or []
    return tuple(str(line) for line in lines) if isinstance(lines, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
