"""Retries on the clock of their account: when they are due in real time, and what a change of the clock moves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import TypedDict
from uuid import UUID

from django.db import transaction

from accounts import clocks
from core import database
from core.timeline import Timeline
from runner import bell
from runner.models import Invocation, State
from runner.retries import Ended

_STEP = 500


class Due(TypedDict):
    """The members of a row that say when it is due."""

    due_at: datetime | None
    due_aged: datetime | None


def due(moment: datetime, *, ended: Ended, timeline: Timeline, now: datetime) -> Due:
    """When an event is due that is to be tried again when its account's clock has come to ``moment``.

    After a failure of the platform the pause is the server's own, in real time. Pure.
    """
    if ended is Ended.PLATFORM_FAILURE:
        return {"due_at": now + (moment - timeline.aged(now)), "due_aged": None}
    return {"due_at": timeline.real_of_aged(moment), "due_aged": moment}


def settle(account_id: str) -> None:
    """Bring the retries of an account in line with its clock, some at a time."""
    waiting = Invocation.objects.filter(account_id=account_id, state=State.QUEUED, due_aged__isnull=False)
    keys = list(waiting.values_list("pk", flat=True))
    for some in batched(keys, _STEP):
        realign(account_id, some)
    bell.ring()


def realign(account_id: str, keys: Sequence[UUID]) -> None:
    """Set ``due_at`` of these events by their clock, if they still wait."""
    with database.turn(), transaction.atomic():
        waiting = Invocation.objects.select_for_update().filter(
            pk__in=keys, account_id=account_id, state=State.QUEUED, due_aged__isnull=False
        )
        rows = list(waiting.only("due_at", "due_aged").order_by("pk"))
        timeline = clocks.held([account_id])[account_id]
        Invocation.objects.bulk_update(_moved(rows, timeline), ["due_at"], batch_size=200)


def _moved(rows: Iterable[Invocation], timeline: Timeline) -> list[Invocation]:
    found = []
    for row in rows:
        assert row.due_aged is not None
        due_at = timeline.real_of_aged(row.due_aged)
        if due_at != row.due_at:
            row.due_at = due_at
            found.append(row)
    return found
