"""Event source mappings inside Celery's worker: a bootstep starts them after the engine and stops them before it."""

from typing import Any

from celery import bootsteps
from django.conf import settings

from runner.engine import EVENTS
from runner.worker import EngineStep
from triggers.draining import Drainer

_drainer: Drainer | None = None


def drainer() -> Drainer | None:
    """The one of this process, if it is a worker's that serves events."""
    return _drainer


class MappingStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Drains queues for as long as the engine runs functions."""

    requires = {EngineStep}

    def start(self, parent: Any) -> None:
        global _drainer
        if EVENTS in settings.WORKER_SERVES:
            _drainer = Drainer()
            _drainer.start()

    def stop(self, parent: Any) -> None:
        global _drainer
        stopping, _drainer = _drainer, None
        if stopping is not None:
            stopping.stop(settings.STOP_PATIENCE_S)

    terminate = stop
