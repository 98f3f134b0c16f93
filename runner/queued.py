"""Asynchronous invocations, on the worker's side: run what was claimed, and have its end written."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from core import clock, redis
from core.errors import ServiceError
from functions.models import Version
from logs.services import FunctionLogBatch
from runner import claims, finishing, leases, lookup
from runner.behind import PATIENCE_S, Behind
from runner.claims import Claimed, ClaimKey
from runner.crew import Crew
from runner.execution import Executed
from runner.finishing import Result
from runner.lane import Lane
from runner.lookup import Found
from runner.policies import Book
from runner.pool import OutOfPatience, Slot
from runner.retries import Cause
from runner.shortcut import Shortcut, request
from runner.specs import RunSpec
from runner.workshop import Workshop, log_batch
from runner.writer import Entry

log = logging.getLogger(__name__)

_LINE_S = 60.0  # an event waits so long for an environment, then it is tried again later


class _Returns(Protocol):
    """How a lease goes its way when an event ends, depending on the thread that hears of it."""

    def release(self, key: str, request_id: str, then: Callable[[], None]) -> None:
        """Give it back; ``then`` it is free."""

    def pass_on(self, key: str, *, ended: str, begins: str, seconds: float, lost: Callable[[], None]) -> None:
        """Have it belong to another event; ``lost`` when Redis did not hear of it."""


class _AtOnce:
    """On a thread that may wait for Redis."""

    def release(self, key: str, request_id: str, then: Callable[[], None]) -> None:
        leases.release(key, request_id)
        then()

    def pass_on(self, key: str, *, ended: str, begins: str, seconds: float, lost: Callable[[], None]) -> None:
        try:
            leases.pass_on(key, ended=ended, begins=begins, seconds=seconds)
        except redis.Unavailable:
            lost()


_AT_ONCE = _AtOnce()


class Events:
    """Executes claimed events, by the lane or on the threads of ``crew``; ``on_end`` hears the function of each that is over."""

    def __init__(self, workshop: Workshop, *, lane: Lane, crew: Crew, on_end: Callable[[uuid.UUID], None]) -> None:
        self._workshop, self._lane, self._crew, self._on_end = workshop, lane, crew, on_end
        self._shortcut = Shortcut(workshop, lane=lane, crew=crew, events=self)
        # By claim, not by event: one that was lost may still run beside the one that took the event again.
        self._held: dict[ClaimKey, Claimed] = {}  # claimed here and not yet ended in the database
        self._executing: dict[ClaimKey, Claimed] = {}
        self._slots: dict[ClaimKey, Slot] = {}
        self.behind = Behind()

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
        elif (found := self._find(claimed)) is not None:
            self._execute(claimed, found)

    def _find(self, claimed: Claimed) -> Found | None:
        """What it invokes; None, and it ends, when that cannot be."""
        try:
            found = lookup.find(
                account_id=claimed.account_id, reference=claimed.function_name, qualifier=claimed.qualifier
            )
            found.check_state()
        except ServiceError as error:
            self._refuse(claimed, error)
            return None
        return found

    def _execute(self, claimed: Claimed, found: Found) -> None:
        self._executing[claimed.key] = claimed
        self._shortcut.offer(claimed, found)

    # -- in line behind those that run -------------------------------------------------------------

    def line_up(self, claimed: list[Claimed]) -> None:
        """Have each of these begin as soon as an event of its function that runs here has ended; else they are put back."""
        for one in claimed:
            self._held[one.key] = one
            try:
                if (found := self._find(one)) is not None:
                    self.behind.put(one, found)
            except BaseException:
                self._held.pop(one.key, None)
                raise
        keys = {one.key for one in claimed}
        self._lane.soon(partial(self._wait_for, keys))

    def _wait_for(self, keys: set[ClaimKey]) -> None:
        self._lane.at(clock.monotonic() + PATIENCE_S, lambda: self._tire(keys))

    def _tire(self, keys: set[ClaimKey]) -> None:
        """These have waited for long enough; on the lane's thread."""
        if tired := self.behind.withdraw(lambda place: place.claimed.key in keys):
            self._crew.run(self._put_back, tired)

    def put_back(self) -> None:
        """Nothing begins any more out of line, as a worker stops."""
        self._put_back(self.behind.withdraw())

    def _put_back(self, tired: list[Claimed]) -> None:
        for one in tired:
            self._held.pop(one.key, None)  # if it cannot be written, the lease on the row runs out
        if tired:
            claims.put_back(tired)
            self._on_end(tired[0].function_id)

    def _follow(self, ended: Claimed, returns: _Returns) -> bool:
        """Have the next in line begin in the place of one that ended, with its lease; whether there is one."""
        if (place := self.behind.begin(ended.function_id)) is None:
            return False
        claimed = replace(place.claimed, lease_key=ended.lease_key)
        self._held[claimed.key] = claimed
        returns.pass_on(
            ended.lease_key,
            ended=ended.lease,
            begins=claimed.lease,
            seconds=claims.lease_s(),
            lost=partial(leases.owe, ended.lease_key, ended.lease),
        )
        self._execute(claimed, place.found)
        return True

    # -- holding -----------------------------------------------------------------------------------

    def held_count(self) -> int:
        """How many are claimed here and not yet ended in the database."""
        return len(self._held)

    def renew(self) -> None:
        """Hold what is claimed here; what somebody else has by now must not go on running."""
        held = list(self._held.values())
        kept = claims.renew(held)
        lost = {claimed.key: claimed for claimed in held if claimed.key not in kept}
        for claimed in self.behind.withdraw(lambda place: place.claimed.key in lost):
            self._held.pop(claimed.key, None)
        for claimed in lost.values():
            if (slot := self._slots.get(claimed.key)) and slot.environment:
                log.warning("%s was taken by somebody else: its environment is stopped", claimed.id)
                slot.environment.stop()
        self._restore_leases()

    def _restore_leases(self) -> None:
        """A Redis that lost its data does not know any more what runs here; one that was away, not what has ended."""
        leases.settle()
        for claimed in list(self._executing.values()):
            if claimed.lease_key:
                leases.restore(claimed.lease_key, claimed.lease, seconds=claims.lease_s())
                if claimed.key not in self._executing:  # it has ended, and given its lease back, in between
                    leases.release(claimed.lease_key, claimed.lease)

    def give_back(self) -> int:
        """Put what still runs back into the queue, as a stopping worker does; returns how many."""
        return claims.requeue(list(self._executing.values()))

    def _refuse(self, claimed: Claimed, error: ServiceError) -> None:
        """Its version is gone: it ends; its version is not ready: it is tried again later."""
        if error.status == 404:
            self._end(claimed, partial(finishing.give_up, claimed, Cause.FUNCTION_DELETED))
        else:
            self._end(claimed, partial(finishing.finish, claimed, Result(None, failure=error.text)))

    # -- running, as the shortcut asks for it ------------------------------------------------------

    def on_slot(self, claimed: Claimed, slot: Slot) -> None:
        """It runs there: so that another thread can stop it."""
        self._slots[claimed.key] = slot

    def run(self, claimed: Claimed, found: Found) -> None:
        """Run it from the beginning; waits for an environment."""

        def work(spec: RunSpec) -> Executed:
            order = request(claimed, found, until=clock.monotonic() + _LINE_S)
            return self._workshop.run(spec, order, on_slot=partial(self.on_slot, claimed))

        self._finish(claimed, lambda: self._workshop.specs.get(found.version_id, found.stamp), work)

    def rest(self, claimed: Claimed, spec: RunSpec, work: Callable[[], Executed]) -> None:
        """Do what is left of one that the lane began with."""
        self._finish(claimed, lambda: spec, lambda _spec: work())

    def over(self, claimed: Claimed, spec: RunSpec, executed: Executed) -> None:
        """The lane ran it."""
        batch = log_batch(spec, str(claimed.id), executed)
        finish = partial(finishing.finish, claimed, Result(executed, spec.version))
        self.behind.took(claimed.function_id, executed.report.duration_ms / 1000)
        self._end(claimed, finish, batch, returns=self._lane)

    def _finish(self, claimed: Claimed, get_spec: Callable[[], RunSpec], work: Callable[[RunSpec], Executed]) -> None:
        version, executed, batch, failure = None, None, None, ""
        try:
            spec = get_spec()
            version = spec.version
            executed = work(spec)
            batch = log_batch(spec, str(claimed.id), executed)
            self.behind.took(claimed.function_id, executed.report.duration_ms / 1000)
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

    def _end(
        self,
        claimed: Claimed,
        finish: Callable[[Book], bool],
        batch: FunctionLogBatch | None = None,
        *,
        returns: _Returns = _AT_ONCE,
    ) -> None:
        self._executing.pop(claimed.key, None)
        self.behind.over(claimed.key)
        done = partial(self._held.pop, claimed.key, None)
        look_up = partial(finishing.look_up, claimed)
        self._workshop.writer.put(Entry(finish=finish, look_up=look_up, logs=batch, done=done))
        self._slots.pop(claimed.key, None)
        on_end = partial(self._on_end, claimed.function_id)
        if not claimed.lease_key:
            on_end()
        elif self._runs(claimed.id) or not self._follow(claimed, returns):
            returns.release(claimed.lease_key, claimed.lease, on_end)
