"""Saved test events of a function: each a piece of JSON with a name; ten that are shared, and ten of each person."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, User
from core import limits, strict_json
from core.errors import InvalidParameterValue
from functions import selectors
from functions.errors import TestEventNotFound
from functions.models import TestEvent

EVENTS_PER_FUNCTION = 10
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,100}", re.ASCII)


@transaction.atomic
def save_test_event(
    *, account: Account, name: str, event: str, body: str, person: User | None = None, shared: bool = True
) -> TestEvent:
    """Create a test event, or give the one of that name another body.

    A shared event is everybody's in the account, as AWS's shareable events are; another is seen by ``person`` alone,
    and gone when they share it under its name. ``body`` is kept as typed. Raises ``InvalidParameterValue`` for what
    is not JSON (with line and column), for a name of other than 1 to 100 ASCII letters, digits, hyphens and
    underscores, and for an eleventh event; ``FunctionNotFound``.
    """
    function = selectors.lock_function(account=account, name=name)
    _check(event, body)
    owner = None if shared else person
    if function.test_events.filter(owner=owner).exclude(name=event).count() >= EVENTS_PER_FUNCTION:
        raise InvalidParameterValue(
            _("A function has at most {limit} saved test events.").format(limit=EVENTS_PER_FUNCTION)
        )
    row, _created = TestEvent.objects.update_or_create(
        function=function, name=event, owner=owner, defaults={"account": account, "body": body}
    )
    if owner is None and person is not None:
        function.test_events.filter(owner=person, name=event).delete()
    return row


@transaction.atomic
def delete_test_event(
    *, account: Account, name: str, event: str, person: User | None = None, shared: bool = True
) -> None:
    """Delete a saved test event. Raises ``FunctionNotFound``, ``TestEventNotFound``."""
    function = selectors.lock_function(account=account, name=name)
    owner = None if shared else person
    if not (shared or person) or not function.test_events.filter(name=event, owner=owner).delete()[0]:
        raise TestEventNotFound(name=event)


def _check(event: str, body: str) -> None:
    if not _NAME.fullmatch(event):
        raise InvalidParameterValue(_("A test event's name has 1 to 100 letters, digits, hyphens and underscores."))
    if len(body.encode("utf-8", "replace")) > limits.INVOKE_SYNC_PAYLOAD:
        raise InvalidParameterValue(_("A test event has at most 6 MB."))
    try:
        strict_json.loads(body)
    except strict_json.BadJson as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        raise InvalidParameterValue(
            _("The test event is not valid JSON: {reason}{place}").format(reason=error.reason, place=place)
        ) from None
