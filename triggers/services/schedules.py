"""Schedules of EventBridge Scheduler, and their groups."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from accounts import clocks
from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, clock, limits, strict_json, targets
from core.errors import ValidationError
from core.strict_json import BadJson
from triggers import access, delivering, firing, selectors, timetables
from triggers.cron import InvalidExpression, find_zone, parse_schedule_expression
from triggers.errors import (
    InvalidSchedule,
    ScheduleExists,
    ScheduleGroupExists,
    ScheduleNotFound,
    SchedulerQuotaExceeded,
)
from triggers.models import DEFAULT, Firing, Schedule, ScheduleGroup
from triggers.services import tagging

_PAST = timedelta(minutes=5)  # how far back a start date may lie
_INPUT_SIZE = 256 * 1024
_OF_ARN = {"sqs": "SqsParameters", "events": "EventBridgeParameters"}


class Settings(TypedDict, total=False):
    """What a schedule says; what is absent has AWS's default. ``target`` is in wire casing."""

    expression: str
    target: Mapping[str, Any]
    zone: str
    state: str
    description: str
    starts_at: datetime | None
    ends_at: datetime | None
    window_minutes: int | None
    action_after_completion: str
    kms_key_arn: str


_DEFAULTS: Settings = {
    "zone": "UTC",
    "state": Schedule.State.ENABLED,
    "description": "",
    "starts_at": None,
    "ends_at": None,
    "window_minutes": None,
    "action_after_completion": "NONE",
    "kms_key_arn": "",
}


@transaction.atomic
def create_schedule(
    *,
    account: Account,
    name: str,
    group: str = DEFAULT,
    region: str = "us-east-1",
    client_token: str = "",
    **settings: Unpack[Settings],
) -> Schedule:
    """Make a schedule; the same request again (its token says so) returns what it made.

    Raises ``ScheduleExists``, ``ScheduleGroupNotFound``, ``InvalidSchedule``, ``SchedulerQuotaExceeded``.
    """
    values = _checked(account, settings)
    of = selectors.get_schedule_group(account=account, name=group, region=region)
    existing = Schedule.objects.select_related("group").filter(group=of, name=name).first()
    if existing is not None:
        if client_token and existing.client_token == client_token:
            return existing
        raise ScheduleExists(name=name)
    if Schedule.objects.filter(account=account).count() >= limits.SCHEDULES_PER_ACCOUNT:
        raise SchedulerQuotaExceeded(what="schedules", limit=limits.SCHEDULES_PER_ACCOUNT)
    schedule = Schedule(account=account, group=of, name=name, client_token=client_token, **values)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError:
        raise ScheduleExists(name=name) from None
    _keep_time(schedule)
    return schedule


@transaction.atomic
def update_schedule(*, account: Account, name: str, group: str = DEFAULT, **settings: Unpack[Settings]) -> Schedule:
    """Replace everything a schedule says: what is not given goes back to its default, as on AWS.

    Raises ``ScheduleNotFound``, ``InvalidSchedule``.
    """
    values = _checked(account, settings)
    schedule = selectors.get_schedule(account=account, name=name, group=group)
    for field, value in values.items():
        setattr(schedule, field, value)
    schedule.modified_at = clock.now()
    schedule.save()
    _keep_time(schedule)
    return schedule


def _keep_time(schedule: Schedule) -> None:
    timetables.keep_for_schedule(schedule)
    transaction.on_commit(firing.ring)  # a rate without a start date begins at once


@transaction.atomic
def set_state(*, account: Account, name: str, group: str = DEFAULT, state: str) -> Schedule:
    """Switch a schedule on or off and leave the rest. Raises ``ScheduleNotFound``."""
    schedule = selectors.get_schedule(account=account, name=name, group=group)
    schedule.state, schedule.modified_at = state, clock.now()
    schedule.save(update_fields=["state", "modified_at"])
    timetables.keep_for_schedule(schedule)
    return schedule


@transaction.atomic
def delete_schedule(*, account: Account, name: str, group: str = DEFAULT) -> None:
    """Delete a schedule. Raises ``ScheduleNotFound``."""
    selectors.get_schedule(account=account, name=name, group=group).delete()


@transaction.atomic
def run_schedule(*, account: Account, name: str, group: str = DEFAULT) -> Firing:
    """Fire once, now; the schedule goes on as before. Raises ``ScheduleNotFound``."""
    timetable = selectors.timetable_of(selectors.get_schedule(account=account, name=name, group=group))
    if timetable is None:
        raise ScheduleNotFound(name=name)
    return firing.fire_now(timetable)


# -- groups ----------------------------------------------------------------------------------------


