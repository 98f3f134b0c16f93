"""Asynchronous invocations, on the worker's side: run what was claimed, and have its end written."""

import logging
import uuid
from collections.abc import Callable
from functools import partial

from core import clock
from core.errors import ServiceError
from functions.models import Version
from logs.services import FunctionLogBatch
from runner import claims, finishing, leases, lookup
from runner.claims import Claimed, ClaimKey
from runner.crew import Crew
from runner.execution import Request
from runner.finishing import Result
from runner.lookup import Found
from runner.policies import Book
from runner.pool import OutOfPatience, Slot
from runner.retries import Cause
from runner.workshop import Workshop, log_batch
from runner.writer import Entry

log = logging.getLogger(__name__)

_LINE_S = 60.0  # an event waits so long for an environment, then it is tried again later


class Events:
    """Executes claimed events on the threads of ``crew``; ``on_end`` hears the function of each that is over."""

    def __init__(self, workshop: Workshop, *, crew: Crew, on_end: Callable[[uuid.UUID], None]) -> None:
        self._workshop, self._crew, self._on_end = workshop, crew, on_end
        # By claim, not by event: one that was lost may still run beside the one that took the event again.
        self._held: dict[ClaimKey, Claimed] = {}  # claimed here and not yet ended in the database
        self._executing: dict[ClaimKey, Claimed] = {}
        self._slots: dict[ClaimKey, Slot] = {}

    def take(self, claimed: Claimed) -> None:
        """Begin with a claimed event; returns at once. After an exception it is not held here: its lease runs out."""
        self._held[claimed.key] = claimed
        try:
            self._begin(claimed)
        except BaseException:
            self._held.pop(claimed.key, None)
            raise

    def _begin(self, claimed: Claimed) -> None:
        if claimed.give_up is not None:
            self._end(claimed, partial(finishing.give_up, claimed, claimed.give_up))
            return
        try:
            found = lookup.find(
                account_id=claimed.account_id, reference=claimed.function_name, qualifier=claimed.qualifier
            )
            found.check_state()
        except ServiceError as error:
            self._refuse(claimed, error)
            return
        self._executing[claimed.key] = claimed
        self._crew.run(self._run, claimed, found)

    def held_count(self) -> int:
        """How many are claimed here and not yet ended in the database."""
        return len(self._held)

    def renew(self) -> None:
        """Hold what is claimed here; what somebody else has by now must not go on running."""
        held = list(self._held.values())
        kept = claims.renew(held)
        for claimed in held:
            if claimed.key not in kept and (slot := self._slots.get(claimed.key)) and slot.environment:
                log.warning("%s was taken by somebody else: its environment is stopped", claimed.id)
                slot.environment.stop()
        self._restore_leases()

    def _restore_leases(self) -> None:
        """A Redis that lost its data does not know any more what runs here."""
        for claimed in list(self._executing.values()):
            if claimed.lease_key:
                leases.restore(claimed.lease_key, str(claimed.id), seconds=claims.lease_s())
                if claimed.key not in self._executing:  # it has ended, and given its lease back, in between
                    leases.release(claimed.lease_key, str(claimed.id))

    def give_back(self) -> int:
        """Put what still runs back into the queue, as a stopping worker does; returns how many."""
        return claims.requeue(list(self._executing.values()))

    def _refuse(self, claimed: Claimed, error: ServiceError) -> None:
        """Its version is gone: it ends; its version is not ready: it is tried again later."""
        if error.status == 404:
            self._end(claimed, partial(finishing.give_up, claimed, Cause.FUNCTION_DELETED))
        else:
            self._end(claimed, partial(finishing.finish, claimed, Result(None, failure=error.text)))

    def _run(self, claimed: Claimed, found: Found) -> None:
        version, executed, batch, failure = None, None, None, ""
        try:
            spec = self._workshop.specs.get(found.version_id, found.stamp)
            version = spec.version
            request = Request(
                request_id=str(claimed.id),
                payload=claimed.payload,
                invoked_arn=found.invoked_arn,
                until=clock.monotonic() + _LINE_S,
                patient=True,
                trace_id=claimed.trace,
            )
            executed = self._workshop.run(spec, request, on_slot=partial(self._slots.__setitem__, claimed.key))
            batch = log_batch(spec, str(claimed.id), executed)
        except OutOfPatience:
            failure = "All of the server's memory for functions stayed in use."
        except Version.DoesNotExist:
            failure = "The version was deleted meanwhile."
        except ServiceError as error:
            failure = error.text
        except Exception as error:
            log.exception("Event %s failed on the worker", claimed.id)
            failure = f"An internal error ({type(error).__name__})."
        finally:
            self._end(claimed, partial(finishing.finish, claimed, Result(executed, version, failure)), batch)

    def _runs(self, request_id: uuid.UUID) -> bool:
        return any(claimed.id == request_id for claimed in list(self._executing.values()))

    def _end(self, claimed: Claimed, finish: Callable[[Book], bool], batch: FunctionLogBatch | None = None) -> None:
        self._executing.pop(claimed.key, None)
        if claimed.lease_key and not self._runs(claimed.id):
            leases.release(claimed.lease_key, str(claimed.id))
        done = partial(self._held.pop, claimed.key, None)
        look_up = partial(finishing.look_up, claimed)
        self._workshop.writer.put(Entry(finish=finish, look_up=look_up, logs=batch, done=done))
        self._slots.pop(claimed.key, None)
        self._on_end(claimed.function_id)
