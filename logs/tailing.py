"""Looking on while events arrive: what is new in log groups, once a second."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, IntegerField, Max, Q, QuerySet
from django.db.models.functions import Cast

from accounts.models import Account
from core import paging
from core.limits import MIB
from logs import errors, filter_patterns, selectors
from logs.models import LogEvent, LogStream

EVENTS_PER_LOOK = 500
SCANNED_PER_LOOK = 10_000
SIZE_PER_LOOK = 1 * MIB
GROUPS = 10
_LOOKS_BACK = 5  # events whose transaction ends later than that of others with higher ids
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Look:
    """New events in the order in which they came, with their streams and groups; ``sampled``: not all of them."""

    events: Sequence[LogEvent]
    sampled: bool


class Tail:
    """What matches in some groups of an account from now on. Its methods are for a thread; none of them waits."""

    def __init__(
        self, *, account: Account, groups: Sequence[str], streams: Q, matches: filter_patterns.Matcher
    ) -> None:
        self._streams = streams & Q(group__account=account, group__name__in=groups)
        self._matches = matches
        latest = LogEvent.objects.aggregate(latest=Max("id"))["latest"] or 0
        self._reached: deque[int] = deque([latest], maxlen=_LOOKS_BACK)
        self._seen: set[int] = set()

    def look(self) -> Look:
        """What has arrived since the last time: at most ``EVENTS_PER_LOOK``, evenly taken from all that did."""
        floor = self._reached[0]
        self._seen = {pk for pk in self._seen if pk > floor}
        # Not by the index of streams and times: only the newest few rows are wanted, whatever their time.
        arrived = LogEvent.objects.annotate(of=Cast(F("stream_id") + 0, IntegerField()))
        mine = arrived.filter(id__gt=floor, of__in=LogStream.objects.filter(self._streams).values("id"))
        newest = list(mine.order_by("-id").values_list("id", flat=True)[:SCANNED_PER_LOOK])
        fresh = sorted(pk for pk in newest if pk not in self._seen)
        self._seen.update(fresh)
        self._reached.append(LogEvent.objects.aggregate(latest=Max("id"))["latest"] or floor)
        look = self._sample(fresh)
        return Look(look.events, look.sampled or len(newest) == SCANNED_PER_LOOK)

    def _sample(self, fresh: Sequence[int]) -> Look:
        """Every first, second, fourth … of those that match: as many as fit."""
        kept: list[LogEvent] = []
        size = matching = 0
        stride = 1
        for event in self._read(fresh):
            if not self._matches(event.message):
                continue
            matching += 1
            if (matching - 1) % stride:
                continue
            kept.append(event)
            size += len(event.message.encode())
            while len(kept) > EVENTS_PER_LOOK or (size > SIZE_PER_LOOK and len(kept) > 1):
                kept, stride = kept[::2], stride * 2
                size = sum(len(event.message.encode()) for event in kept)
        return Look(kept, stride > 1)

    def _read(self, ids: Sequence[int]) -> "QuerySet[LogEvent]":
        rows = LogEvent.objects.filter(id__in=ids).select_related("stream__group").order_by("id")
        return rows.iterator(chunk_size=_CHUNK)  # type: ignore[return-value]


def open_tail(
    *,
    account: Account,
    groups: Sequence[str],
    streams: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    pattern: str = "",
    must_exist: bool = True,
) -> Tail:
    """Begin to look on. ``groups`` are names or ARNs; ``streams`` or ``prefixes`` choose among those of one group.

    Without ``must_exist`` a group may be made later.

    Raises ``InvalidParameter``, ``InvalidFilterPattern``, ``LogGroupNotFound`` or ``LogResourceNotFound``.
    """
    if streams and prefixes:
        raise errors.InvalidParameter("LogStreamNames and LogStreamNamePrefixes are mutually exclusive parameters.")
    if (streams or prefixes) and len(groups) != 1:
        raise errors.InvalidParameter("LogStreamNames or LogStreamNamePrefixes need exactly one log group.")
    matches = filter_patterns.compile(pattern)
    names = [selectors.group_name(account=account, identifier=one) for one in groups]
    for name in names if must_exist else ():
        selectors.get_log_group(account=account, name=name)
    wanted = Q(name__in=list(streams)) if streams else Q()
    if prefixes:
        chosen = LogStream.objects.none()
        for prefix in prefixes:
            chosen = chosen | paging.with_prefix(LogStream.objects.all(), "name", prefix)
        wanted = Q(id__in=chosen.values("id"))
    return Tail(account=account, groups=names, streams=wanted, matches=matches)
