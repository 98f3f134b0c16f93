"""Events that ended in a batch of the writer and whose end hangs on nothing else: one statement for all of them."""

import logging

from runner.records import Change, change

log = logging.getLogger(__name__)


class Ends:
    """Gathered within a transaction; ``write`` is part of it."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def add(self, change: Change) -> None:
        """End an event, if whoever ends it still holds it by then."""
        self._changes.append(change)

    def write(self) -> set[str]:
        """End them; the ids of those that were lost to somebody else meanwhile, and are left as they are."""
        held = change(self._changes)
        lost = {str(one.id) for one in self._changes if one.id not in held}
        for request_id in lost:
            log.warning("The end of %s came too late: somebody else has it", request_id)
        return lost
