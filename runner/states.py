"""The states of an invocation, and who moves it from which to which.

Synchronous invocations are recorded when they are over: they begin in ``succeeded`` or ``failed``. Asynchronous
ones begin in ``queued``, and their row is the queue.
"""

from runner.models import State

NEXT: dict[State, frozenset[State]] = {
    # the dispatcher claims it; or it grows too old, or its function is gone or may not run at all
    State.QUEUED: frozenset({State.RUNNING, State.DEAD_LETTER, State.DISCARDED}),
    # it answers; or retries.decide sends it back, on, or away; the sweep sends it back when its lease is over
    State.RUNNING: frozenset({State.SUCCEEDED, State.QUEUED, State.DEAD_LETTER, State.DISCARDED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),  # a synchronous invocation whose handler failed: the caller was told
    State.DEAD_LETTER: frozenset(),  # its failure destination or dead-letter queue has it
    State.DISCARDED: frozenset(),  # nobody has it; ``reason`` says why
}

FINAL = frozenset(state for state, following in NEXT.items() if not following)
ENDS_OF_EVENTS = frozenset({State.SUCCEEDED, State.DEAD_LETTER, State.DISCARDED})


def check(before: State, after: State) -> None:
    """Raise ``ValueError`` when the table has no such step: a bug in the runner."""
    if after not in NEXT[before]:
        raise ValueError(f"An invocation cannot go from {before} to {after}")
