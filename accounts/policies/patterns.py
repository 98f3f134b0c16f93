"""Patterns with ``*`` and ``?``, matched in linear time whatever they are.

A pattern becomes a set of states held in the bits of one integer, and each character of the text moves all of them
at once. No part of a policy ever becomes a regular expression.
Source: IAM user guide, "IAM policy elements: Variables and tags" for ``${…}``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from accounts.policies.context import Context

type Matcher = Callable[[str], bool]


class Wild(Enum):
    """A token that is no character."""

    ONE = "?"
    MANY = "*"


@dataclass(frozen=True, slots=True)
class Variable:
    """``${key}`` or ``${key, 'default'}``; ``default`` is None when there is none."""

    key: str
    default: str | None


type Token = str | Wild | Variable  # a str is one character or more, taken literally

_ESCAPED = ("*", "?", "$")  # ${*} is a star that stands for itself
_LITERAL_DOLLAR = "${"


def tokens_of(text: str, *, variables: bool) -> tuple[Token, ...]:
    """The tokens of a pattern; ``variables`` as policies of version 2012-10-17 have them."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        end = text.find("}", at) if variables and text.startswith(_LITERAL_DOLLAR, at) else -1
        if end > 0:
            tokens.append(_variable(text[at + 2 : end]))
            at = end + 1
        elif text[at] in "*?":
            tokens.append(Wild(text[at]))
            at += 1
        else:
            stop = _literal_end(text, at + 1, variables)
            tokens.append(text[at:stop])
            at = stop
    return tuple(tokens)


def _literal_end(text: str, at: int, variables: bool) -> int:
    while at < len(text) and text[at] not in "*?" and not (variables and text[at] == "$"):
        at += 1
    return at


def _variable(inside: str) -> Token:
    if inside in _ESCAPED:
        return inside
    key, comma, default = inside.partition(",")
    default = default.strip()
    is_quoted = comma and len(default) >= 2 and default[0] == default[-1] == "'"
    return Variable(key.strip().lower(), default[1:-1] if is_quoted else None)


def has_variables(tokens: Sequence[Token]) -> bool:
    return any(isinstance(token, Variable) for token in tokens)


def filled(tokens: Sequence[Token], context: Context) -> tuple[Token, ...] | None:
    """The tokens with the variables' values, taken literally; None when one is unknown or has many values."""
    made: list[Token] = []
    for token in tokens:
        if not isinstance(token, Variable):
            made.append(token)
            continue
        values = context.get(token.key, ())
        value = values[0] if len(values) == 1 else token.default if not values else None
        if value is None:
            return None
        made.append(value)
    return tuple(made)


def plain(tokens: Sequence[Token]) -> str:
    """The tokens as text, wild ones as they are written; for comparisons in which they mean nothing."""
    return "".join(token if isinstance(token, str) else str(getattr(token, "value", "")) for token in tokens)


@lru_cache(maxsize=1024)
def matcher(tokens: tuple[Token, ...]) -> Matcher:
    """What says whether a text matches ``tokens``, which have no variables."""
    if tokens and tokens[-1] is Wild.MANY and all(isinstance(token, str) for token in tokens[:-1]):
        prefix = plain(tokens[:-1])
        return lambda text: text.startswith(prefix)
    if all(isinstance(token, str) for token in tokens):
        whole = plain(tokens)
        return lambda text: text == whole
    return _Automaton(tokens).matches


class _Automaton:
    """Bit ``i`` of the state: the text so far matches the first ``i`` characters of the pattern."""

    __slots__ = ("_any", "_end", "_loops", "_moves")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._moves: dict[str, int] = {}  # the states that a character moves on from
        self._any = self._loops = at = 0  # … that any character moves on from; that a star keeps alive
        literals: list[tuple[int, str]] = []
        for token in tokens:
            if token is Wild.MANY:
                self._loops |= 1 << at
            elif token is Wild.ONE:
                self._any |= 1 << at
                at += 1
            elif isinstance(token, str):
                literals += enumerate(token, start=at)
                at += len(token)
        self._end = 1 << at
        for position, character in literals:
            self._moves[character] = self._moves.get(character, 0) | 1 << position

    def matches(self, text: str) -> bool:
        state, moves, wild, loops = 1, self._moves, self._any, self._loops
        for character in text:
            state = (state & (moves.get(character, 0) | wild)) << 1 | state & loops
            if not state:
                return False
        return bool(state & self._end)


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` matches a pattern without variables."""
    return matcher(tokens_of(pattern, variables=False))(text)
