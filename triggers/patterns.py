"""Event patterns, and the filter criteria of mappings: compiled once, matched in linear time, without regular expressions.

A field of a pattern is an object, which looks inside, or a list, of which one entry must fit the event's value; where
the event has a list, one of its entries must. Source: EventBridge user guide, "Comparison operators for use in event
patterns".
"""

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from core import strict_json
from core.strict_json import BadJson

type Test = Callable[[Any], bool]
"""Whether a single value of the event, no list and no object, fits."""
type Match = Callable[[Any], bool]
"""Whether an object of the event fits."""

MAX_LENGTH = 4096
_ABSENT = object()
_NUMERIC_BOUND = 5_000_000_000  # EventBridge compares numbers between these, with fifteen digits
_LONGEST_NUMERIC = 4


class InvalidPattern(ValueError):
    """Not a pattern; the text says why, in AWS's words."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, match: Match) -> None:
        self._match = match

    def matches(self, event: Any) -> bool:
        """Whether an event (plain JSON data) fits."""
        return self._match(event)


@lru_cache(maxsize=4096)
def compile(text: str) -> Pattern:
    """Read a pattern from its JSON text. Raises ``InvalidPattern``."""
    if len(text) > MAX_LENGTH:
        raise InvalidPattern(f"Event pattern exceeds {MAX_LENGTH} characters")
    try:
        document = strict_json.loads(text)
    except BadJson as error:
        where = f" at line: {error.line}, column: {error.column}" if error.line is not None else ""
        raise InvalidPattern(f"{error.reason}{where}") from None
    if not isinstance(document, dict):
        raise InvalidPattern("Filter is not an object")
    if not document:
        raise InvalidPattern("Empty objects are not allowed")
    return Pattern(_object(document))


# -- structure -------------------------------------------------------------------------------------


def _object(document: Mapping[str, Any]) -> Match:
    matches = [_or(value) if name == "$or" else _field(name, value) for name, value in document.items()]

    def match(event: Any) -> bool:
        return isinstance(event, Mapping) and all(one(event) for one in matches)

    return match


def _or(value: Any) -> Match:
    if not isinstance(value, list) or len(value) < 2:
        raise InvalidPattern("There must have at least 2 Objects in $or relationship.")
    if not all(isinstance(one, dict) and one for one in value):
        raise InvalidPattern("Only non-empty objects are allowed in $or relationship.")
    alternatives = [_object(one) for one in value]
    return lambda event: any(one(event) for one in alternatives)


def _field(name: str, value: Any) -> Match:
    if isinstance(value, dict):
        return _inside(name, value)
    if not isinstance(value, list):
        raise InvalidPattern(f'"{name}" must be an object or an array')
    if not value:
        raise InvalidPattern("Empty arrays are not allowed")
    exists = [entry["exists"] for entry in value if isinstance(entry, dict) and set(entry) == {"exists"}]
    if not all(isinstance(wanted, bool) for wanted in exists):
        raise InvalidPattern("exists match pattern must be either true or false.")
    rest = [entry for entry in value if not (isinstance(entry, dict) and set(entry) == {"exists"})]
    literals, tests = _literals(rest), [_test(entry) for entry in rest if isinstance(entry, dict | list)]

    def match(event: Mapping[str, Any]) -> bool:
        leaves = list(_leaves(event.get(name, _ABSENT)))
        if bool(leaves) in exists:
            return True
        return any(_key(leaf) in literals or any(test(leaf) for test in tests) for leaf in leaves)

    return match


def _inside(name: str, value: Mapping[str, Any]) -> Match:
    if not value:
        raise InvalidPattern("Empty objects are not allowed")
    inner = _object(value)
    absent_fits = inner({})  # where everything inside must not exist

    def match(event: Mapping[str, Any]) -> bool:
        found = event.get(name, _ABSENT)
        if isinstance(found, list):
            return any(inner(one) for one in found)
        return inner(found) if isinstance(found, Mapping) else absent_fits

    return match


def _leaves(value: Any) -> Iterator[Any]:
    """The single values of a field; lists in lists count as one list."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif here is not _ABSENT and not isinstance(here, Mapping):
            yield here


def _literals(entries: list[Any]) -> frozenset[tuple[str, Any]]:
    return frozenset(_key(entry) for entry in entries if not isinstance(entry, dict | list))


def _key(value: Any) -> tuple[str, Any]:
    """True is not 1, and 1.0 is."""
    kind = "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else type(value).__name__
    return kind, value


# -- operators -------------------------------------------------------------------------------------


def _test(entry: Any) -> Test:
    if not isinstance(entry, dict):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    if len(entry) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    name, argument = next(iter(entry.items()))
    if name not in _OPERATORS:
        raise InvalidPattern(f"Unrecognized match type {name[:64]}")
    return _OPERATORS[name](argument)


def _text(argument: Any, operator: str) -> str:
    if not isinstance(argument, str):
        raise InvalidPattern(f"{operator} match pattern must be a string")
    return argument


