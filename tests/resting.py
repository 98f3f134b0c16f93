"""What only one group of tests uses (``xdist_group``) rests while others run: it would take their processors."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass
class _Part:
    rest: Callable[[], object]
    wake: Callable[[], object]
    is_resting: bool = False


_parts: dict[str, _Part] = {}


def rests(group: str, *, rest: Callable[[], object], wake: Callable[[], object]) -> None:
    """From now on ``rest`` is called after the last test of a group in a row, and ``wake`` before the next such row."""
    _parts[group] = _Part(rest, wake)


def order(item: pytest.Item) -> tuple[bool, str]:
    """A sort key: groups one after the other, and first, since they take long."""
    group = _group(item)
    return not group, group


def before(item: pytest.Item) -> None:
    part = _parts.get(_group(item))
    if part and part.is_resting:
        part.wake()
        part.is_resting = False


def after(item: pytest.Item, next_item: pytest.Item | None) -> None:
    part = _parts.get(_group(item))
    if part and not part.is_resting and next_item and _group(next_item) != _group(item):
        part.rest()
        part.is_resting = True


def _group(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else ""
