"""Checks of a file while it is being typed: what would fail when it runs, found before it runs.

Python is read by ruff in a process of its own, never by this one: what students type is not trusted.
"""

import asyncio
import difflib
import json
import re
from typing import Any

from django.utils.translation import gettext as _
from ruff import find_ruff_bin

from console import slides
from console.event_json import Fix, Problem, check
from core import limits

PATIENCE_S = 5
RULES = "E9,F"
# Rules that say nothing a beginner could use: a module-level lambda, an f-string without fields, an unused local.
QUIET = "F541,F841,F401"
_SEVERITIES = ("error", "warning", "info")  # the first of them is written below the editor
_PYTHON = re.compile(r"python3\.(\d+)$")
_NEWEST_TARGET, _OLDEST_TARGET = 14, 7


async def problems(*, path: str, text: str, runtime: str, handler: str, account_id: str = "") -> list[Problem]:
    """The problems of one file of a function; an empty list for kinds of file nothing is known about.

    What keeps it from running comes alone; what would only surprise comes when nothing else is wrong.
    """
    if len(text) > limits.CONSOLE_EDITOR_PACKAGE_SIZE:
        return []
    if path.endswith(".json"):
        return check(text) if text.strip() else []
    if path.endswith((".js", ".mjs", ".cjs")):
        return slides.typography(text, is_python=False) or missing_handler(path, text, handler)
    if path.endswith(".py"):
        return await _python(path, text, runtime, handler, account_id)
    return []


async def _python(path: str, text: str, runtime: str, handler: str, account_id: str) -> list[Problem]:
    if found := slides.typography(text):
        return found
    found = await _ruff(path, text, runtime)
    if any(problem.severity == "error" for problem in found):
        return slides.pasted(text) or found
    found += missing_handler(path, text, handler)
    found += slides.authors_own(text, account_id=account_id)
    found += slides.only_first_record(text, handler=handler)
    return sorted(found, key=lambda problem: (_SEVERITIES.index(problem.severity), problem.line, problem.column))


def missing_handler(path: str, text: str, handler: str) -> list[Problem]:
    """The handler's file without the handler's function; the fix gives a function of it that name."""
    module, _dot, function = handler.rpartition(".")
    stem, _dot, end = path.rpartition(".")
    if stem not in (module.replace(".", "/"), module) or not function.isidentifier():
        return []
    names = defined_functions(text) if end == "py" else exported_functions(text)
    if function in names or _MAYBE_DEFINED[end == "py"](function, text):
        return []
    message = _("The handler is %(handler)s, and this file has no %(function)s.") % {
        "handler": handler,
        "function": function,
    }
    fix = None
    if candidates := sorted(names, key=lambda name: "handler" not in name.lower()):
        renamed = re.sub(rf"\b{re.escape(candidates[0])}\b", function, text)
        label = _("Rename %(name)s to %(function)s") % {"name": candidates[0], "function": function}
        fix = Fix(label, renamed)
    line = next((number for number, row in enumerate(text.splitlines(), 1) if fix and candidates[0] in row), 1)
    row = text.splitlines()[line - 1] if text else ""
    return [Problem(line, 1, line, len(row) + 1, message, "warning", fix)]


def _python_may_define(function: str, text: str) -> bool:
    return bool(re.search(rf"^{function}\s*[:=]|\bimport\b.*\b{function}\b|import\s+\*", text, re.MULTILINE))


def _node_may_define(function: str, text: str) -> bool:
    return bool(re.search(rf"exports\s*=|export\s+\*|export\s*\{{[^}}]*\b{function}\b", text))


_MAYBE_DEFINED = {True: _python_may_define, False: _node_may_define}


def defined_functions(text: str) -> list[str]:
    """The names a Python file defines at its top level, without the private ones."""
    return re.findall(r"^(?:async\s+)?def\s+([A-Za-z]\w*)", text, re.MULTILINE)


def exported_functions(text: str) -> list[str]:
    """The names a JavaScript file exports."""
    named = re.findall(r"^export\s+(?:const|let|var|(?:async\s+)?function)\s+(\w+)", text, re.MULTILINE)
    return named + re.findall(r"^(?:module\.)?exports\.(\w+)\s*=", text, re.MULTILINE)


# -- ruff ------------------------------------------------------------------------------------------


async def _ruff(path: str, text: str, runtime: str) -> list[Problem]:
    options = ("--isolated", "--no-cache", "--output-format", "json", "--select", RULES, "--ignore", QUIET)
    process = await asyncio.create_subprocess_exec(
        *(find_ruff_bin(), "check", *options, "--target-version", target(runtime), "--stdin-filename", "file.py", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _errors = await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), PATIENCE_S)
    except TimeoutError:
        process.kill()
        return []
    return [_problem(text, found) for found in json.loads(output or b"[]")[:50]]


def target(runtime: str) -> str:
    """The Python whose grammar counts, as ruff names it."""
    match = _PYTHON.match(runtime)
    minor = min(max(int(match[1]), _OLDEST_TARGET), _NEWEST_TARGET) if match else _NEWEST_TARGET
    return f"py3{minor}"


_EXPECTED = re.compile(r"[Ee]xpected (.+), found (.+)")
_UNDEFINED = re.compile(r"Undefined name `(\w+)`")


def _said(text: str, found: dict[str, Any]) -> tuple[str, Fix | None]:
    """ruff's commonest messages in the language of the page, and what mends them."""
    message = found["message"].removeprefix("SyntaxError: ")
    if match := _UNDEFINED.search(message):
        name = match[1]
        known = sorted({word for word in re.findall(r"\b[A-Za-z_]\w+\b", text) if word != name})
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        fix = Fix(_("Write %(name)s") % {"name": close[0]}, re.sub(rf"\b{name}\b", close[0], text)) if close else None
        return _("Nothing is called %(name)s here.") % {"name": name}, fix
    if match := _EXPECTED.search(message):
        words = _("Python expects %(expected)s here and finds %(found)s.") % {"expected": match[1], "found": match[2]}
        return words, _colon(text, found) if match[1] == "`:`" else None
    return message, None


def _colon(text: str, found: dict[str, Any]) -> Fix | None:
    lines = text.splitlines(keepends=True)
    number = found["location"]["row"]
    if number > len(lines):
        return None
    mended = slides.with_colon(lines[number - 1])
    return Fix(_("Add the colon"), "".join([*lines[: number - 1], mended, *lines[number:]])) if mended else None


def _problem(text: str, found: dict[str, Any]) -> Problem:
    code = found.get("code") or ""
    start, end = found["location"], found["end_location"]
    is_syntax = not code or code.startswith("E9") or code == "invalid-syntax"
    message, fix = _said(text, found)
    return Problem(
        start["row"],
        start["column"],
        end["row"],
        end["column"],
        message,
        "error" if is_syntax or code == "F821" else "warning",
        fix,
    )
