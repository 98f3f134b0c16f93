"""Celery's door to the triggers. Every task may run twice, late, or not at all: the database decides what is done."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from triggers import delivering, firing
from triggers.worker import drainer


@shared_task  # type: ignore[untyped-decorator]
def fire_due_schedules() -> None:
    """Look for ticks that are due, and for events that wait for their target; beat asks for it once a second."""
    firing.fire_due()
    delivering.deliver_due()


@shared_task  # type: ignore[untyped-decorator]
def deliver_due_events() -> None:
    """Deliver what rules and schedules have sent."""
    delivering.deliver_due()


@shared_task  # type: ignore[untyped-decorator]
def read_mappings() -> None:
    """A mapping was made or changed: look now rather than within the second."""
    if (running := drainer()) is not None:
        running.look()


@shared_task  # type: ignore[untyped-decorator]
def prune_firings() -> None:
    """Remove the records of ticks and deliveries that ended long ago."""
    firing.prune(keep=timedelta(days=settings.KEEP_FIRINGS_DAYS))
