"""Lists in pages, whose tokens SNS refuses in words of its own."""

from collections.abc import Sequence

from django.db.models import Model, QuerySet

from aws.operation import Params
from core import paging
from core.errors import InvalidParameterValue
from topics.errors import InvalidParameter

PAGE = 100


def page[M: Model](rows: "QuerySet[M]", request: Params, *, key: str) -> tuple[Sequence[M], str | None]:
    """The page that ``NextToken`` asks for and the next token, if there is more. Raises ``InvalidParameter``."""
    try:
        return paging.page(rows, marker=request.get("NextToken"), size=PAGE, key=key)
    except InvalidParameterValue:
        raise InvalidParameter(what="NextToken") from None
