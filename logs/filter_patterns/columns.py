"""Messages of columns between spaces: ``[ip, user, ..., status = 4* || status = 500, bytes > 1000]``."""

from collections.abc import Callable, Sequence

from logs.errors import InvalidFilterPattern
from logs.filter_patterns.reader import Reader, Test, read_condition
from logs.filter_patterns.values import as_number, comparison

REST = "..."
_CLOSERS = {'"': '"', "[": "]"}
_MAX_COLUMNS = 200


def compile(pattern: str) -> Callable[[str], bool]:
    """The whole pattern, brackets included. Without ``...`` the number of columns must be the same."""
    reader = Reader(pattern)
    reader.expect("[")
    fields = [_read_field(reader)]
    while reader.take(","):
        fields.append(_read_field(reader))
    reader.expect("]")
    if not reader.at_end() or fields.count(None) > 1 or len(fields) > _MAX_COLUMNS:
        raise InvalidFilterPattern
    return _matcher(fields)


def _matcher(fields: Sequence[Test[str] | None]) -> Callable[[str], bool]:
    rest = fields.index(None) if None in fields else len(fields)
    before = [test for test in fields[:rest] if test]
    after = [test for test in fields[rest + 1 :] if test]
    exact = None not in fields

    def matches(message: str) -> bool:
        columns = split(message)
        if len(columns) < len(before) + len(after) or (exact and len(columns) != len(before)):
            return False
        last = columns[len(columns) - len(after) :]
        return all(test(column) for test, column in zip(before, columns, strict=False)) and all(
            test(column) for test, column in zip(after, last, strict=True)
        )

    return matches


def _read_field(reader: Reader) -> Test[str] | None:
    """The test of one column; None for ``...``."""
    if reader.take(REST):
        return None
    start = reader.position
    if not reader.bare() and not reader.text.startswith("(", reader.position):
        raise InvalidFilterPattern
    reader.skip_space()
    if reader.text[reader.position : reader.position + 1] in (",", "]"):
        return lambda column: True
    reader.position = start
    return read_condition(reader, _read_test)


def _read_test(reader: Reader) -> Test[str]:
    if not reader.bare():  # the name says something to people only
        raise InvalidFilterPattern
    operator = reader.comparison()
    text, quoted = reader.value()
    test = comparison(operator, text, quoted=quoted)
    if quoted or as_number(text) is None:
        return test
    return lambda column: _test_number(test, column, operator)


def _test_number(test: Callable[[object], bool], column: str, operator: str) -> bool:
    number = as_number(column)
    return operator == "!=" if number is None else test(number)


def split(message: str) -> list[str]:
    """The columns of a message: between spaces, but what is in quotes or brackets stays together, without them."""
    columns: list[str] = []
    unclosed: set[str] = set()  # looked for once and not there: never looked for again
    position, end = 0, len(message)
    while position < end:
        if message[position].isspace():
            position += 1
            continue
        closer = _CLOSERS.get(message[position])
        if closer and closer not in unclosed:
            closes = message.find(closer, position + 1)
            if closes >= 0:
                columns.append(message[position + 1 : closes])
                position = closes + 1
                continue
            unclosed.add(closer)
        start = position
        while position < end and not message[position].isspace():
            position += 1
        columns.append(message[start:position])
    return columns
