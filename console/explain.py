"""A failed invocation in a student's words: what happened, where, and the step that mends it.

Each kind of error is a function in ``_KINDS``; it looks at the case and gives an explanation, or None when the
case is not the one it knows.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console import linting, slides
from console.case import Case, Edit, Explanation, Fix, Place, code, codes, find_place
from console.course import Course, course
from core import limits

_NEXT_TIMEOUTS = (15, 60, 300, limits.TIMEOUT_S_MAX)
_CHOICES = 4
_LINE_SHOWN = 80  # characters


def explain(case: Case) -> Explanation | None:
    """What to tell about a failed invocation; None when there is nothing to add to the error itself."""
    place = find_place(case)
    kind = _KINDS.get(case.result.error_type)
    found = (kind(case, place) if kind else None) or _by_message(case, place)
    if found and (found.text or found.place or found.fixes or found.edits):
        return found
    return Explanation(place=place) if place else None


# -- kinds of error --------------------------------------------------------------------------------


def _key_error(case: Case, place: Place | None) -> Explanation | None:
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


_SUBSCRIPTS = re.compile(r"\bevent((?:\[(?:\"[^\"]*\"|'[^']*'|\d+)\])+)")
_SUBSCRIPT = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(\d+))\]")


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


def _handler_not_found(case: Case, place: Place | None) -> Explanation | None:
    path = case.handler_file
    names = functions_of(path, case.files.get(path, ""))
    if not path:
        return _no_module(case, place)
    module = case.handler.rpartition(".")[0]
    if not names:
        return Explanation(
            format_html(
                _("The handler setting is {handler}, and {file} defines no function."),
                handler=code(case.handler),
                file=code(path),
            )
        )
    text = format_html(
        _("The handler setting is {handler}, and {file} has no such function. It defines: {names}."),
        handler=code(case.handler),
        file=code(path),
        names=codes(names),
    )
    return Explanation(text, fixes=_use_handlers(f"{module}.{name}" for name in names))


def functions_of(path: str, text: str) -> list[str]:
    """What a file defines that could be a handler."""
    return linting.defined_functions(text) if path.endswith(".py") else linting.exported_functions(text)


def _use_handlers(handlers: Any) -> tuple[Fix, ...]:
    return tuple(
        Fix(format_html(_("Use {handler}"), handler=code(handler)), "handler", handler)
        for handler in list(handlers)[:_CHOICES]
    )


def _no_module(case: Case, place: Place | None) -> Explanation | None:
    candidates = [
        f"{path.rsplit('.', 1)[0]}.{name}"
        for path, text in case.files.items()
        if path.endswith((".py", ".js", ".mjs", ".cjs"))
        for name in functions_of(path, text)
    ]
    candidates.sort(key=lambda handler: not handler.endswith("handler"))
    text = format_html(
        _("The handler setting is {handler}, and the package has no such file."), handler=code(case.handler)
    )
    return Explanation(text, place, _use_handlers(candidates))


_NO_MODULE = re.compile(r"No module named '([^']+)'|Cannot find (?:module|package) '([^']+)'")


def _import_error(case: Case, place: Place | None) -> Explanation | None:
    match = _NO_MODULE.search(case.result.error_message)
    if match is None:
        return None
    module = match[1] or match[2]
    if module == case.handler.rpartition(".")[0].replace("/", "."):
        return _no_module(case, place)
    text = format_html(
        _(
            "{module} is neither in the deployment package nor in a layer. Put it into the zip beside your code, or into a layer."
        ),
        module=code(module),
    )
    return Explanation(text, place or _importing(case, module))


def _importing(case: Case, module: str) -> Place | None:
    wanted = re.compile(rf"^\s*(?:import|from)\s+{re.escape(module.split('.')[0])}\b|['\"]{re.escape(module)}['\"]")
    for path, text in case.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if wanted.search(line):
                return Place(path, number)
    return None


def _syntax_error(case: Case, place: Place | None) -> Explanation | None:
    text: SafeString | str = ""
    line = case.line_of(place)
    if place and slides.typography(case.files.get(place.path, "")):
        text = _(
            "There are typographic quotes or spaces in the file, as slides have them. The editor marks them and can replace them all."
        )
    elif re.match(r"\s*print\s+[^(=\s]", line):
        text = _("Python 3 writes print(…) with parentheses.")
    elif "expected ':'" in case.result.error_message and place and (mended := slides.with_colon(line)):
        return Explanation(
            _("A line that begins a block ends with a colon."),
            place,
            edits=(Edit(format_html("{}", _("Add the colon")), place, mended),),
        )
    return Explanation(text, place)


def _timed_out(case: Case, place: Place | None) -> Explanation | None:
    text = format_html(_("The function was stopped after its timeout of {seconds} s."), seconds=case.timeout)
    if went := course(case.log):
        text = format_html("{} {}", text, _where_time_went(went))
    larger = [seconds for seconds in _NEXT_TIMEOUTS if seconds > case.timeout]
    fixes = (
        (Fix(format_html(_("Raise the timeout to {seconds} s"), seconds=larger[0]), "timeout", str(larger[0])),)
        if larger
        else ()
    )
    return Explanation(text, place, fixes)


def _where_time_went(went: Course) -> SafeString:
    seconds = number_format(went.longest_ms / 1000, 1)
    if not went.last:
        return format_html("{}", _("Until then it had written nothing: print what it does to see how far it comes."))
    if not went.after:
        told = format_html(_("Its longest step, {seconds} s, came before its first line."), seconds=seconds)
    elif went.after == went.last:
        told = format_html(_("Its longest step, {seconds} s, came after that."), seconds=seconds)
    else:
        told = format_html(
            _("Its longest step, {seconds} s, came after {line}."), seconds=seconds, line=_line(went.after)
        )
    return format_html("{} {}", format_html(_("The last line it wrote is {line}."), line=_line(went.last)), told)


def _line(text: str) -> SafeString:
    return code(text if len(text) <= _LINE_SHOWN else f"{text[:_LINE_SHOWN]}…")


def _out_of_memory(case: Case, place: Place | None) -> Explanation | None:
    text = format_html(
        _("The function used more than its {memory} MB of memory and was stopped."), memory=case.memory_size
    )
    more = min(case.memory_size * 2, limits.MEMORY_MB_MAX)
    fixes = (Fix(format_html(_("Raise the memory to {memory} MB"), memory=more), "memory_size", str(more)),)
    return Explanation(text, place, fixes if more > case.memory_size else ())


def _exited(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "The process ended before the handler had answered: something in the code calls exit, or crashed it. The log shows what came before."
        ),
        place,
    )


def _marshal_error(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "What the handler returns must be JSON: text, numbers, lists and dictionaries. Turn anything else into text first, with str(…)."
        ),
        place,
    )


def _malformed_handler(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        format_html(
            _("The handler setting is {handler}. It is written as file, dot, function: {example}."),
            handler=code(case.handler),
            example=code("lambda_function.lambda_handler"),
        ),
        place,
    )


def _too_large(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(_("An answer has at most 6 MB. Store what is larger, and answer with where it is."), place)


def _not_found_inside(case: Case, place: Place | None) -> Explanation | None:
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


_DENIED = re.compile(
    r"assumed-role/(?P<role>[\w+=,.@-]+)/\S* is not authorized to perform: (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)"
    r"(?: on resource: (?P<resource>arn:\S+|\*))?",
    re.ASCII,
)


def _denied(case: Case, place: Place | None) -> Explanation | None:
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


def _name_error(case: Case, place: Place | None) -> Explanation | None:
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


def _attribute_error(case: Case, place: Place | None) -> Explanation | None:
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


def _index_error(case: Case, place: Place | None) -> Explanation | None:
    event = case.event
    if isinstance(event, dict) and event.get("Records") == []:
        return Explanation(
            format_html(
                _("{records} is empty in this event. Choose another test event."), records=code('event["Records"]')
            ),
            place,
        )
    return Explanation(_("The list is shorter than the code expects. Print its length."), place)


def _json_error(case: Case, place: Place | None) -> Explanation | None:
    return Explanation(
        _(
            "The text that is read as JSON is not JSON. In a template the body is often plain text: change it in the test event, or print it first."
        ),
        place,
    )


_KINDS: dict[str, Callable[[Case, Place | None], Explanation | None]] = {
    "KeyError": _key_error,
    "Runtime.HandlerNotFound": _handler_not_found,
    "Runtime.UndefinedHandler": _handler_not_found,
    "Runtime.ImportModuleError": _import_error,
    "Runtime.UserCodeSyntaxError": _syntax_error,
    "Runtime.MalformedHandlerName": _malformed_handler,
    "Runtime.MarshalError": _marshal_error,
    "Runtime.OutOfMemory": _out_of_memory,
    "Runtime.ExitError": _exited,
    "Function.ResponseSizeTooLarge": _too_large,
    "Sandbox.Timedout": _timed_out,
    "ResourceNotFoundException": _not_found_inside,
    "AccessDeniedException": _denied,
    "AccessDenied": _denied,
    "NameError": _name_error,
    "ReferenceError": _name_error,
    "AttributeError": _attribute_error,
    "IndexError": _index_error,
    "JSONDecodeError": _json_error,
    "SyntaxError": _syntax_error,
}

# by the exception's own words: (pattern, what to say)
_MESSAGES: tuple[tuple[re.Pattern[str], Callable[[], str]], ...] = (
    (
        re.compile(r"takes \d+ positional arguments? but 2 were given"),
        lambda: _("A handler takes two arguments: def lambda_handler(event, context)."),
    ),
    (
        re.compile(r"is not JSON serializable"),
        lambda: _("This value has no form in JSON. Turn it into text first, with str(…)."),
    ),
    (
        re.compile(r"'NoneType' object is not subscriptable|Cannot read properties of (?:undefined|null)"),
        lambda: _("The value before the brackets is empty here. Print it, and look at what the event really has."),
    ),
    (
        re.compile(r"string indices must be integers"),
        lambda: _("This value is text, not a dictionary. If it is JSON, read it first: json.loads(…)."),
    ),
    (
        re.compile(r"can only concatenate str|unsupported operand type|must be str, not"),
        lambda: _("Text and numbers do not add up. Turn one into the other: str(…) or int(…)."),
    ),
    (
        re.compile(r"Could not connect to the endpoint|urlopen error|ECONNREFUSED|ENOTFOUND|ENETUNREACH|fetch failed"),
        lambda: _("Functions here reach the services of this server only, not the Internet."),
    ),
    (
        re.compile(r"NonExistentQueue|specified queue does not exist"),
        lambda: _("Your account has no queue of that name: create it, or correct the name."),
    ),
    (
        re.compile(r"Unknown service|UnknownServiceError"),
        lambda: _("boto3 knows no service of that name: look at the spelling."),
    ),
    (
        re.compile(r"Read-only file system"),
        lambda: _("Only /tmp can be written to, as on AWS."),
    ),
)


def _by_message(case: Case, place: Place | None) -> Explanation | None:
    if "is not authorized to perform" in case.result.error_message or "AccessDenied" in case.result.error_message:
        return _denied(case, place)
    for pattern, say in _MESSAGES:
        if pattern.search(case.result.error_message):
            return Explanation(say(), place)
    return None
