"""What is different between two versions of a function: settings and files, line by line. Pure."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from functions.models import Version

LINES_MAX = 1_200  # of the part that differs; comparing longer ones line by line could take seconds
FILES_MAX = 100
CONTEXT = 3
# what a version freezes, in words; the rest of its members have no effect here
SETTINGS: dict[str, Any] = {
    "description": _("Description"),
    "runtime": _("Runtime"),
    "handler": _("Handler"),
    "memory_size": _("Memory"),
    "timeout": _("Timeout"),
    "ephemeral_storage": _("Ephemeral storage"),
    "role_arn": _("Execution role"),
    "architectures": _("Architecture"),
    "layers": _("Layers"),
    "dead_letter_arn": _("Dead-letter queue"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting on both sides; an empty text where it is not set."""

    label: Any
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: ``kind`` is ``same``, ``out``, ``in`` or ``gap``; numbers from 1, 0 where it is not."""

    kind: str
    left: int
    right: int
    text: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that is not the same: ``lines`` is empty when it is not text or too long, and only that is said."""

    path: str
    change: str  # "added", "removed", "changed"
    lines: tuple[Line, ...]


def settings(left: Version, right: Version) -> list[Setting]:
    """The settings that differ, environment variables one by one."""
    found = [
        Setting(label, _text(getattr(left, name)), _text(getattr(right, name)))
        for name, label in SETTINGS.items()
        if getattr(left, name) != getattr(right, name)
    ]
    before, after = left.environment or {}, right.environment or {}
    names = sorted(before.keys() | after.keys())
    return found + [
        Setting(name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def files(left: Mapping[str, bytes], right: Mapping[str, bytes]) -> tuple[list[File], int]:
    """The files that differ, by path, and how many more there are than are compared."""
    changed = [path for path in sorted(left.keys() | right.keys()) if left.get(path) != right.get(path)]
    return [_file(path, left.get(path), right.get(path)) for path in changed[:FILES_MAX]], len(changed[FILES_MAX:])


def _file(path: str, before: bytes | None, after: bytes | None) -> File:
    change = "added" if before is None else "removed" if after is None else "changed"
    old, new = _lines(before or b""), _lines(after or b"")
    return File(path, change, () if old is None or new is None else tuple(_compared(old, new)))


def _lines(data: bytes) -> list[str] | None:
    if b"\0" in data or len(data) > 400_000:
        return None
    try:
        return data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    """The differences with a little around them. The equal ends are put aside first: the comparison sees the rest."""
    head = _equal(old, new)
    tail = _equal(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(middle_old), len(middle_new)) > LINES_MAX:
        return
    begin = max(head - CONTEXT, 0)
    if begin:
        yield Line("gap", 0, 0, "")
    for number in range(begin, head):
        yield Line("same", number + 1, number + 1, old[number])
    yield from _between(middle_old, middle_new, head)
    left, right = len(old) - tail, len(new) - tail
    for number in range(min(tail, CONTEXT)):
        yield Line("same", left + number + 1, right + number + 1, old[left + number])
    if tail > CONTEXT:
        yield Line("gap", 0, 0, "")


def _equal(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _between(old: list[str], new: list[str], offset: int) -> Iterator[Line]:
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield from _unchanged(old[i1:i2], i1 + offset, j1 + offset)
            continue
        for number in range(i1, i2):
            yield Line("out", number + offset + 1, 0, old[number])
        for number in range(j1, j2):
            yield Line("in", 0, number + offset + 1, new[number])


def _unchanged(lines: list[str], left: int, right: int) -> Iterator[Line]:
    for number, text in enumerate(lines):
        if len(lines) > 2 * CONTEXT and CONTEXT <= number < len(lines) - CONTEXT:
            if number == CONTEXT:
                yield Line("gap", 0, 0, "")
            continue
        yield Line("same", left + number + 1, right + number + 1, text)
