"""Saved test events of a function: ten at most, each a piece of JSON with a name."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from core import limits, strict_json
from core.errors import InvalidParameterValue
from functions import selectors
from functions.errors import TestEventNotFound
from functions.models import TestEvent

EVENTS_PER_FUNCTION = 10
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,100}", re.ASCII)


@transaction.atomic
def save_test_event(*, account: Account, name: str, event: str, body: str, shared: bool = False) -> TestEvent:
    """Create a test event, or give the one of that name another body.

    ``body`` is kept as typed. Raises ``InvalidParameterValue`` for what is not JSON (with line and column), for a
    name of other than 1 to 100 ASCII letters, digits, hyphens and underscores, and for an eleventh event;
    ``FunctionNotFound``.
    """
    function = selectors.lock_function(account=account, name=name)
    _check(event, body)
    others = function.test_events.exclude(name=event)
    if others.count() >= EVENTS_PER_FUNCTION:
        raise InvalidParameterValue(
            _("A function has at most {limit} saved test events.").format(limit=EVENTS_PER_FUNCTION)
        )
    row, _created = TestEvent.objects.update_or_create(
        function=function, name=event, defaults={"account": account, "body": body, "shared": shared}
    )
    return row


@transaction.atomic
def delete_test_event(*, account: Account, name: str, event: str) -> None:
    """Delete a saved test event. Raises ``FunctionNotFound``, ``TestEventNotFound``."""
    function = selectors.lock_function(account=account, name=name)
    if not function.test_events.filter(name=event).delete()[0]:
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
