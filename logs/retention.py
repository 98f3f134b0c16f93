"""Removing log events that are past their group's retention, or that their group has no room for."""

from django.db.models import Q, QuerySet

from core import clock
from core.limits import MIB
from logs import storage
from logs.models import LogEvent, LogGroup, LogStream

_DAY_MS = 86_400_000
_BYTES_PER_RUN = 256 * MIB  # of one stream; the next run goes on
_FULL_TO = 0.9  # trim to nine tenths, not to the brim
FUNCTION_GROUPS = "/aws/lambda/"


def sweep() -> None:
    """Apply retention and size to every group. Bounded work; may run twice at once, and again at any time."""
    overfull = Q(stored_bytes__gt=storage.keep_bytes())
    for group in LogGroup.objects.filter(Q(retention_days__isnull=False) | overfull).order_by("id"):
        if group.retention_days is not None:
            _expire(group, before=clock.epoch_ms() - group.retention_days * _DAY_MS)
    for group in LogGroup.objects.filter(overfull).order_by("id"):
        _trim(group, excess=group.stored_bytes - int(storage.keep_bytes() * _FULL_TO))
    _remove_empty_streams()


def _expire(group: LogGroup, *, before: int) -> None:
    for stream in _oldest_first(group).filter(first_event_ms__lt=before):
        events = LogEvent.objects.filter(stream=stream, timestamp__lt=before)
        freed = 0
        while freed < _BYTES_PER_RUN and (more := storage.delete_some(events, group_id=group.id)):
            freed += more
        storage.note_span(stream)


def _trim(group: LogGroup, *, excess: int) -> None:
    """The oldest streams lose their oldest events."""
    for stream in _oldest_first(group):
        events = LogEvent.objects.filter(stream=stream)
        while excess > 0 and (freed := storage.delete_some(events, group_id=group.id, wanted=excess)):
            excess -= freed
        storage.note_span(stream)
        if excess <= 0:
            return


def _oldest_first(group: LogGroup) -> QuerySet[LogStream]:
    return LogStream.objects.filter(group=group, first_event_ms__isnull=False).order_by("first_event_ms", "id")


def _remove_empty_streams() -> None:
    """A function makes a stream for each environment: those of past days that lost all events go too."""
    yesterday = clock.epoch_ms() - _DAY_MS
    empty = LogStream.objects.filter(
        group__name__startswith=FUNCTION_GROUPS, first_event_ms=None, created_ms__lt=yesterday
    )
    for stream in empty.order_by("id")[:10_000]:
        storage.delete_stream(stream=stream)
