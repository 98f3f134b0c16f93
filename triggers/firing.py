"""Schedules come round: each tick becomes a row, once, in the transaction that moves the timetable on.

Several beats, or none for a while, change nothing but when it happens: ticks that were missed are caught up for an
hour, the last five of them; older ones are recorded as missed. How late a tick is, is real time: on a clock that was
moved on, what lies between was reached that very moment, so the last five fire. On a fast clock five become five
times as many, or a server that is busy for seconds would lose some.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from accounts import clocks
from core import clock, database, failpoints
from core.timeline import REAL, Timeline
from triggers import bell, delivering, documents, inputs, timetables
from triggers.models import DELETE, Delivery, Firing, Rule, RuleTarget, Schedule, Timetable

BATCH = 1000
CATCH_UP_TICKS = 5
_MOST_MISSED = 2_000  # recorded in one step; the next second goes on
_STEP = 500


@dataclass(slots=True)
class Due:
    """The ticks of a timetable until now: those to fire, those that are too late, and the one after."""

    fire: list[datetime] = field(default_factory=list)
    missed: list[datetime] = field(default_factory=list)
    next_at: datetime | None = None


def fire_due() -> int:
    """Record every tick that is due and send off what it sets off; returns how many fired."""
    count = 0
    while True:
        fired, more = _fire_batch()
        count += fired
        if not more:
            return count


def _fire_batch() -> tuple[int, bool]:
    with transaction.atomic():
        rows = list(_locked_due(clock.now()))
        if not rows:
            return 0, False
        timelines = clocks.held([row.account_id for row in rows])
        now = clock.now()
        firings: list[Firing] = []
        for row in rows:
            timeline = timelines[row.account_id]
            timetables.align(row, timeline)
            due = due_ticks(row, now=now, timeline=timeline)
            row.next_at = due.next_at
            timetables.align(row, timeline)
            firings += [_firing(row, at, Firing.State.MISSED) for at in due.missed]
            firings += [_firing(row, at, Firing.State.FIRED) for at in due.fire]
        _save(rows)
        _record(firings)
        fired = [firing for firing in firings if firing.state == Firing.State.FIRED]
        deliveries = [
            delivery for firing in fired for delivery in _deliveries(firing, timelines[firing.timetable.account_id])
        ]
        Delivery.objects.bulk_create(deliveries, batch_size=200)
        failpoints.reach("fire-commit")
        if deliveries:
            transaction.on_commit(delivering.ring)
    _remove_completed(rows)
    return len(fired), len(rows) == BATCH


def _firing(row: Timetable, at: datetime, state: Firing.State) -> Firing:
    return Firing(timetable=row, nominal_at=at, era=row.era, state=state)


def _save(rows: list[Timetable]) -> None:
    Timetable.objects.bulk_update(rows, ["next_at", "due_at", "era", "anchor"], batch_size=200)


def _locked_due(now: datetime) -> "QuerySet[Timetable]":
    rows = Timetable.objects.filter(due_at__lte=now).order_by("due_at")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    related = rows.select_related("rule__bus", "schedule__group").prefetch_related("rule__targets")
    return related[:BATCH]


def _record(firings: list[Firing]) -> None:
    """A tick that is there already was recorded by a clock that went back: it does not fire again."""
    try:
        with transaction.atomic():
            Firing.objects.bulk_create(firings, batch_size=400)
    except IntegrityError:
        of_these = Firing.objects.filter(timetable_id__in={firing.timetable_id for firing in firings})
        known = set(of_these.values_list("timetable_id", "era", "nominal_at"))
        firings[:] = [firing for firing in firings if (firing.timetable_id, firing.era, firing.nominal_at) not in known]
        Firing.objects.bulk_create(firings, batch_size=400)


def due_ticks(timetable: Timetable, *, now: datetime, timeline: Timeline = REAL) -> Due:
    """What a timetable whose ``next_at`` has come owes by ``now``, on its account's clock. Pure.

    Of a clock that is not simply real, thousands of ticks may lie behind: the last of them are enough to record.
    """
    found, shown = Due(), timeline.shown(now)
    grace = now - timedelta(seconds=settings.SCHEDULE_GRACE_S)
    recent: list[datetime] = []
    over: list[datetime] = []  # went by in a jump
    jumped_to: datetime | None = None
    tick = timetable.next_at
    if timeline.stretches and tick is not None and tick <= shown:
        tick = _not_far_before(timetable, tick, timeline.shown(grace))
    while tick is not None and tick <= shown:
        if len(found.missed) >= _MOST_MISSED:
            break
        reached = timeline.reached(tick)
        if reached.jumped_to is not None and reached.jumped_to != jumped_to:
            jumped_to = reached.jumped_to
            tick = _not_far_before(timetable, tick, jumped_to)
        if reached.real <= grace:
            found.missed.append(tick)
        else:
            (recent if reached.jumped_to is None else over).append(tick)
        tick = timetables.next_after(timetable, tick)
    found.next_at = tick
    if tick is not None and tick <= shown:
        return found
    most = CATCH_UP_TICKS * timeline.rate
    found.fire = sorted([*over[-CATCH_UP_TICKS:], *recent[-most:]])
    found.missed += [*over[:-CATCH_UP_TICKS], *recent[:-most]]
    return found


def _not_far_before(timetable: Timetable, tick: datetime, moment: datetime) -> datetime:
    """``tick``, or a later one from which on there are some more until ``moment``, not thousands. Pure."""
    width = timedelta(minutes=2 * CATCH_UP_TICKS)
    while moment - width > tick:
        first = found = timetables.next_after(timetable, moment - width)
        for _ in range(CATCH_UP_TICKS):
            found = timetables.next_after(timetable, found) if found is not None else None
        if first is not None and found is not None and found <= moment:
            return first
        width *= 4
    return tick


def settle(account_id: str) -> None:
    """Bring timetables and deliveries of an account in line with its clock, some at a time."""
    keys = list(Timetable.objects.filter(account_id=account_id).order_by("pk").values_list("pk", flat=True))
    for some in batched(keys, _STEP):
        with database.turn(), transaction.atomic():
            wanted = Timetable.objects.select_for_update(of=("self",)).filter(pk__in=some)
            rows = list(wanted.select_related("rule", "schedule").order_by("pk"))
            timeline = clocks.held([account_id])[account_id]
            for row in rows:
                timetables.align(row, timeline)
            _save(rows)
    delivering.settle(account_id)
    ring()


@transaction.atomic
def fire_now(timetable: Timetable) -> Firing:
    """Fire once, by hand; the timetable goes on as before."""
    timeline = clocks.held([timetable.account_id])[timetable.account_id]
    firing = Firing.objects.create(
        timetable=timetable,
        nominal_at=timeline.shown(clock.now()),
        era=timeline.era,
        state=Firing.State.FIRED,
        by_hand=True,
    )
    Delivery.objects.bulk_create(list(_deliveries(firing, timeline)))
    transaction.on_commit(delivering.ring)
    return firing


# -- what a tick sets off --------------------------------------------------------------------------


def _deliveries(firing: Firing, timeline: Timeline) -> Iterator[Delivery]:
    timetable = firing.timetable
    if timetable.rule is not None:
        event = documents.scheduled_event(
            account_id=timetable.account_id,
            region=timetable.rule.bus.region,
            rule_arn=timetable.rule.arn,
            time=firing.nominal_at,
        )
        for target in timetable.rule.targets.all():
            yield of_rule(timetable.rule, target, event, firing=firing)
    elif timetable.schedule is not None:
        yield _of_schedule(timetable.schedule, firing, timeline)


def of_rule(
    rule: Rule,
    target: RuleTarget,
    event: dict[str, object],
    *,
    firing: Firing | None = None,
    trace: str = "",
    hops: int = 0,
) -> Delivery:
    """An event that a rule sends to one of its targets."""
    now, given = clock.now(), target.settings
    retry = given.get("RetryPolicy", {})
    return Delivery(
        account_id=rule.account_id,
        firing=firing,
        origin_arn=rule.arn,
        service=delivering.EVENTS,
        role_arn=given.get("RoleArn", "") or rule.role_arn,
        target_arn=target.arn,
        target_id=target.target_id,
        payload=inputs.build(event, given, rule_arn=rule.arn, rule_name=rule.name, now=now),
        settings=given.get("SqsParameters", {}),
        trace=trace,
        hops=hops,
        max_attempts=retry.get("MaximumRetryAttempts", delivering.MAX_ATTEMPTS),
        max_age_s=retry.get("MaximumEventAgeInSeconds", delivering.MAX_AGE_S),
        dead_letter_arn=given.get("DeadLetterConfig", {}).get("Arn", ""),
        asked_at=now,
        due_at=now,
    )


def _of_schedule(schedule: Schedule, firing: Firing, timeline: Timeline) -> Delivery:
    now, target = clock.now(), schedule.target
    retry = target.get("RetryPolicy", {})
    late = 0.0
    if schedule.window_minutes and not firing.by_hand:
        late = random.uniform(0, schedule.window_minutes * 60)  # noqa: S311 (spreads load, hides nothing)
    wait = firing.nominal_at + timedelta(seconds=late) - timeline.shown(now)
    due_aged = timeline.aged(now) + wait if wait > timedelta(0) else None
    due_at = timeline.real_of_aged(due_aged) if due_aged is not None else now
    return Delivery(
        account_id=schedule.account_id,
        firing=firing,
        origin_arn=schedule.arn,
        service=delivering.SCHEDULER,
        role_arn=target["RoleArn"],
        target_arn=target["Arn"],
        payload=_schedule_input(schedule, firing),
        settings={**target.get("SqsParameters", {}), **target.get("EventBridgeParameters", {})},
        max_attempts=retry.get("MaximumRetryAttempts", delivering.MAX_ATTEMPTS),
        max_age_s=retry.get("MaximumEventAgeInSeconds", delivering.MAX_AGE_S),
        dead_letter_arn=target.get("DeadLetterConfig", {}).get("Arn", ""),
        asked_at=due_at or now,
        due_at=due_at,
        due_aged=due_aged,
    )


def _schedule_input(schedule: Schedule, firing: Firing) -> str:
    """A schedule's input with its context attributes put in; the attempt's number comes with the attempt."""
    given = schedule.target.get("Input")
    if given is None:
        return documents.compact(
            documents.scheduler_event(
                account_id=schedule.account_id,
                region=schedule.group.region,
                schedule_arn=schedule.arn,
                time=firing.nominal_at,
            )
        )
    return (
        str(given)
        .replace("<aws.scheduler.schedule-arn>", schedule.arn)
        .replace("<aws.scheduler.scheduled-time>", documents.iso(firing.nominal_at))
        .replace(
            "<aws.scheduler.execution-id>",
            documents.execution_id(schedule_arn=schedule.arn, time=firing.nominal_at),
        )
    )


def _remove_completed(rows: list[Timetable]) -> None:
    """Schedules that are over without having set anything off, of those that go when they are over."""
    over = [row.schedule for row in rows if row.next_at is None and row.schedule is not None]
    delivering.remove_completed({schedule.arn for schedule in over if schedule.action_after_completion == DELETE})


def prune(*, keep: timedelta) -> None:
    """Forget ticks and deliveries that ended long ago."""
    old = clock.now() - keep
    ended = Delivery.objects.exclude(state=Delivery.State.WAITING).filter(finished_at__lt=old)
    while keys := list(ended.values_list("pk", flat=True)[:BATCH]):
        Delivery.objects.filter(pk__in=keys).delete()
    ticks = Firing.objects.filter(recorded_at__lt=old)
    while keys := list(ticks.values_list("pk", flat=True)[:BATCH]):
        Firing.objects.filter(pk__in=keys).delete()


def ring() -> None:
    """Have due ticks looked for, soon."""
    bell.ring("triggers.tasks.fire_due_schedules")
