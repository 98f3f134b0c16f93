"""The worker's bulk path: what functions print, hundreds of invocations a second, in a few statements."""

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import NamedTuple

from django.db import IntegrityError, transaction

from core import clock, limits
from core.strict_json import storable
from logs import budget, storage
from logs.models import LogEvent, LogGroup

_ATTEMPTS = 3  # the first trusts its memory; the others hold the places they look up
_PIECE = 256 * limits.KIB  # characters: at most four bytes each
_REMEMBERED = 20_000  # streams, and groups


class FunctionLogBatch(NamedTuple):
    """Lines of one invocation: ``events`` are (epoch milliseconds, message, source "f" or "p") in order."""

    account_id: str
    region: str
    group: str
    stream: str
    request_id: str
    events: tuple[tuple[int, str, str], ...]


type GroupKey = tuple[str, str]
type StreamKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    group_id: int
    stream_id: int


class _Places:
    """Where streams and groups are in the database; forgetful, and wrong after somebody deleted one: the writer checks."""

    def __init__(self) -> None:
        self._known: OrderedDict[StreamKey, _Place] = OrderedDict()
        self._groups: OrderedDict[GroupKey, int] = OrderedDict()
        self._lock = Lock()

    def find(self, keys: Iterable[StreamKey]) -> dict[StreamKey, _Place]:
        with self._lock:
            return {key: place for key in keys if (place := self._known.get(key))}

    def find_groups(self, keys: Iterable[GroupKey]) -> dict[GroupKey, int]:
        with self._lock:
            return {key: group_id for key in keys if (group_id := self._groups.get(key))}

    def learn(self, found: dict[StreamKey, _Place]) -> None:
        with self._lock:
            self._known.update(found)
            self._groups.update((key[:2], place.group_id) for key, place in found.items())
            for known in (self._known, self._groups):
                while len(known) > _REMEMBERED:
                    known.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()
            self._groups.clear()


_places = _Places()
_budget: budget.Budget[tuple[str, str]] = budget.Budget()


class _PlacesMoved(Exception):
    """A remembered stream or group is gone: look again."""


def write_function_events(batches: Iterable[FunctionLogBatch]) -> int:
    """Store the lines of many invocations; make groups and streams that are missing. Returns the number of events.

    All of it is stored or nothing; inside a transaction it is part of that. A group or stream that somebody deletes
    meanwhile is made again, as Lambda does. A group takes at most ``budget.RATE`` bytes a second and
    ``LOG_GROUP_MB`` in all; an event of the platform says how many lines were left out.
    """
    todo = [_prepare(batch) for batch in batches if batch.events]
    if not todo:
        return 0
    for attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic():
                places = {} if attempt else _places.find({batch.key for batch in todo})
                missing = [batch for batch in todo if batch.key not in places]
                groups = {} if attempt else _places.find_groups({batch.key[:2] for batch in missing})
                fresh = _make_missing(missing, groups)
                count = _write(todo, places | fresh)
                # A row that is rolled back may give its id to another's stream: remember only what is committed.
                transaction.on_commit(partial(_places.learn, fresh))
        except (_PlacesMoved, IntegrityError):
            _places.forget()
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return count
    raise AssertionError("unreachable")


# -- what is written -------------------------------------------------------------------------------


class _Line(NamedTuple):
    timestamp: int
    text: str
    source: str

    @property
    def size(self) -> int:
        length = len(self.text)
        return (length if self.text.isascii() else len(self.text.encode())) + storage.EVENT_OVERHEAD


class _Prepared(NamedTuple):
    """A batch whose lines can be stored as they are."""

    account_id: str
    region: str
    group: str
    stream: str
    request_id: uuid.UUID | None
    lines: Sequence[_Line]

    @property
    def key(self) -> StreamKey:
        return self.account_id, self.group, self.stream


def _prepare(batch: FunctionLogBatch) -> _Prepared:
    now = clock.monotonic()
    lines: list[_Line] = []
    left_out = 0
    for timestamp, message, source in batch.events:
        for text in _pieces(storable(message)):
            line = _Line(timestamp, text, source)
            if source == LogEvent.Source.PLATFORM or _budget.take((batch.account_id, batch.group), line.size, now=now):
                lines.append(line)
            else:
                left_out += 1
    if left_out:
        why = f"a log group takes at most {budget.RATE // limits.MIB} MiB a second"
        lines.append(_notice(batch.events[-1][0], left_out, why))
    return _Prepared(batch.account_id, batch.region, batch.group, batch.stream, _request_id(batch.request_id), lines)


def _pieces(text: str) -> Iterable[str]:
    """A line in pieces that are small enough for one event each."""
    if len(text) <= _PIECE:
        return (text,)
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))


def _notice(timestamp: int, count: int, why: str) -> _Line:
    return _Line(timestamp, f"[PLATFORM] {count} log lines were left out: {why}.\n", LogEvent.Source.PLATFORM)


def _request_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _room(batch: _Prepared, is_full: bool) -> Sequence[_Line]:
    """The lines that the group has room for: the platform's own always."""
    if not is_full:
        return batch.lines
    kept = [line for line in batch.lines if line.source == LogEvent.Source.PLATFORM]
    left_out = len(batch.lines) - len(kept)
    if left_out:
        kept.append(_notice(batch.lines[-1].timestamp, left_out, "the log group is full"))
    return kept


def _write(batches: Sequence[_Prepared], places: dict[StreamKey, _Place]) -> int:
    now = clock.epoch_ms()
    full = storage.full_groups({places[batch.key].group_id for batch in batches})
    rows: list[storage.EventRow] = []
    spans: dict[int, tuple[int, int]] = {}
    sizes: dict[int, int] = {}
    for batch in batches:
        place = places[batch.key]
        for line in _room(batch, place.group_id in full):
            rows.append((place.stream_id, line.timestamp, now, line.text, batch.request_id, line.source))
            sizes[place.group_id] = sizes.get(place.group_id, 0) + line.size
            first, last = spans.get(place.stream_id, (line.timestamp, line.timestamp))
            spans[place.stream_id] = min(first, line.timestamp), max(last, line.timestamp)
    if not storage.touch(spans=spans, sizes=sizes, ingestion=now):
        raise _PlacesMoved
    storage.insert_events(rows)
    return len(rows)


# -- where it is written ---------------------------------------------------------------------------


def _make_missing(batches: Sequence[_Prepared], known: dict[GroupKey, int]) -> dict[StreamKey, _Place]:
    """Streams, and groups that are not ``known``, by name, as they are or made. What is there is written over with
    itself, which locks it: nobody deletes it before this transaction has put its lines in.
    """
    if not batches:
        return {}
    if not storage.hold_groups(known.values()):
        raise _PlacesMoved
    groups = known | _groups([batch for batch in batches if batch.key[:2] not in known])
    wanted = {batch.key: (groups[batch.key[:2]], batch.stream) for batch in batches}
    streams = storage.make_streams(list(set(wanted.values())), now=clock.epoch_ms())
    return {key: _Place(place[0], streams[place]) for key, place in wanted.items()}


def _groups(batches: Sequence[_Prepared]) -> dict[GroupKey, int]:
    if not batches:
        return {}
    regions = {(batch.account_id, batch.group): batch.region for batch in batches}
    groups = LogGroup.objects.bulk_create(
        (LogGroup(account_id=key[0], name=key[1], region=regions[key]) for key in sorted(regions)),
        update_conflicts=True,
        update_fields=["name"],
        unique_fields=["account", "name"],
    )
    return {(group.account_id, group.name): group.id for group in groups}
