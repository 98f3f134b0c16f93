"""Checks of a file while it is being typed: what would fail when it runs, found before it runs.

Python is read by ruff in a process of its own, never by this one: what students type is not trusted.
"""

import asyncio
import json
import re
from typing import Any

from django.utils.translation import gettext as _
from ruff import find_ruff_bin

from console.event_json import CURLY, Fix, Problem, at, check
from core import limits

PATIENCE_S = 5
RULES = "E9,F"
# Rules that say nothing a beginner could use: a module-level lambda, an f-string without fields, an unused local.
QUIET = "F541,F841,F401"
_PYTHON = re.compile(r"python3\.(\d+)$")
_NEWEST_TARGET, _OLDEST_TARGET = 14, 7
_PRINT = re.compile(r"^\s*print\s+[^(=\s]", re.MULTILINE)
_CURLY = re.compile("[" + "".join(CURLY) + "]")
_NBSP = re.compile("[\u00a0\u202f\u3000]")


async def problems(*, path: str, text: str, runtime: str, handler: str) -> list[Problem]:
    """The problems of one file of a function; an empty list for kinds of file nothing is known about."""
    if len(text) > limits.CONSOLE_EDITOR_PACKAGE_SIZE:
        return []
    if path.endswith(".json"):
        return check(text) if text.strip() else []
    if path.endswith(".py"):
        found = typography(text) or await _ruff(path, text, runtime)
        return found or missing_handler(path, text, handler)
    return []


def typography(text: str) -> list[Problem]:
    """Quotes and spaces from a slide, where code has them: Python would call them invalid characters."""
    return _outside_strings(
        text, _CURLY, _("This is a typographic quote, as slides have them; code wants a straight one.")
    ) + (
        _outside_strings(text, _NBSP, _("This is a non-breaking space, as slides have them; code wants a normal one."))
    )


def straightened(text: str) -> str:
    """``text`` with straight quotes and normal spaces."""
    return _NBSP.sub(" ", "".join(CURLY.get(character, character) for character in text))


_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\#[^\n]*', re.DOTALL
)


def _outside_strings(text: str, wanted: re.Pattern[str], message: str) -> list[Problem]:
    code = _STRING_OR_COMMENT.sub(lambda match: " " * len(match[0]), text)
    fix = Fix(_("Replace all of them"), straightened(text))
    return [at(text, found.start(), found.end(), message, fix) for found in wanted.finditer(code)][:20]


def missing_handler(path: str, text: str, handler: str) -> list[Problem]:
    """The handler's file without the handler's function."""
    module, _dot, function = handler.rpartition(".")
    if path != f"{module.replace('.', '/')}.py" or not function.isidentifier():
        return []
    if re.search(
        rf"^(?:async\s+)?def\s+{function}\b|^{function}\s*[:=]|\bimport\b.*\b{function}\b|\*", text, re.MULTILINE
    ):
        return []
    message = _("The handler is %(handler)s, and this file has no %(function)s.") % {
        "handler": handler,
        "function": function,
    }
    return [Problem(1, 1, 1, len(text.partition("\n")[0]) + 1, message, "warning")]


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


def _problem(text: str, found: dict[str, Any]) -> Problem:
    code = found.get("code") or ""
    start, end = found["location"], found["end_location"]
    is_syntax = not code or code.startswith("E9") or code == "invalid-syntax"
    message = found["message"].removeprefix("SyntaxError: ")
    line = text.splitlines()[start["row"] - 1] if start["row"] <= len(text.splitlines()) else ""
    if is_syntax and _PRINT.match(line):
        message = _("Python 3 writes print(…) with parentheses.")
    return Problem(
        start["row"],
        start["column"],
        end["row"],
        end["column"],
        message,
        "error" if is_syntax or code == "F821" else "warning",
    )