def _prefix(argument: Any) -> Test:
    folded, text = _maybe_folded(argument, "prefix")
    if folded:
        return lambda value: isinstance(value, str) and value[: len(text)].lower() == text
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(argument: Any) -> Test:
    folded, text = _maybe_folded(argument, "suffix")
    if folded:
        return lambda value: isinstance(value, str) and value[max(0, len(value) - len(text)) :].lower() == text
    return lambda value: isinstance(value, str) and value.endswith(text)


def _maybe_folded(argument: Any, operator: str) -> tuple[bool, str]:
    """``"text"``, or ``{"equals-ignore-case": "text"}``."""
    if isinstance(argument, dict):
        if set(argument) != {"equals-ignore-case"}:
            raise InvalidPattern(f"Unsupported {operator} match pattern")
        return True, _text(argument["equals-ignore-case"], operator).lower()
    return False, _text(argument, operator)


def _equals_ignore_case(argument: Any) -> Test:
    text = _text(argument, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == text


def _wildcard(argument: Any) -> Test:
    parts = _wildcard_parts(_text(argument, "wildcard"))
    first, middle, last = parts[0], parts[1:-1], parts[-1]
    least = sum(map(len, parts))

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if len(parts) == 1:
            return value == first
        if len(value) < least or not value.startswith(first) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            if (found := value.find(part, at, end)) < 0:
                return False
            at = found + len(part)
        return at <= end

    return test


def _wildcard_parts(text: str) -> list[str]:
    """What stands between the asterisks; a backslash makes an asterisk, or itself, plain."""
    parts: list[str] = []
    here, escaped = "", False
    for position, character in enumerate(text):
        if escaped:
            if character not in "*\\":
                raise InvalidPattern(f"Invalid escape character at pos {position - 1}")
            here, escaped = here + character, False
        elif character == "\\":
            escaped = True
        elif character == "*":
            if parts and not here:
                raise InvalidPattern(f"Consecutive wildcard characters at pos {position - 1}")
            parts.append(here)
            here = ""
        else:
            here += character
    if escaped:
        raise InvalidPattern(f"Invalid escape character at pos {len(text) - 1}")
    return [*parts, here]


def _anything_but(argument: Any) -> Test:
    if isinstance(argument, dict):
        return _anything_but_like(argument)
    entries = argument if isinstance(argument, list) else [argument]
    kinds = {_key(entry)[0] for entry in entries}
    if not entries:
        raise InvalidPattern("Empty arrays are not allowed")
    if kinds - {"str", "number"} or len(kinds) > 1:
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    literals = _literals(entries)
    return lambda value: _key(value) not in literals


def _anything_but_like(argument: Mapping[str, Any]) -> Test:
    if len(argument) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    name, inner = next(iter(argument.items()))
    if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        raise InvalidPattern(f"Unsupported anything-but pattern: {name[:64]}")
    entries = inner if isinstance(inner, list) else [inner]
    if not entries:
        raise InvalidPattern("Empty arrays are not allowed")
    if name in ("prefix", "suffix") and "" in entries:
        raise InvalidPattern("Null prefix/suffix not allowed")
    tests = [_OPERATORS[name](entry) for entry in entries]
    return lambda value: not any(test(value) for test in tests)


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def _numeric(argument: Any) -> Test:
    if not isinstance(argument, list) or not argument:
        raise InvalidPattern("Value of numeric must be an array.")
    if len(argument) not in (2, _LONGEST_NUMERIC):
        raise InvalidPattern(
            "Too many elements in numeric expression" if len(argument) > 2 else "Value of < must be numeric"
        )
    bounds = [_bound(argument[at], argument[at + 1]) for at in range(0, len(argument), 2)]
    if len(bounds) == 2 and (argument[0][0] != ">" or argument[2][0] != "<"):
        raise InvalidPattern(f"Bad numeric range operator: {argument[2]}")
    if len(bounds) == 2 and argument[1] >= argument[3]:
        raise InvalidPattern("Bottom must be less than top")

    def test(value: Any) -> bool:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and all(compare(value, bound) for compare, bound in bounds)
        )

    return test


def _bound(operator: Any, bound: Any) -> tuple[Callable[[float, float], bool], float]:
    if not isinstance(operator, str) or operator not in _COMPARISONS:
        raise InvalidPattern(f"Unrecognized numeric range operator: {str(operator)[:64]}")
    if not isinstance(bound, int | float) or isinstance(bound, bool):
        raise InvalidPattern(f"Value of {operator} must be numeric")
    if abs(bound) > _NUMERIC_BOUND:
        raise InvalidPattern(f"Value must be between -{_NUMERIC_BOUND} and {_NUMERIC_BOUND}, inclusive")
    return _COMPARISONS[operator], bound


def _cidr(argument: Any) -> Test:
    try:
        network = ipaddress.ip_network(_text(argument, "cidr"), strict=False)
    except ValueError:
        raise InvalidPattern("Malformed CIDR, one '/' required") from None

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and len(value) < 64 and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _exists(argument: Any) -> Test:
    raise InvalidPattern("exists match pattern must be either true or false.")


_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}


def is_text_pattern(text: str) -> bool:
    """Whether a filter speaks of a message's body as text rather than as the JSON in it."""
    document = json.loads(text)
    return isinstance(document, dict) and isinstance(document.get("body"), list)
