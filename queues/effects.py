"""What follows from changed messages once they are committed: somebody is told, and the metrics count."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from queues import meter, waiting
from queues.models import Queue
from queues.signals import message_available


@dataclass(frozen=True, slots=True)
class Place:
    """A queue as metrics and waiters know it."""

    id: int
    account_id: str
    name: str

    @classmethod
    def of(cls, queue: Queue) -> "Place":
        return cls(queue.pk, queue.account_id, queue.name)


class Effects:
    """Gathered by jobs inside a transaction; ``apply`` after its commit."""

    def __init__(self) -> None:
        self._visible: dict[int, int] = {}
        self._counts: defaultdict[Place, Counter[tuple[str, float]]] = defaultdict(Counter)

    def available(self, queue_id: int, visible_ms: int) -> None:
        """A message of the queue may be received from ``visible_ms`` on."""
        self._visible[queue_id] = min(visible_ms, self._visible.get(queue_id, visible_ms))

    def count(self, queue: Queue, metric: str, value: float = 1.0, times: int = 1) -> None:
        """``times`` values for one of the metrics of the queue."""
        self._counts[Place.of(queue)][metric, value] += times

    def apply(self) -> None:
        """Tell and count."""
        for place, counts in self._counts.items():
            meter.add(place.account_id, place.name, counts)
        if self._visible:
            waiting.announce(self._visible)
            for queue_id, visible_ms in self._visible.items():
                message_available.send(Queue, queue_id=queue_id, visible_ms=visible_ms)
