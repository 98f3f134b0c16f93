"""The metrics of ``AWS/SQS``: what happens is gathered in memory and stored once a second; depths are read each minute.

Source: SQS developer guide, "Available CloudWatch metrics for Amazon SQS".
"""

import logging
import threading
from collections import Counter

from django.db import DatabaseError, IntegrityError, InterfaceError

from core import clock, database
from core.errors import ServiceError
from logs.metrics import MetricId, Sample, Summary, store

log = logging.getLogger(__name__)

NAMESPACE = "AWS/SQS"
SENT, RECEIVED, DELETED, EMPTY = (
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
)
SIZE = "SentMessageSize"
_UNITS = {SIZE: "Bytes", "ApproximateAgeOfOldestMessage": "Seconds"}
EVERY_S = 1.0

type _Key = tuple[str, str, int]
"""Account, queue name and the minute."""

_waiting: dict[_Key, Counter[tuple[str, float]]] = {}
_lock = threading.Lock()
_timer: threading.Timer | None = None


def add(account_id: str, queue: str, counts: Counter[tuple[str, float]]) -> None:
    """Count values of now: how often each (metric, value) occurred."""
    global _timer
    second = int(clock.now().timestamp())
    with _lock:
        _waiting.setdefault((account_id, queue, second - second % 60), Counter()).update(counts)
        if _timer is None:
            _timer = threading.Timer(EVERY_S, _on_time)
            _timer.daemon = True
            _timer.start()


def flush() -> None:
    """Store what waits, now; what the database does not take is kept for the next time."""
    global _waiting
    with _lock:
        waiting, _waiting = _waiting, {}
    if not waiting:
        return
    samples = [one for key, counts in waiting.items() for one in _samples(*key, counts)]
    try:
        store.record(samples)
    except (IntegrityError, ServiceError) as error:  # an account is gone
        log.warning("%d metrics of queues could not be stored: %s", len(samples), error)
    except (DatabaseError, InterfaceError) as error:
        log.warning("The database does not take metrics of queues: %s", error)
        with _lock:
            for key, counts in waiting.items():
                _waiting.setdefault(key, Counter()).update(counts)


def sample(account_id: str, queue: str, metric: str, value: float, *, at_s: int) -> Sample:
    """One value of a queue's metric in the minute of ``at_s``."""
    return _sample(account_id, queue, metric, at_s - at_s % 60, [(value, 1.0)])


def _samples(account_id: str, queue: str, start: int, counts: Counter[tuple[str, float]]) -> list[Sample]:
    values: dict[str, list[tuple[float, float]]] = {}
    for (metric, value), times in counts.items():
        values.setdefault(metric, []).append((value, float(times)))
    return [_sample(account_id, queue, metric, start, found) for metric, found in values.items()]


def _sample(account_id: str, queue: str, metric: str, start: int, values: list[tuple[float, float]]) -> Sample:
    identity = MetricId.of(NAMESPACE, metric, [("QueueName", queue)])
    return Sample(account_id, identity, _UNITS.get(metric, "Count"), start, Summary.of(values))


def _on_time() -> None:
    global _timer
    with _lock:
        _timer = None
    with database.borrowed():
        flush()
