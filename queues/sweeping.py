"""What goes by itself: messages after their retention, and what is remembered for some minutes. And how full queues are."""

from datetime import timedelta

from django.db import connection

from core import clock, limits
from logs import metrics
from queues import meter, selectors
from queues.models import Deduplication, DeletedQueue, Message, MoveTask, Queue, ReceiveAttempt
from queues.services.managing import NAME_FREE_AFTER

_AT_ONCE = 5_000
_TASKS_KEPT = timedelta(days=14)


def sweep() -> None:
    """Remove what is past its time; safe to repeat at any moment."""
    while remove_expired() == _AT_ONCE:
        pass
    now = clock.now()
    since_ms = clock.epoch_ms() - limits.DEDUPLICATION_S * 1000
    Deduplication.objects.filter(at_ms__lte=since_ms).delete()
    ReceiveAttempt.objects.filter(at_ms__lte=since_ms).delete()
    DeletedQueue.objects.filter(deleted_at__lte=now - NAME_FREE_AFTER).delete()
    MoveTask.objects.filter(started_ms__lt=int((now - _TASKS_KEPT).timestamp() * 1000)).delete()


def remove_expired() -> int:
    """Remove some of the messages that outlived their queue's retention; how many."""
    messages, queues = Message._meta.db_table, Queue._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {messages} WHERE id IN (SELECT m.id FROM {messages} m JOIN {queues} q ON q.id = m.queue_id "
            f"WHERE m.sent_ms <= %s - q.retention_s * CAST(1000 AS BIGINT) LIMIT {_AT_ONCE})",
            [clock.epoch_ms()],
        )
        return int(cursor.rowcount)


# -- depths ----------------------------------------------------------------------------------------

_GAUGES = (
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateAgeOfOldestMessage",
)
_reported: set[int] = set()  # queues that had messages a minute ago: their zeros are told once


def measure() -> None:
    """Record how many messages each queue has, and how old the oldest is; of empty queues only that they became so."""
    global _reported
    queues = list(Queue.objects.filter(pk__in=Message.objects.values("queue_id").distinct()))
    emptied = list(Queue.objects.filter(pk__in=_reported - {queue.pk for queue in queues}))
    at_s, counts, ages = clock.epoch_ms() // 1000, selectors.count_many(queues), _ages()
    samples = []
    for queue in (*queues, *emptied):
        count = counts.get(queue.pk)
        values = (count.visible, count.not_visible, count.delayed, ages.get(queue.pk, 0.0)) if count else (0, 0, 0, 0)
        for name, value in zip(_GAUGES, values, strict=True):
            samples.append(meter.sample(queue.account_id, queue.name, name, float(value), at_s=at_s))
    metrics.record(samples)
    _reported = {queue.pk for queue in queues}


def _ages() -> dict[int, float]:
    """How long the oldest message of each queue has been in it, in seconds."""
    now_ms = clock.epoch_ms()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT queue_id, min(arrived_ms) FROM {Message._meta.db_table} GROUP BY queue_id")
        return {queue_id: max(0.0, (now_ms - arrived_ms) / 1000) for queue_id, arrived_ms in cursor.fetchall()}
