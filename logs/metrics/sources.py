"""Who knows the values of a namespace that no account writes: ``AWS/Lambda`` is known by the runner."""

from collections.abc import Iterable
from typing import Protocol

from accounts.models import Account
from logs.metrics.identity import MetricId, Series, Window


class Source(Protocol):
    """Computes the metrics of one namespace when they are asked for."""

    def metrics(self, *, account: Account) -> Iterable[MetricId]:
        """The metrics that have values of the last two weeks."""

    def read(self, *, account: Account, metric: MetricId, window: Window, spread: bool) -> dict[str, Series]:
        """A metric's values by unit; how they are spread only if ``spread`` is asked for. Unknown metrics are empty."""


SOURCES: dict[str, Source] = {}


def register_source(namespace: str, source: Source) -> None:
    """Have ``source`` asked for everything in ``namespace``."""
    SOURCES[namespace] = source
