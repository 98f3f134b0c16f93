"""Periodic work of the package."""

from celery import shared_task

from queues import services, sweeping


@shared_task  # type: ignore[untyped-decorator]
def move_messages() -> None:
    """Go on moving messages out of dead-letter queues."""
    services.move_messages()


@shared_task  # type: ignore[untyped-decorator]
def sweep_queues() -> None:
    """Remove messages that are past their retention, and record how full queues are."""
    sweeping.sweep()
    sweeping.measure()
