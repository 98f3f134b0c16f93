"""Periodic work of the package."""

from celery import shared_task

from functions.services.packages import remove_unused_packages


@shared_task  # type: ignore[untyped-decorator]
def prune_packages() -> None:
    """Give back the disk space of packages that nobody uses any more."""
    remove_unused_packages()
