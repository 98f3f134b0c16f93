"""Answers kept in a process for as long as an account's stamp stays the same."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Stamped[V]:
    """At most ``size`` answers, the least recently used go first. For many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[Hashable, tuple[int, V]] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, key: Hashable, stamp: int) -> V | None:
        """What is kept of ``key`` for this stamp; None when it has to be loaded."""
        with self._lock:
            known = self._known.get(key)
        return known[1] if known is not None and known[0] == stamp else None

    def get(self, key: Hashable, stamp: int, load: Callable[..., V], *arguments: Any) -> V:
        """What ``load(*arguments)`` said at ``stamp``. The stamp must have been read before this is called.

        So what is kept with a stamp is never older than the stamp, and whoever reads a newer one asks again.
        """
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] == stamp:
                self._known.move_to_end(key)
                return known[1]
        value = load(*arguments)
        with self._lock:
            self._known[key] = stamp, value
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return value
