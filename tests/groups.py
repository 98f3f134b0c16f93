"""Groups of tests: which there are, in which order they begin, and what rests meanwhile.

All tests of a group (``xdist_group``) run in one process, one after the other, and so start what they share once. What
only one group uses rests while others run: it would take their processors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

# The longest first, so that none is left alone at the end, and what computes (a browser, the events of faults) beside what
# waits for others (compose, Terraform). Groups that are not named here follow, then whatever is in no group.
ORDER = (
    "journeys",
    "faults",
    "compose",
    "terraform",
    "pages",
    "sandboxes",
    "containers",
    "up",
    "product",
    "faults-messenger",
    "faults-database",
)


@dataclass
class _Part:
    rest: Callable[[], object]
    wake: Callable[[], object]
    is_resting: bool = False


_parts: dict[str, _Part] = {}


def rests(group: str, *, rest: Callable[[], object], wake: Callable[[], object]) -> None:
    """From now on ``rest`` is called after the last test of a group in a row, and ``wake`` before the next such row."""
    _parts[group] = _Part(rest, wake)


def join(item: pytest.Item) -> None:
    """Put a test that names no group into that of what it uses, if that takes long to start."""
    if _group(item):
        return
    used = set(getattr(item, "fixturenames", ()))
    if "live" in used or "product" in used:
        _add(item, "journeys" if "browser" in used else "product")
    elif item.get_closest_marker("engine"):
        _add(item, "containers")
    elif item.get_closest_marker("sandbox"):
        _add(item, "sandboxes")


def order(item: pytest.Item) -> tuple[int, str]:
    """A sort key: by ``ORDER``, then the other groups one after the other, then all else."""
    group = _group(item)
    return (ORDER.index(group) if group in ORDER else len(ORDER) + (not group)), group


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


def _add(item: pytest.Item, group: str) -> None:
    item.add_marker(pytest.mark.xdist_group(group))
