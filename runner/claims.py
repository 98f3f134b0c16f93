"""Taking due events from the database, which is their queue: fairly, once, and for a limited time.

A claim moves a row from ``queued`` to ``running`` by a conditional update, marks it with a token, and holds it until
``lease_until``. Whoever holds another token, or none, cannot end it.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Q

from accounts import clocks
from core import clock, database, failpoints, ids, limits
from functions.models import Function
from runner import clockwork, leases, lookup
from runner.leases import Allowance
from runner.lineage import ALLOW, HOPS, hops_of
from runner.models import Invocation, State
from runner.policies import Book
from runner.retries import Cause, platform_pause, too_old

BATCH = 20  # of a function, or an account, in one round
_YOUNGEST = timedelta(seconds=limits.ASYNC_EVENT_AGE_S_MIN)  # no policy ends an event before
# every function with something queued, each found by one step in the index (state, function, due_at)
_HEADS = """
WITH RECURSIVE pending(function_id) AS (
  SELECT (SELECT function_id FROM runner_invocation WHERE state = %s AND function_id IS NOT NULL
          ORDER BY function_id LIMIT 1)
  UNION ALL
  SELECT (SELECT i.function_id FROM runner_invocation i WHERE i.state = %s AND i.function_id > pending.function_id
          ORDER BY i.function_id LIMIT 1)
  FROM pending WHERE pending.function_id IS NOT NULL
)
SELECT function_id, (SELECT min(i.due_at) FROM runner_invocation i
                     WHERE i.state = %s AND i.function_id = pending.function_id)
FROM pending WHERE function_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Head:
    """A function with due events; ``due_at`` is its oldest one's."""

    function: Function
    due_at: datetime
    account_limit: int

    @property
    def account_id(self) -> str:
        return str(self.function.account_id)


type ClaimKey = tuple[uuid.UUID, str]  # an event and the token of whoever took it


@dataclass(frozen=True, slots=True)
class Claimed:
    """One event this worker may execute, or end for ``give_up``'s reason without executing it."""

    id: uuid.UUID
    token: str
    account_id: str
    function_id: uuid.UUID
    function_name: str
    qualifier: str
    payload: bytes
    source: str
    asked_at: datetime
    attempt: int
    infra_attempts: int
    trace: str = ""
    lease_key: str = ""
    give_up: Cause | None = None

    @property
    def key(self) -> ClaimKey:
        return self.id, self.token

    @property
    def lease(self) -> str:
        """Under which name it holds its lease."""
        return _lease_name(self.id, self.attempt, self.infra_attempts)


def _lease_name(event: uuid.UUID, attempt: int, infra_attempts: int) -> str:
    """A name for each time that an event is tried: who gives a lease back late takes none from a later try.

    It is known before anybody has taken the event: of a worker that died in between, the next one finds its lease.
    """
    return f"{event}.{attempt}.{infra_attempts}"


def _lease_of(row: Invocation) -> str:
    return _lease_name(row.pk, row.attempt, row.infra_attempts)


def lease_end() -> datetime:
    """Until when a claim or a heartbeat made now holds."""
    return clock.now() + timedelta(seconds=settings.EVENT_LEASE_S)


# -- who is next -----------------------------------------------------------------------------------


def heads() -> list[Head]:
    """The functions with events due now, and what their accounts may run."""
    state, now = State.QUEUED.value, clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [state, state, state])
        due = {_uuid(pk): _moment(moment) for pk, moment in cursor.fetchall() if moment is not None}
    wanted = [pk for pk, moment in due.items() if moment <= now]
    functions = Function.objects.select_related("account__clock").filter(pk__in=wanted)
    return [Head(function, due[function.pk], function.account.concurrency_limit) for function in functions]


def _uuid(value: object) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


def _moment(value: object) -> datetime:
    """SQLite gives a minimum as text, in UTC."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(f"{value}+00:00")


def running_by_account() -> Counter[str]:
    """How many events of each account are being executed, in all workers, but for those that began out of line."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, count(*) FROM runner_invocation WHERE state = %s AND started_at IS NOT NULL"
            " GROUP BY account_id",
            [State.RUNNING.value],
        )
        return Counter(dict(cursor.fetchall()))


def in_turn(found: Iterable[Head], *, running: Mapping[str, int], served: Mapping[str, int]) -> list[list[Head]]:
    """The heads by account: fewest running first, then least recently served, then oldest event; pure."""
    accounts: dict[str, list[Head]] = {}
    for head in sorted(found, key=lambda head: head.due_at):
        accounts.setdefault(head.account_id, []).append(head)
    order = sorted(
        accounts, key=lambda account: (running.get(account, 0), served.get(account, -1), accounts[account][0].due_at)
    )
    return [accounts[account] for account in order]


# -- taking ----------------------------------------------------------------------------------------


