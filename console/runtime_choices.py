"""Which runtimes the console offers, and what to say of those that run on a neighbouring version."""

from dataclasses import dataclass

from functions import runtimes
from functions.runtimes import Runtime
from runner.runtimes import note_for


@dataclass(frozen=True, slots=True)
class Choice:
    """One runtime to choose; ``note`` says what this server runs it on when that is not its own version."""

    runtime: Runtime
    note: str


def choices() -> list[Choice]:
    """Every runtime that this server can run, newest first within a family."""
    return [Choice(row, note_for(row.identifier)) for row in runtimes.available()]


def default() -> str:
    """The newest identifier that runs here on its own version; else the newest that runs at all; else empty."""
    current = [choice for choice in choices() if not choice.runtime.deprecated]
    exact = [choice for choice in current if not choice.note]
    return next((choice.runtime.identifier for choice in exact or current), "")
