"""Tags of functions."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import Account
from functions import selectors, tagging
from functions.models import Function


@transaction.atomic
def tag_resource(*, account: Account, name: str, tags: Mapping[str, str]) -> Function:
    """Add tags, or give those that are there a new value. Raises ``FunctionNotFound`` and what ``tagging.check`` does."""
    function = selectors.lock_function(account=account, name=name)
    merged = {**function.tags, **tags}
    tagging.check(merged)
    return _save(function, merged)


@transaction.atomic
def untag_resource(*, account: Account, name: str, keys: Iterable[str]) -> Function:
    """Remove tags; keys that are not there are fine. Raises ``FunctionNotFound``."""
    function = selectors.lock_function(account=account, name=name)
    gone = set(keys)
    return _save(function, {key: value for key, value in function.tags.items() if key not in gone})


def _save(function: Function, tags: dict[str, str]) -> Function:
    function.tags = tags
    function.save(update_fields=["tags"])
    return function