@transaction.atomic
def create_schedule_group(
    *,
    account: Account,
    name: str,
    region: str = "us-east-1",
    tags: Mapping[str, str] | None = None,
    client_token: str = "",
) -> ScheduleGroup:
    """Make a group. Raises ``ScheduleGroupExists``, ``SchedulerQuotaExceeded``."""
    existing = ScheduleGroup.objects.filter(account=account, name=name).first()
    if existing is not None and client_token and existing.client_token == client_token:
        return existing
    if existing is not None or name == DEFAULT:
        raise ScheduleGroupExists(name=name)
    if ScheduleGroup.objects.filter(account=account).count() >= limits.SCHEDULE_GROUPS:
        raise SchedulerQuotaExceeded(what="schedule groups", limit=limits.SCHEDULE_GROUPS)
    return ScheduleGroup.objects.create(
        account=account, name=name, region=region, tags=tagging.checked(tags or {}), client_token=client_token
    )


@transaction.atomic
def delete_schedule_group(*, account: Account, name: str) -> None:
    """Delete a group with its schedules. Raises ``ScheduleGroupNotFound``, ``ValidationError`` for the default one."""
    if name == DEFAULT:
        raise ValidationError("The default schedule group cannot be deleted.")
    selectors.get_schedule_group(account=account, name=name).delete()


# -- checks ----------------------------------------------------------------------------------------


def _checked(account: Account, given: Settings) -> dict[str, Any]:
    values: dict[str, Any] = {**_DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    check_expression(values["expression"], values["zone"])
    _check_dates(values["starts_at"], values["ends_at"], now=clocks.read(account.pk).shown(clock.now()))
    values["target"] = dict(values["target"])
    _check_target(account, values["target"])
    return values


def check_expression(expression: str, zone: str = "UTC") -> None:
    """Raise ``InvalidSchedule`` with AWS's words."""
    if find_zone(zone) is None:
        raise InvalidSchedule(f"Invalid Schedule Expression Timezone {zone}.")
    try:
        parse_schedule_expression(expression, zone)
    except InvalidExpression:
        raise InvalidSchedule(f"Invalid Schedule Expression {expression}.") from None


def _check_dates(starts_at: datetime | None, ends_at: datetime | None, *, now: datetime) -> None:
    if starts_at is not None and starts_at < now - _PAST:
        raise InvalidSchedule("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if ends_at is not None and ends_at < now:
        raise InvalidSchedule("The EndDate you specify must come after the current date.")
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        raise InvalidSchedule("The StartDate you specify must come before the EndDate.")


def _check_target(account: Account, target: dict[str, Any]) -> None:
    arn = own_arn(account=account, arn=target["Arn"])[0]
    parsed = arns.parse(arn)
    if parsed is None:
        raise InvalidSchedule(f"Provided Arn is not in correct format: {target['Arn']}")
    if parsed.service not in delivering.ACTIONS or not targets.accepts(arn):
        raise InvalidSchedule(f"Provided Arn is not supported on this server: {target['Arn']}")
    role = access.find_role(account=account, role_arn=target["RoleArn"])
    if role is None or not access.trusts(role.assume_role_policy, delivering.SCHEDULER):
        raise InvalidSchedule("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
    if parsed.service == "events" and "EventBridgeParameters" not in target:
        raise InvalidSchedule("EventBridgeParameters must be specified for this target.")
    if arn.endswith(".fifo") and "MessageGroupId" not in target.get("SqsParameters", {}):
        raise InvalidSchedule("MessageGroupId must be specified for a FIFO queue.")
    for service, member in _OF_ARN.items():
        if member in target and parsed.service != service:
            raise InvalidSchedule(f"{member} cannot be specified for this target.")
    _check_input(target.get("Input"), parsed.service)


def _check_input(text: str | None, service: str) -> None:
    if text is None:
        return
    if len(text.encode("utf-8", "replace")) > _INPUT_SIZE:
        raise InvalidSchedule(f"Input must not exceed {_INPUT_SIZE} bytes.")
    if service not in ("lambda", "events", "states"):
        return
    try:
        document = strict_json.loads(text, lone_surrogates=False)
    except BadJson:
        raise InvalidSchedule(f"Invalid JSON in Input for a target of {service}.") from None
    if service == "events" and not isinstance(document, dict):
        raise InvalidSchedule("Input must be a JSON object for a target of events.")


def check_window(mode: str, minutes: int | None) -> None:
    """A flexible window has a length, and only a flexible one."""
    if mode == "FLEXIBLE" and minutes is None:
        raise InvalidSchedule("MaximumWindowInMinutes must be specified for a FLEXIBLE time window.")
    if mode == "OFF" and minutes is not None:
        raise InvalidSchedule("MaximumWindowInMinutes must not be specified when the time window is OFF.")
