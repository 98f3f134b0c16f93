"""Words and phrases in unstructured messages."""

from collections.abc import Callable, Iterator

from logs.errors import InvalidFilterPattern

_KINDS = "?-"


def compile(pattern: str) -> Callable[[str], bool]:
    """All plain terms must occur and none after a minus; terms after a question mark: one of them, if they are alone.

    Beside plain or excluded terms AWS ignores the optional ones, and so do we.
    """
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    for kind, term in _terms(pattern):
        found[kind].append(term)
    needed, optional, excluded = found[""], found["?"], found["-"]

    def matches(message: str) -> bool:
        if needed or excluded:
            return all(term in message for term in needed) and not any(term in message for term in excluded)
        return any(term in message for term in optional)

    return matches


def _terms(pattern: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(pattern)
    while position < end:
        if pattern[position].isspace():
            position += 1
            continue
        kind = pattern[position] if pattern[position] in _KINDS else ""
        position += len(kind)
        term, position = (
            read_quoted(pattern, position) if pattern[position : position + 1] == '"' else _word(pattern, position)
        )
        if not term:
            raise InvalidFilterPattern
        yield kind, term


def _word(pattern: str, start: int) -> tuple[str, int]:
    end = start
    while end < len(pattern) and not pattern[end].isspace():
        if pattern[end] in '"%':
            raise InvalidFilterPattern
        end += 1
    return pattern[start:end], end


def read_quoted(text: str, start: int) -> tuple[str, int]:
    r"""The text between the quotes at ``start``, with ``\"`` and ``\\`` undone, and where it ends."""
    characters: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(characters), position + 1
        if character == "\\" and text[position + 1 : position + 2] in ('"', "\\"):
            position += 1
            character = text[position]
        characters.append(character)
        position += 1
    raise InvalidFilterPattern
