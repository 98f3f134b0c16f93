"""Tells the workers that there is something to do, by a Celery task; it only saves a second, nothing depends on it.

One thread rings for the whole process, so that no request waits for the messenger; rings for the same thing that
come while one is on its way become one.
"""

import logging
import threading

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

type Ring = tuple[str, tuple[str, ...]]
_EXPIRES_S = 30


class _Ringer:
    def __init__(self) -> None:
        self._wanted: dict[Ring, None] = {}
        self._lock = threading.Condition()
        threading.Thread(target=self._work, name="triggers-bell", daemon=True).start()

    def ring(self, ring: Ring) -> None:
        with self._lock:
            self._wanted[ring] = None
            self._lock.notify()

    def _work(self) -> None:
        while True:
            with self._lock:
                while not self._wanted:
                    self._lock.wait()
                rings, self._wanted = self._wanted, {}
            for task, arguments in rings:
                try:
                    current_app.send_task(task, args=arguments, retry=False, ignore_result=True, expires=_EXPIRES_S)
                except (OperationalError, OSError) as error:
                    log.warning("The bell was not heard (work waits for the next second): %s", error)


_ringer: _Ringer | None = None
_making = threading.Lock()


def ring(task: str, *arguments: str) -> None:
    """Ask for the task of that name, soon; returns at once."""
    global _ringer
    if _ringer is None:
        with _making:
            _ringer = _ringer or _Ringer()
    _ringer.ring((task, arguments))
