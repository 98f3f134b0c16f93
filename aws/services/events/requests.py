"""What EventBridge's requests say, in the words of the house."""

from collections.abc import Callable

from django.db.models import Model, QuerySet

from aws.operation import Params
from triggers.models import DEFAULT
from triggers.selectors import page_of

_LARGEST = 100


def bus(request: Params) -> str:
    """The name or ARN of the bus that a request is about."""
    return str(request.get("EventBusName") or DEFAULT)


def tags(request: Params) -> dict[str, str]:
    """The tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def paged[M: Model](
    request: Params, rows: QuerySet[M], *, member: str, shape: Callable[[M], object], key: str = "name"
) -> Params:
    """``{member: […], "NextToken": …}``."""
    size = min(request.get("Limit") or _LARGEST, _LARGEST)
    found, token = page_of(rows, token=request.get("NextToken"), size=size, key=key)
    return {member: [shape(row) for row in found], "NextToken": token}
