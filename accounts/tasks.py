"""Celery's door to the accounts. Every task may run twice, late, or not at all: the database decides what is done."""

from celery import shared_task

from accounts import clocks


@shared_task  # type: ignore[untyped-decorator]
def settle_clocks() -> None:
    """Tell whatever waits for a moment of a clock that was changed; beat asks for it once a second."""
    clocks.settle()
