"""Values that come one by one and often: gathered in memory, stored together once a second."""

import logging
import threading

from django.db import DatabaseError, IntegrityError, InterfaceError, connection

from core import clock
from core.errors import ServiceError
from logs.metrics import store
from logs.metrics.identity import MetricId
from logs.metrics.store import Sample
from logs.metrics.summary import Summary

log = logging.getLogger(__name__)

EVERY_S = 1.0
_WAITING = 10_000  # different metrics and minutes; what is beyond is lost, and the log says so

type _Key = tuple[str, MetricId, str, int]


class Recorder:
    """``add`` costs no more than a dictionary; a process that is killed loses the last second."""

    def __init__(self, *, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._waiting: dict[_Key, Summary] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, *, account_id: str, metric: MetricId, unit: str, value: float) -> None:
        """Count a value of now."""
        second = int(clock.now().timestamp())
        key = account_id, metric, unit, second - second % 60
        summary = Summary.of([(value, 1.0)])
        with self._lock:
            self._put(key, summary)
            if self._timer is None:
                self._timer = threading.Timer(self._every_s, self._on_time)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Store what waits, now; what the database does not take is kept for the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        samples = [Sample(key[0], key[1], key[2], key[3], summary) for key, summary in waiting.items()]
        try:
            store.record(samples)
        except (IntegrityError, ServiceError) as error:  # the account is gone
            log.warning("%d metrics could not be stored: %s", len(samples), error)
        except (DatabaseError, InterfaceError) as error:
            log.warning("The database does not take metrics: %s", error)
            with self._lock:
                for key, summary in waiting.items():
                    self._put(key, summary)

    def _put(self, key: _Key, summary: Summary) -> None:
        if key in self._waiting:
            self._waiting[key] = self._waiting[key].merge(summary)
        elif len(self._waiting) < _WAITING:
            self._waiting[key] = summary
        else:
            log.warning("Too many metrics wait for the database: one is lost")

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.flush()
        finally:
            connection.close()


recorder = Recorder()
"""The one of this process."""
