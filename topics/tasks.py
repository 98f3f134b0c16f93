"""Celery's door to the topics. Every task may run twice, late, or not at all: the database decides what is done."""

from datetime import timedelta

from celery import shared_task

from core import clock
from topics import delivering
from topics.models import Notification

KEPT = timedelta(days=1)


@shared_task  # type: ignore[untyped-decorator]
def deliver_due() -> None:
    """Send what is due over HTTP, each in a task of its own: a slow subscriber holds up only itself."""
    for notification_id in delivering.due():
        deliver.delay(notification_id)


@shared_task  # type: ignore[untyped-decorator]
def deliver(notification_id: str) -> None:
    """One try at one notification."""
    delivering.deliver(notification_id)


@shared_task  # type: ignore[untyped-decorator]
def prune_notifications() -> None:
    """Remove what was delivered or given up a day ago."""
    Notification.objects.filter(finished_at__lt=clock.now() - KEPT).delete()