def claim(head: Head, *, limit: int) -> tuple[list[Claimed], bool]:
    """Take up to ``limit`` due events of a function; and whether its concurrency kept it from more.

    Events that outlived their policy, are at the end of a loop, and all events of a function that may not run at all, are taken without a
    lease and carry ``give_up``. Raises ``MessengerUnavailable``.
    """
    allowance = lookup.allowance(head.function, head.account_limit)
    fitting = min(limit, allowance.limit or limit)
    rows = _due_rows(head.function, limit=fitting)
    if not rows:
        return [], False
    book = Book()
    causes = {row.pk: cause for row in rows if (cause := _hopeless(head.function, row, book))}
    if causes:
        first = next(iter(causes.values()))
        hopeless = [row for row in rows if causes.get(row.pk) is first]
        return _take(hopeless, head, lease_key="", give_up=first), False
    got = leases.acquire_many(allowance, request_ids=[_lease_of(row) for row in rows], seconds=lease_s())
    claimed = _take(rows[:got], head, lease_key=allowance.key, give_up=None)
    _give_back(allowance, rows[:got], claimed)
    return claimed, got < len(rows) or len(rows) == fitting < limit


def claim_behind(head: Head, *, limit: int) -> list[Claimed]:
    """Take up to ``limit`` due events without a lease, for somebody who holds leases of the function: each may begin when
    one of those that hold one has ended, and takes over its lease.

    Until it ends its row has no start, and does not count as running.
    """
    rows = _due_rows(head.function, limit=limit)
    book = Book()
    return _take([row for row in rows if not _hopeless(head.function, row, book)], head, waits=True)


def claim_one(request_id: str) -> Claimed | None:
    """Take one event by its id, if it is due, nobody has it, and its function has room."""
    row = Invocation.objects.filter(pk=request_id, state=State.QUEUED, due_at__lte=clock.now()).first()
    if row is None or row.function_id is None:
        return None
    function = Function.objects.select_related("account__clock").get(pk=row.function_id)
    if not _ready(function, [row]):
        return None
    head = Head(function, row.due_at or clock.now(), function.account.concurrency_limit)
    if cause := _hopeless(function, row, Book()):
        return next(iter(_take([row], head, lease_key="", give_up=cause)), None)
    allowance = lookup.allowance(function, head.account_limit)
    if not leases.acquire(allowance, request_id=_lease_of(row), seconds=lease_s()):
        return None
    claimed = _take([row], head, lease_key=allowance.key, give_up=None)
    _give_back(allowance, [row], claimed)
    return next(iter(claimed), None)


def lease_s() -> float:
    """A concurrency lease outlives any execution; its worker gives it back, or it runs out."""
    return limits.TIMEOUT_S_MAX + settings.EVENT_LEASE_S


def _due_rows(function: Function, *, limit: int) -> list[Invocation]:
    rows = Invocation.objects.filter(state=State.QUEUED, function=function, due_at__lte=clock.now())
    return _ready(function, list(rows.order_by("due_at")[:limit]))


def _ready(function: Function, rows: list[Invocation]) -> list[Invocation]:
    """Without those that come too early since their account's clock was changed; these are told of it."""
    timeline, now = clocks.of(function.account), clock.now()
    early = [row.pk for row in rows if timeline.is_early(row.due_aged, now)]
    if early:
        clockwork.realign(function.account_id, early)
    return [row for row in rows if row.pk not in early]


def _hopeless(function: Function, row: Invocation, book: Book) -> Cause | None:
    if function.reserved_concurrency == 0:
        return Cause.ZERO_RESERVED_CONCURRENCY
    timeline = clocks.of(function.account)
    asked_at, now = timeline.aged(row.asked_at), timeline.aged(clock.now())
    may_be_too_old = now - asked_at >= _YOUNGEST
    if may_be_too_old and too_old(asked_at=asked_at, now=now, policy=book.policy(function, row.qualifier)):
        return Cause.EVENT_AGE_EXCEEDED
    if function.recursive_loop != ALLOW and hops_of(row.trace, function_id=str(function.pk)) > HOPS:
        return Cause.RECURSIVE_INVOCATION
    return None


def _take(
    rows: list[Invocation], head: Head, *, lease_key: str = "", give_up: Cause | None = None, waits: bool = False
) -> list[Claimed]:
    if not rows:
        return []
    token, started_at = ids.hex_token(), None if waits else clock.now()
    with database.turn(), transaction.atomic():
        taken = _mark([row.pk for row in rows], token=token, started_at=started_at)
    failpoints.reach("claim-start")
    return [
        Claimed(
            id=row.pk,
            token=token,
            account_id=head.account_id,
            function_id=head.function.pk,
            function_name=head.function.name,
            qualifier=row.qualifier,
            payload=bytes(row.payload or b"{}"),
            source=row.source,
            asked_at=row.asked_at,
            attempt=row.attempt,
            infra_attempts=row.infra_attempts,
            trace=row.trace,
            lease_key=lease_key,
            give_up=give_up,
        )
        for row in rows
        if row.pk in taken
    ]


