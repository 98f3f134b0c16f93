"""Pages as Lambda cuts them: never more than 50, whatever MaxItems says."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet

from aws.operation import Params
from core.paging import decode_marker, encode_marker, page

_LARGEST = 50


def paged[M: Model](
    request: Params, rows: QuerySet[M], *, key: str, member: str, shape: Callable[[M], Params]
) -> Params:
    """``{member: […], "NextMarker": …}``, in the order of the unique field ``key``."""
    size = min(request.get("MaxItems", _LARGEST), _LARGEST)
    found, marker = page(rows, marker=request.get("Marker"), size=size, key=key)
    return {member: [shape(row) for row in found], "NextMarker": marker}


def paged_down[M: Model](
    request: Params, rows: QuerySet[M], *, key: str, member: str, shape: Callable[[M], Params]
) -> Params:
    """The same from the highest number down."""
    size = min(request.get("MaxItems", _LARGEST), _LARGEST)
    if marker := request.get("Marker"):
        rows = rows.filter(**{f"{key}__lt": _number(marker)})
    found = list(rows.order_by(f"-{key}")[: size + 1])
    more = len(found) > size
    found = found[:size]
    return {
        member: [shape(row) for row in found],
        "NextMarker": encode_marker(getattr(found[-1], key)) if more else None,
    }


def _number(marker: str) -> Any:
    value = decode_marker(marker)[0]
    return value if isinstance(value, int) else 0
