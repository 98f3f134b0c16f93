"""The engine inside Celery's worker: a bootstep starts it with the worker and stops it with it."""

import logging
from typing import Any

from celery import bootsteps

from core.collector import keep_what_is_loaded
from core.errors import ServiceError
from runner.engine import Engine

log = logging.getLogger(__name__)

_engine: Engine | None = None


def engine() -> Engine | None:
    """The engine of this process, if it is a worker's."""
    return _engine


class EngineStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts before Celery's consumer and stops after it."""

    requires = {"celery.worker.components:Pool"}

    def start(self, parent: Any) -> None:
        global _engine
        made = Engine()
        try:
            made.start()
        except ServiceError as error:
            log.critical("This worker cannot run functions: %s %s", error.text, error.hint)
            raise
        _engine = made
        keep_what_is_loaded()

    def stop(self, parent: Any) -> None:
        global _engine
        stopping, _engine = _engine, None
        if stopping is not None:
            stopping.stop()

    terminate = stop
