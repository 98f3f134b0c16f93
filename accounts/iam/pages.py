"""Pages of IAM's lists."""

from collections.abc import Sequence

from django.db.models import Model, QuerySet

from accounts.errors import IamValidationError
from core import paging
from core.errors import InvalidParameterValue


def page[M: Model](rows: QuerySet[M], *, marker: str | None, size: int, key: str) -> tuple[Sequence[M], str | None]:
    """One page in the order of the unique field ``key``, and the marker of the next. Raises ``IamValidationError``."""
    try:
        return paging.page(rows, marker=marker, size=size, key=key)
    except (InvalidParameterValue, ValueError, TypeError):
        raise IamValidationError("Invalid Marker.") from None


def slice_page[T](items: Sequence[T], *, marker: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """One page of a short list that is wholly in memory, and the marker of the next. Raises ``IamValidationError``."""
    start = 0
    if marker:
        try:
            start = paging.decode_marker(marker)[0]
        except InvalidParameterValue:
            start = -1
        if type(start) is not int or start < 0:
            raise IamValidationError("Invalid Marker.")
    end = start + size
    return items[start:end], paging.encode_marker(end) if end < len(items) else None
