"""Periodic work of the package."""

from celery import shared_task

from logs import retention


@shared_task  # type: ignore[untyped-decorator]
def sweep_logs() -> None:
    """Remove events that are past their retention, or over their group's size."""
    retention.sweep()
