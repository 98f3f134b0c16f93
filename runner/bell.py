"""The doorbell: tells the workers that events are due. It only saves a second; nothing depends on it."""

import logging
import threading

from core import redis

log = logging.getLogger(__name__)

KEY = "bell"
# KEYS: the bell's list. At most one ring waits; it goes away by itself when no worker comes.
_RING = (
    "if redis.call('LLEN', KEYS[1]) == 0 then redis.call('RPUSH', KEYS[1], '1') redis.call('EXPIRE', KEYS[1], 5) end"
)


class _Ringer:
    """One thread rings for the whole process, so that no request waits for Redis; many rings become one."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        threading.Thread(target=self._ring, name="bell", daemon=True).start()

    def ring(self) -> None:
        self._asked.set()

    def _ring(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            try:
                redis.run_script(_RING, keys=[KEY], args=[])
            except redis.Unavailable as error:
                log.warning("The bell was not heard (events wait for the next tick): %s", error)


_ringer: _Ringer | None = None
_making = threading.Lock()


def ring() -> None:
    """Tell the workers, soon; returns at once."""
    global _ringer
    if _ringer is None:
        with _making:
            _ringer = _ringer or _Ringer()
    _ringer.ring()
