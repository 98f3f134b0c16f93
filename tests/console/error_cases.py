"""The forty mistakes the console explains, each provoked by what really happens when somebody makes it.

``Told`` is what a person sees: the cause in words, the place it points at, and the next action: a button's label, or
the words that say what to do.
"""

import asyncio
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console import event_json, linting
from console.case import Case
from console.explain import explain
from console.results import Result

HANDLER = "lambda_function.lambda_handler"
PYTHON = "def lambda_handler(event, context):\n    {}\n"
ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Told:
    cause: str
    place: str
    action: str


def plain(text: object) -> str:
    """HTML as it reads."""
    return html.unescape(re.sub(r"</?code>", "`", str(text)))


# -- in the editor ---------------------------------------------------------------------------------


def typed(code: str, path: str = "lambda_function.py", handler: str = HANDLER) -> Callable[[], Told]:
    def provoke() -> Told:
        found = asyncio.run(
            linting.problems(path=path, text=code, runtime="python3.13", handler=handler, account_id=ACCOUNT)
        )
        return _problem(found[0], path)

    return provoke


def event(text: str) -> Callable[[], Told]:
    return lambda: _problem(event_json.check(text)[0], "event")


def _problem(problem: event_json.Problem, path: str) -> Told:
    action = f"button: {problem.fix.label}" if problem.fix else "the line is marked while one types"
    return Told(problem.message, f"{path}, line {problem.line}", action)


# -- after a test ----------------------------------------------------------------------------------


def failed(error_type: str, message: str, code: str = "", line: int = 0, **given: Any) -> Callable[[], Told]:
    """A test that ended so; ``line`` is where the stack trace points."""
    path = given.pop("path", "lambda_function.py")
    frame = f'  File "/var/task/{path}", line {line}, in f\n'
    if path.endswith("js"):
        frame = f"    at handler (file:///var/task/{path}:{line}:9)"
    payload = given.pop("payload", {"key1": "value1", "key2": "value2"})
    files = given.pop("files", {path: code})
    settings = {"handler": HANDLER, "timeout": 3, "memory_size": 128, "role": "LabRole"} | given

    def provoke() -> Told:
        result = Result(
            request_id="r",
            ok=False,
            response="",
            cut=False,
            error_type=error_type,
            error_message=message,
            trace=(frame,) if line else (),
            version="$LATEST",
            duration_ms=1.0,
            billed_ms=1,
            init_ms=None,
            memory_size=128,
            max_memory_used=40,
            code_sha256="",
            payload=json.dumps(payload).encode(),
        )
        told = explain(Case(result, files=files, **settings))
        assert told is not None
        place = f"{told.place.path}, line {told.place.line}" if told.place else "result"
        buttons = ", ".join(plain(fix.label) for fix in (*told.fixes, *told.edits))
        return Told(plain(told.text), place, f"button: {buttons}" if buttons else "the words say what to do")

    return provoke


# -- what a page refuses ---------------------------------------------------------------------------


def refused(error: Exception, place: str) -> Callable[[], Told]:
    """A service's own refusal: its title and AWS's words are the cause, its hint the action."""
    return lambda: Told(f"{error.title}: {error.text}", place, str(error.hint))  # type: ignore[attr-defined]
