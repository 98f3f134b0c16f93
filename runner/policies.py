"""How the events of a function are retried and where they end: looked up once for each piece of work."""

from datetime import timedelta
from uuid import UUID

from accounts import clocks
from core import limits
from core.timeline import Timeline
from functions import selectors
from functions.models import EventInvokeConfig, Function
from runner.ends import Ends
from runner.metrics import Notes
from runner.retries import Policy


def of_config(config: EventInvokeConfig | None) -> Policy:
    """The retry policy of a function's qualifier; AWS's defaults where it has none."""
    if config is None:
        return Policy()
    retries, age = config.maximum_retry_attempts, config.maximum_event_age
    return Policy(
        max_retries=limits.ASYNC_RETRIES_DEFAULT if retries is None else retries,
        max_age=timedelta(seconds=limits.ASYNC_EVENT_AGE_S_MAX if age is None else age),
    )


class Book:
    """Functions and their configurations as one transaction sees them: a batch of a hundred events asks once.

    ``notes`` are the metrics that it stores with them, ``ends`` the events whose end is one statement for all of them.
    """

    def __init__(self) -> None:
        self.notes = Notes()
        self.ends = Ends()
        self._functions: dict[UUID, Function | None] = {}
        self._configs: dict[tuple[UUID, str], EventInvokeConfig | None] = {}
        self._clocks: dict[str, Timeline] = {}

    def function(self, function_id: UUID) -> Function | None:
        """The function, or None when it was deleted."""
        if function_id not in self._functions:
            self._functions[function_id] = Function.objects.select_related("account").filter(pk=function_id).first()
        return self._functions[function_id]

    def config(self, function: Function, qualifier: str) -> EventInvokeConfig | None:
        """The configuration for asynchronous invocations of exactly this qualifier."""
        key = function.pk, qualifier
        if key not in self._configs:
            self._configs[key] = selectors.find_event_invoke_config(function=function, qualifier=qualifier)
        return self._configs[key]

    def held_clock(self, account_id: str) -> Timeline:
        """The account's clock, which stays as it is until the transaction ends."""
        if account_id not in self._clocks:
            self._clocks |= clocks.held([account_id])
        return self._clocks[account_id]

    def policy(self, function: Function | None, qualifier: str) -> Policy:
        return of_config(self.config(function, qualifier) if function else None)