def _mark(ids: list[uuid.UUID], *, token: str, started_at: datetime | None) -> set[uuid.UUID]:
    """Have queued events run for whoever has the token; which of them nobody took before. One statement."""
    places = ", ".join(["%s"] * len(ids))
    wanted = f"id IN ({places}) AND state = %s"
    if connection.features.has_select_for_update_skip_locked:
        wanted = f"id IN (SELECT id FROM runner_invocation WHERE {wanted} FOR UPDATE SKIP LOCKED)"
    key, moment = Invocation._meta.pk, Invocation._meta.get_field("started_at")
    assert key is not None and isinstance(moment, DateTimeField)
    until, begun = (moment.get_db_prep_save(at, connection) for at in (lease_end(), started_at))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runner_invocation SET state = %s, token = %s, lease_until = %s, started_at = %s"
            f" WHERE {wanted} RETURNING id",
            [
                *(State.RUNNING.value, token, until, begun),
                *(key.get_db_prep_save(pk, connection) for pk in ids),
                State.QUEUED.value,
            ],
        )
        return {_uuid(row[0]) for row in cursor.fetchall()}


def _give_back(allowance: Allowance, asked: list[Invocation], claimed: list[Claimed]) -> None:
    """Return the leases of events that somebody else took meanwhile; not of those that he runs under the same name."""
    taken = {one.id for one in claimed}
    others = {_lease_of(row): row for row in asked if row.pk not in taken}
    if not others:
        return
    running = Invocation.objects.filter(pk__in=[row.pk for row in others.values()], state=State.RUNNING)
    for name in others.keys() - {_lease_of(row) for row in running.only("attempt", "infra_attempts")}:
        leases.release(allowance.key, name)


# -- holding, losing, giving back ------------------------------------------------------------------


def renew(claimed: Iterable[Claimed]) -> set[ClaimKey]:
    """Hold these for another lease; the keys of those that are still held. The others belong to somebody else now."""
    tokens = {one.token for one in claimed}
    if not tokens:
        return set()
    held = Invocation.objects.filter(state=State.RUNNING, token__in=tokens)
    held.update(lease_until=lease_end())
    return set(held.values_list("pk", "token"))


def requeue(claimed: Iterable[Claimed]) -> int:
    """Give events back unfinished, as a stopping worker does; they are due at once. Returns how many."""
    count = 0
    for one in claimed:
        held = Invocation.objects.filter(pk=one.id, token=one.token, state=State.RUNNING)
        count += held.update(state=State.QUEUED, token="", lease_until=None, due_at=clock.now(), due_aged=None)
        leases.release(one.lease_key, one.lease)
    return count


def put_back(claimed: Sequence[Claimed]) -> None:
    """Return events that never began to where they stood in the queue."""
    held = Invocation.objects.filter(
        pk__in=[one.id for one in claimed], token__in={one.token for one in claimed}, state=State.RUNNING
    )
    held.update(state=State.QUEUED, token="", lease_until=None)


def sweep() -> int:
    """Put back events whose worker was silent for longer than its lease, and end those without a function.

    A lost worker is a platform failure: it is counted apart from the function's errors. Returns how many moved.
    """
    now = clock.now()
    too_far = now + 2 * timedelta(seconds=settings.EVENT_LEASE_S)
    doubtful = Invocation.objects.filter(Q(lease_until__lt=now) | Q(lease_until__gt=too_far), state=State.RUNNING)
    count = 0
    for row in doubtful.only("token", "attempt", "infra_attempts", "account_id", "function_id", "lease_until")[:1000]:
        if row.lease_until and row.lease_until > now:
            _shorten(row)
        else:
            count += _put_back(row, now)
    orphans = Invocation.objects.filter(state=State.QUEUED, function__isnull=True)
    count += orphans.update(
        state=State.DISCARDED, reason=Cause.FUNCTION_DELETED, finished_at=now, due_at=None, payload=None
    )
    return count


def _shorten(row: Invocation) -> None:
    """A lease from before the clock was put back: whoever is alive renews it, and a dead worker's ends in time."""
    held = Invocation.objects.filter(pk=row.pk, token=row.token, state=State.RUNNING, lease_until=row.lease_until)
    held.update(lease_until=lease_end())


def _put_back(row: Invocation, now: datetime) -> int:
    held = Invocation.objects.filter(pk=row.pk, token=row.token, state=State.RUNNING, lease_until__lt=now)
    moved = held.update(
        state=State.QUEUED,
        token="",
        lease_until=None,
        infra_attempts=F("infra_attempts") + 1,
        due_at=now + platform_pause(row.infra_attempts + 1),
        due_aged=None,
    )
    if moved:
        leases.release_lost(account_id=row.account_id, function_id=str(row.function_id), request_id=_lease_of(row))
    return moved
