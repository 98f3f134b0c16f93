"""The worker's bulk path: what functions print, hundreds of invocations a second, in a few statements."""

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

from django.db import IntegrityError, transaction

from core import clock
from core.strict_json import storable
from logs import storage
from logs.models import LogGroup, LogStream

_ATTEMPTS = 3
_REMEMBERED_STREAMS = 20_000


@dataclass(frozen=True, slots=True)
class FunctionLogBatch:
    """Lines of one invocation: ``events`` are (epoch milliseconds, message, source "f" or "p") in order."""

    account_id: str
    region: str
    group: str
    stream: str
    request_id: str
    events: tuple[tuple[int, str, str], ...]

    @property
    def key(self) -> "StreamKey":
        return self.account_id, self.group, self.stream


type StreamKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    group_id: int
    stream_id: int


class _Places:
    """Where streams are in the database; forgetful, and wrong after somebody deleted one: the writer checks."""

    def __init__(self) -> None:
        self._known: OrderedDict[StreamKey, _Place] = OrderedDict()
        self._lock = Lock()

    def find(self, keys: Iterable[StreamKey]) -> dict[StreamKey, _Place]:
        with self._lock:
            return {key: place for key in keys if (place := self._known.get(key))}

    def learn(self, found: dict[StreamKey, _Place]) -> None:
        with self._lock:
            self._known.update(found)
            while len(self._known) > _REMEMBERED_STREAMS:
                self._known.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


_places = _Places()


class _PlacesMoved(Exception):
    """A remembered stream or group is gone: look again."""


def write_function_events(batches: Iterable[FunctionLogBatch]) -> int:
    """Store the lines of many invocations; make groups and streams that are missing. Returns the number of events.

    All of it is stored or nothing. A group or stream that somebody deletes meanwhile is made again, as Lambda does.
    """
    todo = [batch for batch in batches if batch.events]
    if not todo:
        return 0
    for attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic():
                places = _places.find({batch.key for batch in todo})
                fresh = _make_missing([batch for batch in todo if batch.key not in places])
                count = _write(todo, places | fresh)
        except (_PlacesMoved, IntegrityError):
            _places.forget()
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            _places.learn(fresh)  # only what is committed may be remembered
            return count
    raise AssertionError("unreachable")


def _make_missing(batches: Sequence[FunctionLogBatch]) -> dict[StreamKey, _Place]:
    if not batches:
        return {}
    groups = _groups(batches)
    now = clock.epoch_ms()
    wanted = {batch.key: groups[batch.account_id, batch.group] for batch in batches}
    LogStream.objects.bulk_create(
        (LogStream(group_id=group, name=key[2], created_ms=now) for key, group in wanted.items()),
        ignore_conflicts=True,
    )
    names = {key[2] for key in wanted}
    rows = LogStream.objects.filter(group__in=set(wanted.values()), name__in=names)
    ids = {(group, name): pk for pk, group, name in rows.values_list("id", "group_id", "name")}
    try:
        return {key: _Place(group, ids[group, key[2]]) for key, group in wanted.items()}
    except KeyError:
        raise _PlacesMoved from None


def _groups(batches: Sequence[FunctionLogBatch]) -> dict[tuple[str, str], int]:
    regions = {(batch.account_id, batch.group): batch.region for batch in batches}
    found = _find_groups(regions)
    if missing := regions.keys() - found.keys():
        LogGroup.objects.bulk_create(
            (LogGroup(account_id=key[0], name=key[1], region=regions[key]) for key in sorted(missing)),
            ignore_conflicts=True,
        )
        found = _find_groups(regions)
    return found


def _find_groups(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    accounts, names = {key[0] for key in keys}, {key[1] for key in keys}
    rows = LogGroup.objects.filter(account__in=accounts, name__in=names)
    return {(account, name): pk for pk, account, name in rows.values_list("id", "account_id", "name")}


def _write(batches: Sequence[FunctionLogBatch], places: dict[StreamKey, _Place]) -> int:
    now = clock.epoch_ms()
    rows: list[storage.EventRow] = []
    spans: dict[int, tuple[int, int]] = {}
    sizes: dict[int, int] = {}
    for batch in batches:
        place = places[batch.key]
        request_id = _request_id(batch.request_id)
        first, last = spans.get(place.stream_id, (batch.events[0][0], batch.events[0][0]))
        for timestamp, message, source in batch.events:
            text = storable(message)
            rows.append((place.stream_id, timestamp, now, text, request_id, source))
            sizes[place.group_id] = sizes.get(place.group_id, 0) + len(text.encode()) + storage.EVENT_OVERHEAD
            first, last = min(first, timestamp), max(last, timestamp)
        spans[place.stream_id] = first, last
    if not storage.touch(spans=spans, sizes=sizes, ingestion=now):
        raise _PlacesMoved
    storage.insert_events(rows)
    return len(rows)


def _request_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
