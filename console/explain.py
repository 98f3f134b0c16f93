"""A failed invocation in a student's words: what happened, where, and the step that mends it.

Each kind of error is a function of ``console.mistakes``, by its type in ``_KINDS``; it gives None when the case is not the
one it knows.
"""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from console.case import Case, Explanation, Place, find_place
from console.mistakes import loading, running, stopping


def explain(case: Case) -> Explanation | None:
    """What to tell about a failed invocation; None when there is nothing to add to the error itself."""
    place = find_place(case)
    kind = _KINDS.get(case.result.error_type)
    found = (kind(case, place) if kind else None) or _by_message(case, place)
    if found and (found.text or found.place or found.fixes or found.edits):
        return found
    return Explanation(place=place) if place else None


_KINDS: dict[str, Callable[[Case, Place | None], Explanation | None]] = {
    "KeyError": running.key_error,
    "Runtime.HandlerNotFound": loading.handler_not_found,
    "Runtime.UndefinedHandler": loading.handler_not_found,
    "Runtime.ImportModuleError": loading.import_error,
    "Runtime.UserCodeSyntaxError": loading.syntax_error,
    "Runtime.MalformedHandlerName": loading.malformed_handler,
    "Runtime.MarshalError": running.marshal_error,
    "Runtime.OutOfMemory": stopping.out_of_memory,
    "Runtime.ExitError": stopping.exited,
    "Function.ResponseSizeTooLarge": stopping.too_large,
    "Sandbox.Timedout": stopping.timed_out,
    "ResourceNotFoundException": running.not_found_inside,
    "AccessDeniedException": running.denied,
    "AccessDenied": running.denied,
    "NameError": running.name_error,
    "ReferenceError": running.name_error,
    "AttributeError": running.attribute_error,
    "IndexError": running.index_error,
    "JSONDecodeError": running.json_error,
    "SyntaxError": loading.syntax_error,
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
        return running.denied(case, place)
    for pattern, say in _MESSAGES:
        if pattern.search(case.result.error_message):
            return Explanation(say(), place)
    return None
