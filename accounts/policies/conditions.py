"""The Condition element: operators over the values of the request's context.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values". Keys are compared without regard to case.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts.policies import patterns
from accounts.policies.context import Context
from accounts.policies.patterns import Token

type Compare = Callable[[str, tuple[Token, ...]], bool]
"""Whether a value of the request fits a value of the policy."""

FOR_ALL, FOR_ANY, IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"
NULL = "Null"


@dataclass(frozen=True, slots=True)
class Operator:
    """``negated`` operators hold when no value of the policy fits, and when the key is absent."""

    compare: Compare
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator."""

    operator: Operator | None  # None: Null
    key: str
    values: tuple[tuple[Token, ...], ...]
    qualifier: str = ""  # FOR_ALL, FOR_ANY or empty
    if_exists: bool = False

    def holds(self, context: Context) -> bool:
        present = context.get(self.key, ())
        if self.operator is None:
            return bool(present) != any(patterns.plain(value).lower() == "true" for value in self.values)
        wanted = [value for value in (self._filled(value, context) for value in self.values) if value is not None]
        if not present:
            return self.if_exists or self.qualifier == FOR_ALL or (self.operator.negated and self.qualifier != FOR_ANY)
        found = [self._fits(value, wanted) for value in present]
        if self.qualifier == FOR_ALL or (not self.qualifier and self.operator.negated):
            return all(found)
        return any(found)

    @staticmethod
    def _filled(value: tuple[Token, ...], context: Context) -> tuple[Token, ...] | None:
        return patterns.filled(value, context) if patterns.has_variables(value) else value

    def _fits(self, value: str, wanted: Sequence[tuple[Token, ...]]) -> bool:
        assert self.operator is not None
        return any(self.operator.compare(value, one) for one in wanted) != self.operator.negated


def parse(document: Mapping[str, Any], *, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a statement. Raises ``ValueError`` for an operator or a value that there is not."""
    return tuple(
        _condition(name, key, values, variables) for name, tests in document.items() for key, values in tests.items()
    )


def _condition(name: str, key: str, values: Any, variables: bool) -> Condition:
    texts = tuple(_text(value) for value in (values if isinstance(values, list) else [values]))
    qualifier = next((prefix for prefix in (FOR_ALL, FOR_ANY) if name.startswith(prefix)), "")
    base = name.removeprefix(qualifier)
    if base == NULL:
        operator, if_exists = None, False
    else:
        if_exists = base.endswith(IF_EXISTS)
        operator = OPERATORS.get(base.removesuffix(IF_EXISTS))
        if operator is None:
            raise ValueError(f"Invalid Condition type : {name[:64]}.")
    tokens = tuple(patterns.tokens_of(text, variables=variables) for text in texts)
    return Condition(operator, key.lower(), tokens, qualifier, if_exists)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            raise ValueError("Syntax errors in policy.")


# -- comparisons -----------------------------------------------------------------------------------


def _equals(value: str, wanted: tuple[Token, ...]) -> bool:
    return value == patterns.plain(wanted)


def _equals_ignoring_case(value: str, wanted: tuple[Token, ...]) -> bool:
    return value.casefold() == patterns.plain(wanted).casefold()


def _like(value: str, wanted: tuple[Token, ...]) -> bool:
    return patterns.matcher(wanted)(value)


def _arn_like(value: str, wanted: tuple[Token, ...]) -> bool:
    """The six parts of an ARN one by one, so that a star does not reach beyond its part."""
    given, parts = value.split(":", 5), _arn_parts(wanted)
    if len(parts) == 1 and parts[0] == (patterns.Wild.MANY,):
        return True
    return len(given) == len(parts) and all(
        patterns.matcher(part)(text) for text, part in zip(given, parts, strict=True)
    )


def _arn_parts(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        pieces = token.split(":", 6 - len(parts))
        parts[-1].append(pieces[0])
        parts += [[piece] for piece in pieces[1:]]
    return [tuple(token for token in part if token != "") for part in parts]


def _is_same_truth(value: str, wanted: tuple[Token, ...]) -> bool:
    return value.lower() == patterns.plain(wanted).lower()


def _is_within(value: str, wanted: tuple[Token, ...]) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(patterns.plain(wanted), strict=False)
    except (ValueError, TypeError):
        return False


def _ordered[T](read: Callable[[str], T], holds: Callable[[Any, Any], bool]) -> Compare:
    def compare(value: str, wanted: tuple[Token, ...]) -> bool:
        try:
            return holds(read(value), read(patterns.plain(wanted)))
        except (ValueError, OverflowError, OSError):
            return False

    return compare


def _moment(text: str) -> datetime:
    """ISO 8601 or seconds since 1970."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text[:15]), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_ORDER: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "Equals": (lambda left, right: left == right, False),
    "NotEquals": (lambda left, right: left == right, True),
    "LessThan": (lambda left, right: left < right, False),
    "LessThanEquals": (lambda left, right: left <= right, False),
    "GreaterThan": (lambda left, right: left > right, False),
    "GreaterThanEquals": (lambda left, right: left >= right, False),
}

OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_equals),
    "StringNotEquals": Operator(_equals, negated=True),
    "StringEqualsIgnoreCase": Operator(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equals_ignoring_case, negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    "ArnEquals": Operator(_arn_like),
    "ArnLike": Operator(_arn_like),
    "ArnNotEquals": Operator(_arn_like, negated=True),
    "ArnNotLike": Operator(_arn_like, negated=True),
    "Bool": Operator(_is_same_truth),
    "BinaryEquals": Operator(_equals),
    "IpAddress": Operator(_is_within),
    "NotIpAddress": Operator(_is_within, negated=True),
    **{f"Numeric{name}": Operator(_ordered(float, holds), negated) for name, (holds, negated) in _ORDER.items()},
    **{f"Date{name}": Operator(_ordered(_moment, holds), negated) for name, (holds, negated) in _ORDER.items()},
}
"""Every operator but ``Null``. ``ArnEquals`` and ``ArnLike`` are the same, as AWS says."""
