"""Properties of JSON messages: ``{ $.user.id = 7 || $.errors[0].code IS NULL }``."""

from collections.abc import Callable
from typing import Any

from core import strict_json
from logs.errors import InvalidFilterPattern
from logs.filter_patterns.reader import Reader, Test, read_condition
from logs.filter_patterns.terms import read_quoted
from logs.filter_patterns.values import comparison

_MISSING = object()
_INDEX_DIGITS = 6

type Path = tuple[str | int, ...]

_STATES: dict[str, Callable[[Any], bool]] = {
    "NULL": lambda value: value is None,
    "TRUE": lambda value: value is True,
    "FALSE": lambda value: value is False,
}


def compile(pattern: str) -> Callable[[str], bool]:
    """The whole pattern, braces included."""
    reader = Reader(pattern)
    reader.expect("{")
    condition: Test[Any] = read_condition(reader, _read_test)
    reader.expect("}")
    if not reader.at_end():
        raise InvalidFilterPattern

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = strict_json.loads(message)
        except strict_json.BadJson:
            return False
        return condition(document)

    return matches


def _read_test(reader: Reader) -> Test[Any]:
    path = _read_path(reader)
    word_starts = reader.position
    word = reader.bare().upper()
    if word == "IS":
        return _of(path, _read_state(reader))
    if word == "EXISTS":
        return lambda document: _find(document, path) is not _MISSING
    if word == "NOT" and reader.bare().upper() == "EXISTS":
        return lambda document: _find(document, path) is _MISSING
    reader.position = word_starts
    operator = reader.comparison()
    text, quoted = reader.value()
    return _of(path, comparison(operator, text, quoted=quoted))


def _read_state(reader: Reader) -> Callable[[Any], bool]:
    try:
        return _STATES[reader.bare().upper()]
    except KeyError:
        raise InvalidFilterPattern from None


def _of(path: Path, test: Callable[[Any], bool]) -> Test[Any]:
    def of_document(document: Any) -> bool:
        value = _find(document, path)
        return value is not _MISSING and test(value)

    return of_document


def _read_path(reader: Reader) -> Path:
    """``$.name[0].more`` or ``$['a name']``."""
    reader.expect("$")
    path: list[str | int] = []
    while True:
        following = reader.text[reader.position : reader.position + 1]
        if following == ".":
            reader.position += 1
            path.append(_read_name(reader))
        elif following == "[":
            reader.position += 1
            path.append(_read_subscript(reader))
        else:
            break
    if not path:
        raise InvalidFilterPattern
    return tuple(path)


def _read_name(reader: Reader) -> str:
    if reader.text[reader.position : reader.position + 1].isspace():
        raise InvalidFilterPattern
    if name := reader.bare(also_ends="."):
        return name
    raise InvalidFilterPattern


def _read_subscript(reader: Reader) -> str | int:
    """What stands in brackets: an index, or a name in quotes."""
    step: str | int
    match reader.text[reader.position : reader.position + 1]:
        case '"':
            step, reader.position = read_quoted(reader.text, reader.position)
        case "'":
            closes = reader.text.find("'", reader.position + 1)
            if closes < 0:
                raise InvalidFilterPattern
            step, reader.position = reader.text[reader.position + 1 : closes], closes + 1
        case _:
            step = _index(reader.bare())
    reader.expect("]")
    return step


def _index(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= _INDEX_DIGITS:
        return int(text)
    raise InvalidFilterPattern


def _find(document: Any, path: Path) -> Any:
    value = document
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else _MISSING
        else:
            return _MISSING
    return value
