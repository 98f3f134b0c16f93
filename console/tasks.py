"""What beat asks for every second, as one task: a message for each cost a resting server a twentieth of a processor."""

import logging

from celery import shared_task

from console.celery import EVERY_SECOND, app

log = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def do_every_second() -> None:
    """Do all of ``EVERY_SECOND``; what fails is tried again in a second, and keeps nothing else from being done."""
    for name in EVERY_SECOND:
        try:
            app.tasks[name]()
        except Exception:  # whatever it is, the others are not to suffer from it
            log.exception("%s failed; the next second tries it again", name)
