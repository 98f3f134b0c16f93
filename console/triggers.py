"""What invokes a function, for its overview and for the list of functions.

Each kind of trigger registers itself once, in its app's ``ready`` or beside its pages; nobody here knows the kinds.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Account
from functions.models import Function


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that invokes a function.

    ``name`` is the resource (user text), ``detail`` a few words beside it, ``url`` where it is configured, ``source``
    its ARN: a permission for the same source is then not shown again. ``is_on`` False: it is there and switched off.
    """

    name: str
    url: str
    detail: Any = ""
    source: str = ""
    is_on: bool = True


type ListFor = Callable[[Account, Sequence[Function]], Mapping[uuid.UUID, Sequence[Trigger]]]
"""The triggers of each function by its key, for many at once: as many queries for a hundred functions as for one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trigger: its word, its glyph and the hue of that (a class of base.css)."""

    label: Any
    icon: str
    hue: str
    list_for: ListFor


@dataclass(frozen=True, slots=True)
class Shown:
    """A trigger with its kind."""

    kind: Kind
    trigger: Trigger


PERMISSION = "permission"
_kinds: dict[str, Kind] = {}


def register(kind: str, *, label: Any, icon: str, hue: str, list_for: ListFor) -> None:
    """Make a kind of trigger known; the same name again replaces it."""
    _kinds[kind] = Kind(label, icon, hue, list_for)


def forget(kind: str) -> None:
    """Take a kind away again, for tests."""
    _kinds.pop(kind, None)


@dataclass(slots=True)
class _Found:
    shown: list[Shown] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)


def of_functions(*, account: Account, functions: Sequence[Function]) -> dict[uuid.UUID, list[Shown]]:
    """Every function's triggers; permissions come last, and only for sources that no other trigger stands for."""
    found: dict[uuid.UUID, _Found] = defaultdict(_Found)
    for name in sorted(_kinds, key=lambda name: name == PERMISSION):
        kind = _kinds[name]
        for key, triggers in kind.list_for(account, functions).items():
            one = found[key]
            fresh = [trigger for trigger in triggers if not trigger.source or trigger.source not in one.sources]
            one.shown += [Shown(kind, trigger) for trigger in fresh]
            one.sources |= {trigger.source for trigger in fresh if trigger.source}
    return {key: one.shown for key, one in found.items()}
