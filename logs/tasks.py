"""Periodic work of the package."""

from celery import shared_task

from logs import metrics, retention


@shared_task  # type: ignore[untyped-decorator]
def sweep_logs() -> None:
    """Remove events that are past their retention, or over their group's size."""
    retention.sweep()


@shared_task  # type: ignore[untyped-decorator]
def sweep_metrics() -> None:
    """Remove values of metrics that are past their time."""
    metrics.sweep()
