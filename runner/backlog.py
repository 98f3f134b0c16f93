"""How many events of an account wait: beyond a bound the account's next one is refused before it is accepted.

Counted in the database at most once a second for each account, and between two counts by what this process accepted; so
several processes together may go over the bound by what they accept within a second.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from core import clock
from runner.errors import BacklogFull
from runner.models import Invocation, State

FRESH_S = 1.0


@dataclass(slots=True)
class _Count:
    waiting: int
    read_at: float


class Backlog:
    """The counts; used by one thread."""

    def __init__(self, *, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._counts: dict[str, _Count] = {}

    def take(self, account_id: str) -> None:
        """Count one event more. Raises ``BacklogFull`` instead when the account's backlog is full."""
        count = self._counts.get(account_id)
        if count is None or self._now() - count.read_at >= FRESH_S:
            self._forget_old()
            count = self._counts[account_id] = _Count(self._read(account_id), self._now())
        if count.waiting >= settings.EVENT_BACKLOG:
            raise BacklogFull
        count.waiting += 1

    def _read(self, account_id: str) -> int:
        rows = Invocation.objects.filter(account_id=account_id, state=State.QUEUED)
        return rows[: settings.EVENT_BACKLOG].count()

    def _forget_old(self) -> None:
        limit = self._now() - FRESH_S
        self._counts = {key: count for key, count in self._counts.items() if count.read_at > limit}
