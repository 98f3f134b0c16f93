"""What is known about a request: condition keys and their values."""

from collections.abc import Iterable, Mapping

type Context = Mapping[str, tuple[str, ...]]
"""Values by condition key in lower case; a key that is not known is absent, and never empty text."""


def context_of(values: Mapping[str, str | Iterable[str] | None]) -> dict[str, tuple[str, ...]]:
    """A context from plain values. ``None`` and empty text are left out; a list is a key with many values."""
    made: dict[str, tuple[str, ...]] = {}
    for key, value in values.items():
        if value is None or value == "":
            continue
        made[key.lower()] = (value,) if isinstance(value, str) else tuple(value)
    return made
