"""The trace header of whatever is being done now, so that it can go along with what that sets off."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_carried: ContextVar[str] = ContextVar("trace", default="")


def carried() -> str:
    """The header ``X-Amzn-Trace-Id`` of the invocation on whose account something is delivered; mostly empty."""
    return _carried.get()


@contextmanager
def carrying(header: str) -> Iterator[None]:
    """Have ``carried`` say this meanwhile, on this thread."""
    token = _carried.set(header)
    try:
        yield
    finally:
        _carried.reset(token)
