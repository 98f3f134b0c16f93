"""The handler raises: what it looked for is not there, or is something else than it thought."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from console.case import Case, Edit, Explanation, Fix, Place, code, codes

_SUBSCRIPTS = re.compile(r"\bevent((?:\[(?:\"[^\"]*\"|'[^']*'|\d+)\])+)")

_SUBSCRIPT = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(\d+))\]")

_DENIED = re.compile(
    r"assumed-role/(?P<role>[\w+=,.@-]+)/\S* is not authorized to perform: (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)"
    r"(?: on resource: (?P<resource>arn:\S+|\*))?",
    re.ASCII,
)


def key_error(case: Case, place: Place | None) -> Explanation | None:
    key = case.result.error_message.strip("'\"")
    holder = _holder(case.event, case.line_of(place), key)
    if holder is None:
        return None
    where, value = holder
    keys = [str(name) for name in value]
    if not keys:
        text = format_html(_("{where} is empty, so it has no {key}."), where=code(where), key=code(key))
        return Explanation(text, place)
    shown = [*keys[:12], *(["…"] if len(keys) > 12 else [])]
    text = format_html(_("{where} has no {key}. It has: {keys}."), where=code(where), key=code(key), keys=codes(shown))
    if close := difflib.get_close_matches(key, keys, n=1):
        text = format_html("{} {}", text, format_html(_("Did you mean {name}?"), name=code(close[0])))
    return Explanation(text, place, edits=_write_key(case, place, key, close))


def _write_key(case: Case, place: Place | None, key: str, close: list[str]) -> tuple[Edit, ...]:
    line = case.line_of(place)
    quoted = re.search(rf"([\"']){re.escape(key)}\1", line)
    if not (place and close and quoted) or re.search(r"[\"'\\\n]", close[0]):
        return ()
    start, end = quoted.span()
    mended = f"{line[: start + 1]}{close[0]}{line[end - 1 :]}"
    return (Edit(format_html(_("Write {name}"), name=code(close[0])), place, mended),)


def _holder(event: Any, line: str, key: str) -> tuple[str, Mapping[str, Any]] | None:
    """The part of the event in which ``line`` looks for ``key``, and how it is written."""
    for subscripts in _SUBSCRIPTS.findall(line):
        value, written = event, "event"
        for double, single, index in _SUBSCRIPT.findall(subscripts):
            name = double or single
            if isinstance(value, dict) and name == key and name not in value:
                return written, value
            try:
                value = value[int(index) if index else name]
            except (KeyError, IndexError, TypeError):
                break
            written += f"[{index}]" if index else f'["{name}"]'
    return ("event", event) if isinstance(event, dict) and key not in event else None


def name_error(case: Case, place: Place | None) -> Explanation | None:
    match = re.search(r"name '([^']+)' is not defined|^(\S+) is not defined", case.result.error_message)
    if match is None:
        return None
    name = match[1] or match[2]
    text = format_html(_("Nothing is called {name} where it is used."), name=code(name))
    known = [word for source in case.files.values() for word in re.findall(r"\b[A-Za-z_]\w+\b", source) if word != name]
    if close := difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.8):
        return Explanation(
            format_html("{} {}", text, format_html(_("Did you mean {name}?"), name=code(close[0]))), place
        )
    return Explanation(format_html("{} {}", text, _("Is an import missing, or is it spelled differently?")), place)


def attribute_error(case: Case, place: Place | None) -> Explanation | None:
    match = re.search(r"'dict' object has no attribute '(\w+)'", case.result.error_message)
    if match is None:
        return None
    return Explanation(
        format_html(
            _("A dictionary is read with brackets: {right}, where JavaScript would write a dot."),
            right=code(f'event["{match[1]}"]'),
        ),
        place,
    )


def index_error(case: Case, place: Place | None) -> Explanation | None:
    event = case.event
    if isinstance(event, dict) and event.get("Records") == []:
        return Explanation(
            format_html(
                _("{records} is empty in this event. Choose another test event."), records=code('event["Records"]')
            ),
            place,
        )
    return Explanation(_("The list is shorter than the code expects. Print its length."), place)


def json_error(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "The text that is read as JSON is not JSON. In a template the body is often plain text: change it in the test event, or print it first."
        ),
        place,
    )


def marshal_error(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "What the handler returns must be JSON: text, numbers, lists and dictionaries. Turn anything else into text first, with str(…)."
        ),
        place,
    )


def not_found_inside(case: Case, place: Place | None) -> Explanation | None:
    match = re.search(r"Function not found: \S+:function:([\w-]+)", case.result.error_message)
    if match is None:
        return None
    return Explanation(
        format_html(
            _("Your code calls the function {name}, and your account has none of that name: create it."),
            name=code(match[1]),
        ),
        place,
    )


def denied(case: Case, place: Place | None) -> Explanation | None:
    match = _DENIED.search(case.result.error_message)
    if match is None:
        return Explanation(_("The function's role does not allow this call."), place)
    role, action, resource = match["role"], match["action"], (match["resource"] or "*").rstrip(".,")
    text = format_html(_("The role {role} does not allow {action}."), role=code(role), action=code(action))
    if "explicit deny" in case.result.error_message:
        return Explanation(format_html("{} {}", text, _("A policy forbids it: take that statement out.")), place)
    if role != case.role:
        return Explanation(text, place)
    label = format_html(_("Add this permission: {action}"), action=code(action))
    return Explanation(text, place, (Fix(label, "permission", f"{action} {resource}", "function_permit"),))
