"""The dispatcher: claims due events, fairly between accounts, as this worker has room for them.

It looks when the bell rings, when an event has ended, and once a second anyway.
"""

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from core import clock, database
from runner import claims, metrics
from runner.claims import BATCH, Claimed, Head
from runner.errors import MessengerUnavailable

log = logging.getLogger(__name__)

TICK_S = 1.0
_THROTTLE_PAUSE_S = 1.0
_REMEMBERED = 1_000
# Between two rounds, at least so long, at most, and as long as the last one took: under load one looks for many events,
# instead of once for each, and leaves the database to those who accept them.
_BREATH_S, _DEEP_BREATH_S = 0.005, 0.03
# While somebody makes calls and waits for them, five times as long: most of the processors is theirs.
_YIELD, _YIELD_S = 5, 0.1


class Line(Protocol):
    """Events that begin when one of the same function has ended, without a round of the dispatcher's; see ``runner.behind``."""

    def room(self, function_id: UUID, running: int) -> int:
        """How many more may stand behind so many that run."""

    def running(self) -> Counter[str]:
        """How many began out of line and run, by account."""


class Dispatcher:
    """``run`` gets each claimed event, on the dispatcher's thread, and must return at once; ``free`` says how many fit.

    ``line_up`` gets, before, those that were claimed to follow them: they take no room of their own. ``calls`` says how many
    were made of late that somebody waits for.
    """

    def __init__(
        self,
        *,
        run: Callable[[Claimed], None],
        free: Callable[[], int],
        account_share: int,
        line: Line | None = None,
        line_up: Callable[[list[Claimed]], None] | None = None,
        calls: Callable[[], int] = lambda: 0,
    ) -> None:
        self._run, self._free, self._account_share = run, free, account_share
        self._line, self._line_up, self._calls = line, line_up, calls
        self._wake = threading.Event()
        self._over = threading.Event()
        self._served: dict[str, int] = {}  # account: when it was last served, as a counter
        self._begun: dict[UUID, int] = {}  # function with due events: the same
        self._turns = itertools.count()
        self._throttled: dict[UUID, float] = {}  # function: not before this monotonic moment
        self._noted: dict[UUID, float] = {}  # function: when a throttle was counted last, as a monotonic moment
        self._ended: set[UUID] = set()  # functions of which an event ended in this round
        self._is_full = True  # whether an end would make room for an event that is due
        self._has_more = False  # whether the last round left events that could be taken now
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing more."""
        self._over.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def wake(self) -> None:
        """Events may be due."""
        self._wake.set()

    def ended(self, function_id: UUID) -> None:
        """An event of this function has ended: if events wait for room, there is some."""
        self._ended.add(function_id)
        self._throttled.pop(function_id, None)
        if self._is_full:
            self._wake.set()

    def _loop(self) -> None:
        swept = 0.0
        while not self._over.is_set():
            self._wake.wait(TICK_S)
            self._wake.clear()
            try:
                with database.borrowed():
                    if clock.monotonic() - swept >= TICK_S:
                        swept = clock.monotonic()
                        claims.sweep()
                    self._dispatch_all()
            except (DatabaseError, InterfaceError, MessengerUnavailable) as error:
                log.warning("Events wait: %s", error)
                self._over.wait(TICK_S)
            except Exception:
                log.exception("The dispatcher stumbled")
                self._over.wait(TICK_S)
        connection.close()

    def _dispatch_all(self) -> None:
        """Rounds until nothing is left that could be taken, or the sweep is due: whatever comes then, comes with a ring."""
        until = clock.monotonic() + TICK_S
        while not self._over.is_set():
            begun = clock.monotonic()
            count = self.dispatch()
            if count:
                self._over.wait(self._breath_s(clock.monotonic() - begun, count))
            if not (count and self._has_more):
                return
            if clock.monotonic() >= until:
                self._wake.set()
                return

    def _breath_s(self, took_s: float, count: int) -> float:
        if self._calls():
            return min(max(_YIELD * took_s, _BREATH_S), _YIELD_S)
        return min(max(took_s, _BREATH_S), _DEEP_BREATH_S) if count < BATCH else 0

    def dispatch(self) -> int:
        """One round over the accounts with due events; how many were claimed."""
        self._is_full = True  # until it is seen that nothing waits: an end meanwhile is not missed
        self._has_more = False
        self._ended.clear()
        free = self._free()
        if free <= 0:
            return 0
        heads = self._heads()
        if not heads:
            self._is_full = bool(self._throttled)
            return 0
        due = {head.function.pk for head in heads}
        self._begun = {function_id: turn for function_id, turn in self._begun.items() if function_id in due}
        running = claims.running_by_account()
        if self._line is not None:
            running += self._line.running()
        accounts = claims.in_turn(heads, running=running, served=self._served)
        share = max(1, min(BATCH, free // len(accounts)))
        count, is_full = 0, bool(self._throttled)
        for of_account in accounts:
            account_id = of_account[0].account_id
            room = min(free - count, self._account_share - running[account_id])
            taken = self._serve_account(of_account, min(share, room))
            if taken:
                self._served[account_id] = next(self._turns)
                count += taken
            is_full = is_full or taken >= room
        self._is_full = is_full or bool(self._throttled)
        return count

    def _heads(self) -> list[Head]:
        """The functions whose events may begin; what is due of others is held up by their concurrency."""
        now, free = clock.monotonic(), []
        for head in claims.heads():
            if self._throttled.get(head.function.pk, 0.0) > now:
                self._note_throttle(head)
            else:
                free.append(head)
        return free

    def _note_throttle(self, head: Head) -> None:
        """Count it once a second, as AWS's own poller would meet it again and again."""
        now = clock.monotonic()
        if now - self._noted.get(head.function.pk, -_THROTTLE_PAUSE_S) < _THROTTLE_PAUSE_S:
            return
        if len(self._noted) > _REMEMBERED:
            self._noted.clear()
        self._noted[head.function.pk] = now
        metrics.note_throttled_event(account_id=head.account_id, function_name=head.function.name)

    def _serve_account(self, heads: list[Head], limit: int) -> int:
        """Take up to ``limit`` events: each of the account's functions gets its part, and who was served longest ago is
        first, so that a function with a thousand old events does not keep another one waiting.
        """
        count, left = 0, len(heads)
        for head in sorted(heads, key=lambda head: self._begun.get(head.function.pk, -1)):
            if count >= limit:
                break
            count += self._serve(head, max(1, (limit - count) // left))
            left -= 1
        return count

    def _serve(self, head: Head, limit: int) -> int:
        claimed, throttled = claims.claim(head, limit=limit)
        if claimed and (len(claimed) >= limit or claimed[0].give_up is not None):
            self._has_more = True
        if throttled and not claimed:
            self._note_throttle(head)
        if throttled:
            self._throttled[head.function.pk] = clock.monotonic() + _THROTTLE_PAUSE_S
            if head.function.pk in self._ended:  # there may be room since it was asked for
                self._throttled.pop(head.function.pk, None)
                self._has_more = True
        if claimed:
            self._begun[head.function.pk] = next(self._turns)
            if throttled:
                self._have_some_follow(head, claimed)
        for one in claimed:
            self._run(one)
        return len(claimed)

    def _have_some_follow(self, head: Head, claimed: list[Claimed]) -> None:
        """Where a function with a concurrency of its own runs as many as it may, and each takes a moment only."""
        if self._line is None or self._line_up is None or head.function.reserved_concurrency is None:
            return
        if room := self._line.room(head.function.pk, len(claimed)):
            self._line_up(claims.claim_behind(head, limit=room))
