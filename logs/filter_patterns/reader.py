"""Reading conditions joined by ``&&``, ``||`` and parentheses: common to properties and columns."""

from collections.abc import Callable

from logs.errors import InvalidFilterPattern
from logs.filter_patterns.terms import read_quoted
from logs.filter_patterns.values import COMPARISONS

MAX_DEPTH = 32
_BARE_ENDS = set(' \t\r\n"(){},[]=<>!&|%')

type Test[T] = Callable[[T], bool]


class Reader:
    """A place in a pattern; every method reads on from it or raises ``InvalidFilterPattern``."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0

    def skip_space(self) -> None:
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1

    def take(self, *symbols: str) -> str:
        """The first of ``symbols`` that comes next, or an empty text."""
        self.skip_space()
        for symbol in symbols:
            if self.text.startswith(symbol, self.position):
                self.position += len(symbol)
                return symbol
        return ""

    def expect(self, symbol: str) -> None:
        if not self.take(symbol):
            raise InvalidFilterPattern

    def comparison(self) -> str:
        """One of the comparison operators."""
        if operator := self.take(*COMPARISONS):
            return operator
        raise InvalidFilterPattern

    def value(self) -> tuple[str, bool]:
        """A value, and whether it stands in quotes."""
        self.skip_space()
        if self.text.startswith('"', self.position):
            text, self.position = read_quoted(self.text, self.position)
            return text, True
        if text := self.bare():
            return text, False
        raise InvalidFilterPattern

    def bare(self, also_ends: str = "") -> str:
        """Characters up to the next that means something; empty when there are none."""
        self.skip_space()
        start = self.position
        while self.position < len(self.text):
            character = self.text[self.position]
            if character in _BARE_ENDS or character in also_ends:
                break
            self.position += 1
        return self.text[start : self.position]

    def at_end(self) -> bool:
        self.skip_space()
        return self.position >= len(self.text)


def read_condition[T](reader: Reader, read_test: Callable[[Reader], Test[T]], depth: int = 0) -> Test[T]:
    """Tests joined by ``||``, which binds less than ``&&``."""
    if depth > MAX_DEPTH:
        raise InvalidFilterPattern
    choices = [_read_all(reader, read_test, depth)]
    while reader.take("||"):
        choices.append(_read_all(reader, read_test, depth))
    return choices[0] if len(choices) == 1 else lambda subject: any(test(subject) for test in choices)


def _read_all[T](reader: Reader, read_test: Callable[[Reader], Test[T]], depth: int) -> Test[T]:
    tests = [_read_one(reader, read_test, depth)]
    while reader.take("&&"):
        tests.append(_read_one(reader, read_test, depth))
    return tests[0] if len(tests) == 1 else lambda subject: all(test(subject) for test in tests)


def _read_one[T](reader: Reader, read_test: Callable[[Reader], Test[T]], depth: int) -> Test[T]:
    if not reader.take("("):
        return read_test(reader)
    test = read_condition(reader, read_test, depth + 1)
    reader.expect(")")
    return test
