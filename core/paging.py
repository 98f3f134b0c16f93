"""Pages of a list behind an opaque marker."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Model, QuerySet, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from core.errors import InvalidParameterValue


def encode_marker(*values: Any) -> str:
    """An opaque marker that ``decode_marker`` gives back."""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode()


def decode_marker(marker: str) -> list[Any]:
    """The values inside a marker; ``InvalidParameterValue`` when it was not made here."""
    try:
        values = json.loads(base64.urlsafe_b64decode(marker.encode()))
    except (binascii.Error, ValueError, UnicodeError):
        values = None
    if not isinstance(values, list) or not values:
        raise InvalidParameterValue("The marker is not valid.")
    return values


def page[M: Model](rows: QuerySet[M], *, marker: str | None, size: int, key: str) -> tuple[Sequence[M], str | None]:
    """One page of ``rows`` in the order of the unique field ``key``, and the marker of the next (or None)."""
    rows = rows.order_by(key)
    if marker:
        rows = rows.filter(**{f"{key}__gt": decode_marker(marker)[0]})
    found = list(rows[: size + 1])
    if len(found) <= size:
        return found, None
    return found[:size], encode_marker(_plain(getattr(found[size - 1], key)))


def with_prefix[M: Model](rows: QuerySet[M], field: str, prefix: str) -> QuerySet[M]:
    """The rows whose ``field`` starts with ``prefix``, case and all: SQLite's own LIKE does not look at case."""
    return rows.filter(Exact(Left(field, len(prefix)), Value(prefix))) if prefix else rows


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)
