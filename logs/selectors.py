"""Reading logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from accounts.models import Account
from accounts.selectors import own_arn
from core import arns, paging
from core.errors import InvalidParameterValue
from core.limits import MIB
from logs import errors, filter_patterns
from logs.models import LogEvent, LogGroup, LogStream
from logs.positions import Direction, Position, Token, parse

DESCRIBE_LIMIT = 50
EVENTS_LIMIT = 10_000
RESPONSE_SIZE = 1 * MIB
SCAN_CHUNK = 1_000
SCANNED_EVENTS = 10_000  # of one FilterLogEvents; it answers what it found so far and a token


# -- groups and streams ----------------------------------------------------------------------------


def group_name(*, account: Account, identifier: str) -> str:
    """The name in a log group's name or ARN; an ARN of another account means the caller's own group."""
    if not identifier.startswith("arn:"):
        return identifier
    parsed = arns.parse(own_arn(account=account, arn=identifier)[0])
    kind, _, name = parsed.resource.partition(":") if parsed and parsed.service == "logs" else ("", "", "")
    if kind != "log-group":
        raise errors.LogResourceNotFound
    return name.removesuffix(":*")


def get_log_group(*, account: Account, name: str) -> LogGroup:
    """The group; raises ``LogGroupNotFound``."""
    group = LogGroup.objects.filter(account=account, name=name).first()
    if group is None:
        raise errors.LogGroupNotFound
    return group


def get_log_stream(*, account: Account, group: str, name: str) -> LogStream:
    """The stream; raises ``LogGroupNotFound``, ``LogStreamNotFound``."""
    found = get_log_group(account=account, name=group)
    stream = found.streams.filter(name=name).first()
    if stream is None:
        raise errors.LogStreamNotFound
    stream.group = found
    return stream


def describe_log_groups(
    *,
    account: Account,
    prefix: str = "",
    pattern: str = "",
    names: Sequence[str] = (),
    log_group_class: str = "",
    token: str | None = None,
    limit: int = DESCRIBE_LIMIT,
) -> tuple[Sequence[LogGroup], str | None]:
    """Groups by name, of a prefix or with ``pattern`` anywhere in the name, and the token of the next page."""
    if prefix and pattern:
        raise errors.InvalidParameter("LogGroupNamePrefix and LogGroupNamePattern are mutually exclusive parameters.")
    rows = paging.with_prefix(LogGroup.objects.filter(account=account), "name", prefix)
    if pattern:
        rows = rows.filter(GreaterThan(StrIndex("name", Value(pattern)), Value(0)))
    if names:
        rows = rows.filter(name__in=names)
    if log_group_class:
        rows = rows.filter(log_group_class=log_group_class)
    return _page(rows, token=token, limit=limit)


def _page[M: (LogGroup, LogStream)](
    rows: QuerySet[M], *, token: str | None, limit: int
) -> tuple[Sequence[M], str | None]:
    try:
        return paging.page(rows, marker=token, size=limit, key="name")
    except InvalidParameterValue:
        raise errors.InvalidToken from None


def describe_log_streams(
    *,
    account: Account,
    group: str,
    prefix: str = "",
    order_by: str = "LogStreamName",
    descending: bool = False,
    token: str | None = None,
    limit: int = DESCRIBE_LIMIT,
) -> tuple[Sequence[LogStream], str | None]:
    """Streams by name or by their last event, and the token of the next page.

    A stream without events comes before all others by last event.
    """
    found = get_log_group(account=account, name=group)
    by_time = order_by == "LastEventTime"
    if by_time and prefix:
        raise errors.InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    rows = paging.with_prefix(LogStream.objects.filter(group=found), "name", prefix)
    if by_time:
        streams, next_token = _streams_by_time(rows, descending=descending, token=token, limit=limit)
    elif descending:
        streams, next_token = _streams_by_name_descending(rows, token=token, limit=limit)
    else:
        streams, next_token = _page(rows, token=token, limit=limit)
    for stream in streams:
        stream.group = found
    return streams, next_token


def _streams_by_name_descending(
    rows: QuerySet[LogStream], *, token: str | None, limit: int
) -> tuple[Sequence[LogStream], str | None]:
    if token:
        rows = rows.filter(name__lt=_marker(token, str)[0])
    found = list(rows.order_by("-name")[: limit + 1])
    more = len(found) > limit
    return found[:limit], paging.encode_marker(found[limit - 1].name) if more else None


def _streams_by_time(
    rows: QuerySet[LogStream], *, descending: bool, token: str | None, limit: int
) -> tuple[Sequence[LogStream], str | None]:
    if token:
        rows = rows.filter(_beyond(*_marker(token, int, int), descending=descending))
    time = F("last_event_ms")
    order = (time.desc(nulls_last=True), "-id") if descending else (time.asc(nulls_first=True), "id")
    found = list(rows.order_by(*order)[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], paging.encode_marker(-1 if last.last_event_ms is None else last.last_event_ms, last.id)


def _beyond(time: int, pk: int, *, descending: bool) -> Q:
    """The streams after (time, pk); a time of -1 stands for a stream without events."""
    if descending:
        if time < 0:
            return Q(last_event_ms=None, id__lt=pk)
        return Q(last_event_ms__lt=time) | Q(last_event_ms=time, id__lt=pk) | Q(last_event_ms=None)
    if time < 0:
        return Q(last_event_ms=None, id__gt=pk) | Q(last_event_ms__isnull=False)
    return Q(last_event_ms__gt=time) | Q(last_event_ms=time, id__gt=pk)


def _marker(token: str, *kinds: type) -> list[Any]:
    """The values in a token, each of its kind; raises ``InvalidToken``."""
    try:
        values = paging.decode_marker(token)
    except InvalidParameterValue:
        raise errors.InvalidToken from None
    if len(values) != len(kinds) or not all(type(value) is kind for value, kind in zip(values, kinds, strict=True)):
        raise errors.InvalidToken
    if any(isinstance(value, int) and abs(value) >= 1 << 63 for value in values):
        raise errors.InvalidToken
    return values


# -- the events of one stream ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamPage:
    """Events of one stream, oldest first, and the tokens of what comes after and before them."""

    events: Sequence[LogEvent]
    next_forward_token: str
    next_backward_token: str


def get_log_events(
    *,
    account: Account,
    group: str,
    stream: str,
    start: int | None = None,
    end: int | None = None,
    limit: int = EVENTS_LIMIT,
    start_from_head: bool = False,
    token: str | None = None,
) -> StreamPage:
    """Events of a stream from ``start`` (inclusive) to before ``end``, epoch milliseconds: at most ``limit`` or 1 MiB.

    Without a token the latest, or the oldest with ``start_from_head``. At the end of the stream the token that was
    passed comes back, which is how a client knows; asked again later it gives what came meanwhile.
    """
    found = get_log_stream(account=account, group=group, name=stream)
    rows = _between(LogEvent.objects.filter(stream=found), start, end)
    given = parse(token) if token else None
    forward = given.direction == "f" if given else start_from_head
    if given:
        rows = rows.filter(_after(given.position) if forward else _before(given.position))
    order = ("timestamp", "id") if forward else ("-timestamp", "-id")
    events = _fitting(list(rows.order_by(*order)[:limit]))
    return _stream_page(events if forward else events[::-1], given, Position(start or 0, 0))


def _stream_page(events: Sequence[LogEvent], given: Token | None, start: Position) -> StreamPage:
    if events:
        first, last = (Position(event.timestamp, event.id) for event in (events[0], events[-1]))
        return StreamPage(events, str(Token("f", last)), str(Token("b", first)))
    place = given.position if given else start
    if given is None:
        after, before = place, place
    elif given.direction == "f":
        after, before = place, Position(place.timestamp, place.id + 1)
    else:
        after, before = Position(place.timestamp, place.id - 1), place
    return StreamPage([], str(Token("f", after)), str(Token("b", before)))


def _between(rows: QuerySet[LogEvent], start: int | None, end: int | None) -> QuerySet[LogEvent]:
    if start is not None:
        rows = rows.filter(timestamp__gte=start)
    if end is not None:
        rows = rows.filter(timestamp__lt=end)
    return rows


def _after(place: Position) -> Q:
    # The first half says nothing new, and lets the database walk its index from there.
    return Q(timestamp__gte=place.timestamp) & (Q(timestamp__gt=place.timestamp) | Q(id__gt=place.id))


def _before(place: Position) -> Q:
    return Q(timestamp__lte=place.timestamp) & (Q(timestamp__lt=place.timestamp) | Q(id__lt=place.id))


def _fitting(events: list[LogEvent]) -> list[LogEvent]:
    """As many as one answer may hold, and at least one."""
    size = 0
    for count, event in enumerate(events):
        size += len(event.message.encode())
        if size > RESPONSE_SIZE and count:
            return events[:count]
    return events


# -- the events of a group -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilteredPage:
    """Matching events in order, and the token of the next page; a page may be empty and not be the last."""

    events: Sequence[LogEvent]
    next_token: str | None


def filter_log_events(
    *,
    account: Account,
    group: str,
    streams: Sequence[str] = (),
    prefix: str = "",
    start: int | None = None,
    end: int | None = None,
    pattern: str = "",
    limit: int = EVENTS_LIMIT,
    start_from_head: bool = True,
    token: str | None = None,
) -> FilteredPage:
    """Events of a group that match a filter pattern, all streams interleaved; a token keeps its direction.

    ``start`` is inclusive, and so is ``end`` here, unlike in GetLogEvents. One call looks at a bounded number of
    events; when there are more, the page has a token even if nothing matched yet. Raises ``LogGroupNotFound``,
    ``LogStreamNotFound``, ``InvalidFilterPattern``, ``InvalidToken``.
    """
    matches = filter_patterns.compile(pattern)
    found = get_log_group(account=account, name=group)
    chosen = _chosen_streams(found, streams, prefix, start, end)
    rows = _between(LogEvent.objects.filter(stream__in=chosen), start, None if end is None else end + 1)
    place = parse(token) if token else None
    direction: Direction = place.direction if place else ("f" if start_from_head else "b")
    chunk = SCAN_CHUNK if pattern.strip() else min(limit + 1, SCANNED_EVENTS)
    picked = _pick(rows, matches, direction, after=place.position if place else None, limit=limit, chunk=chunk)
    events = _load([position.id for position in picked.positions])
    return FilteredPage(events, str(Token(direction, picked.last)) if picked.last else None)


@dataclass(frozen=True, slots=True)
class _Picked:
    """The places of the events for one page, and the one after which the next page begins, if there is one."""

    positions: Sequence[Position]
    last: Position | None


def _pick(
    rows: QuerySet[LogEvent],
    matches: filter_patterns.Matcher,
    direction: Direction,
    *,
    after: Position | None,
    limit: int,
    chunk: int,
) -> _Picked:
    order = ("timestamp", "id") if direction == "f" else ("-timestamp", "-id")
    picked: list[Position] = []
    size = scanned = 0
    while scanned < SCANNED_EVENTS:
        ahead = rows
        if after is not None:
            ahead = rows.filter(_after(after) if direction == "f" else _before(after))
        # Ids first, from the index alone; messages only for the few rows that are left.
        ids = ahead.order_by(*order).values("id")[:chunk]
        seen = LogEvent.objects.filter(id__in=ids).order_by(*order).values_list("timestamp", "id", "message")
        count = 0
        for timestamp, pk, message in seen:
            count += 1
            if matches(message):
                size += len(message.encode())
                if picked and (size > RESPONSE_SIZE or len(picked) == limit):
                    return _Picked(picked, after)
                picked.append(Position(timestamp, pk))
            after = Position(timestamp, pk)
        if count < chunk:
            return _Picked(picked, None)
        scanned += count
    return _Picked(picked, after)


def _load(ids: Sequence[int]) -> Sequence[LogEvent]:
    """Events with their streams, in the order of ``ids``."""
    events = LogEvent.objects.in_bulk(ids)
    streams = LogStream.objects.in_bulk({event.stream_id for event in events.values()})
    found = [events[pk] for pk in ids if pk in events]
    for event in found:
        event.stream = streams[event.stream_id]
    return found


def _chosen_streams(
    group: LogGroup, names: Sequence[str], prefix: str, start: int | None, end: int | None
) -> QuerySet[LogStream]:
    if names and prefix:
        raise errors.InvalidParameter("LogStreamNames and LogStreamNamePrefix are mutually exclusive parameters.")
    rows = paging.with_prefix(LogStream.objects.filter(group=group), "name", prefix)
    if names:
        rows = rows.filter(name__in=names)
        if rows.count() != len(set(names)):
            raise errors.LogStreamNotFound
    if start is not None:
        rows = rows.filter(last_event_ms__gte=start)
    if end is not None:
        rows = rows.filter(first_event_ms__lte=end)
    return rows


def events_of_request(*, account: Account, group: str, request_id: str, limit: int = 1_000) -> Sequence[LogEvent]:
    """What one invocation wrote, in order."""
    rows = LogEvent.objects.filter(stream__group__account=account, stream__group__name=group, request_id=request_id)
    return list(rows.order_by("id")[:limit])
