"""Optimistic locking: a caller may say which revision it read."""

from core.errors import PreconditionFailed


def check_revision(current: str, expected: str) -> None:
    """Raise ``PreconditionFailed`` when a revision id was sent and is not the current one."""
    if expected and expected != current:
        raise PreconditionFailed
