"""Reads: buses, rules, schedules and what they did, of one account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Model, QuerySet

from accounts.models import Account
from accounts.selectors import own_arn
from core.errors import InvalidParameterValue, ValidationError
from core.paging import page, with_prefix
from triggers import timetables
from triggers.errors import EventBusNotFound, MappingNotFound, RuleNotFound, ScheduleGroupNotFound, ScheduleNotFound
from triggers.models import (
    DEFAULT,
    Delivery,
    EventBus,
    EventSourceMapping,
    Firing,
    Rule,
    Schedule,
    ScheduleGroup,
    Timetable,
)


def bus_name(*, account: Account, text: str) -> str:
    """The name of a bus out of its name or ARN; nothing means the default one."""
    return own_arn(account=account, arn=text)[0].rpartition("event-bus/")[2] if text else DEFAULT


def get_event_bus(*, account: Account, name: str = DEFAULT, region: str = "us-east-1") -> EventBus:
    """The bus of that name or ARN. Every account has the default one: it is made when it is first asked for.

    Raises ``EventBusNotFound``.
    """
    wanted = bus_name(account=account, text=name)
    if found := EventBus.objects.filter(account=account, name=wanted).first():
        return found
    if wanted != DEFAULT:
        raise EventBusNotFound(name=wanted)
    return EventBus.objects.get_or_create(account=account, name=DEFAULT, defaults={"region": region})[0]


def list_event_buses(*, account: Account, prefix: str = "", region: str = "us-east-1") -> QuerySet[EventBus]:
    """The account's buses by name."""
    get_event_bus(account=account, region=region)
    return with_prefix(EventBus.objects.filter(account=account), "name", prefix).order_by("name")


def get_rule(*, account: Account, name: str, bus: str = DEFAULT) -> Rule:
    """The rule, ``RuleNotFound`` or ``EventBusNotFound``."""
    found = get_event_bus(account=account, name=bus)
    rule = Rule.objects.select_related("bus").filter(bus=found, name=name).first()
    if rule is None:
        raise RuleNotFound(name=name, bus=found.name)
    return rule


def list_rules(*, account: Account, bus: str | None = DEFAULT, prefix: str = "") -> QuerySet[Rule]:
    """The rules of a bus by name; of all the account's buses when ``bus`` is None."""
    rules = Rule.objects.select_related("bus").filter(account=account)
    if bus is not None:
        rules = rules.filter(bus=get_event_bus(account=account, name=bus))
    return with_prefix(rules, "name", prefix).order_by("name")


def list_rules_by_target(*, account: Account, target_arn: str, bus: str | None = DEFAULT) -> QuerySet[Rule]:
    """The rules that send something to a target, by name."""
    own, _ = own_arn(account=account, arn=target_arn)
    return list_rules(account=account, bus=bus).filter(targets__arn__in={own, target_arn}).distinct()


def get_schedule_group(*, account: Account, name: str = DEFAULT, region: str = "us-east-1") -> ScheduleGroup:
    """The group; the default one is made when it is first asked for. Raises ``ScheduleGroupNotFound``."""
    if found := ScheduleGroup.objects.filter(account=account, name=name).first():
        return found
    if name != DEFAULT:
        raise ScheduleGroupNotFound(name=name)
    return ScheduleGroup.objects.get_or_create(account=account, name=DEFAULT, defaults={"region": region})[0]


def list_schedule_groups(*, account: Account, prefix: str = "", region: str = "us-east-1") -> QuerySet[ScheduleGroup]:
    """The account's groups by name."""
    get_schedule_group(account=account, region=region)
    return with_prefix(ScheduleGroup.objects.filter(account=account), "name", prefix).order_by("name")


def get_schedule(*, account: Account, name: str, group: str = DEFAULT) -> Schedule:
    """The schedule or ``ScheduleNotFound``."""
    schedules = Schedule.objects.select_related("group")
    found = schedules.filter(account=account, group__name=group, name=name).first()
    if found is None:
        raise ScheduleNotFound(name=name)
    return found


def list_schedules(
    *, account: Account, group: str | None = None, prefix: str = "", state: str = ""
) -> QuerySet[Schedule]:
    """Schedules by name, of one group or of all. Raises ``ScheduleGroupNotFound``."""
    schedules = Schedule.objects.select_related("group").filter(account=account)
    if group is not None:
        schedules = schedules.filter(group=get_schedule_group(account=account, name=group))
    if state:
        schedules = schedules.filter(state=state)
    return with_prefix(schedules, "name", prefix).order_by("name")


# -- what they did ---------------------------------------------------------------------------------


def timetable_of(of: Rule | Schedule) -> Timetable | None:
    """When it fires; None for a rule without a schedule."""
    kind = {"rule": of} if isinstance(of, Rule) else {"schedule": of}
    return Timetable.objects.filter(**kind).first()


def next_times(of: Rule | Schedule, *, count: int = 5) -> list[datetime]:
    """When it fires next; empty while it is off."""
    timetable = timetable_of(of)
    return timetables.upcoming(timetable, count=count) if timetable else []


@dataclass(frozen=True, slots=True)
class Fired:
    """A tick with what it set off."""

    firing: Firing
    deliveries: list[Delivery]


def last_firings(of: Rule | Schedule, *, count: int = 20) -> list[Fired]:
    """The newest ticks first."""
    timetable = timetable_of(of)
    if timetable is None:
        return []
    rows = Firing.objects.filter(timetable=timetable).order_by("-era", "-nominal_at").prefetch_related("deliveries")
    return [Fired(firing, list(firing.deliveries.all())) for firing in rows[:count]]


def last_deliveries(of: Rule | Schedule, *, count: int = 20) -> QuerySet[Delivery]:
    """What it has sent, the newest first, without the events themselves."""
    rows = Delivery.objects.filter(account=of.account_id, origin_arn=of.arn)
    return rows.defer("payload").order_by("-asked_at")[:count]


# -- pages -----------------------------------------------------------------------------------------


def page_of[M: Model](
    rows: QuerySet[M], *, token: str | None, size: int, key: str = "name"
) -> tuple[Sequence[M], str | None]:
    """One page of a list, and the token of the next. Raises ``ValidationError`` for a token not given out here."""
    try:
        return page(rows, marker=token, size=size, key=key)
    except (InvalidParameterValue, ValueError, TypeError):
        raise ValidationError("Invalid NextToken.") from None


# -- event source mappings -------------------------------------------------------------------------


def get_mapping(*, account: Account, uuid: str) -> EventSourceMapping:
    """The mapping or ``MappingNotFound``."""
    try:
        key = UUID(uuid)
    except ValueError:
        raise MappingNotFound from None
    found = EventSourceMapping.objects.select_related("function").filter(account=account, pk=key).first()
    if found is None:
        raise MappingNotFound
    return found


def list_mappings(
    *, account: Account, function: str = "", qualifier: str | None = None, source_arn: str = ""
) -> QuerySet[EventSourceMapping]:
    """The account's mappings, of one function (and qualifier) or queue where it is named."""
    rows = EventSourceMapping.objects.select_related("function").filter(account=account)
    if function:
        rows = rows.filter(function__name=function)
    if qualifier is not None:
        rows = rows.filter(qualifier=qualifier)
    if source_arn:
        rows = rows.filter(source_arn=own_arn(account=account, arn=source_arn)[0])
    return rows.order_by("pk")
