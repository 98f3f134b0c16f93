"""The engine: everything a worker process has for running functions, put together."""

import logging
import os
import threading
import uuid
from collections import OrderedDict
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from core import clock, ids, limits, redis
from core.errors import ServiceError
from functions.models import Version
from functions.runtimes import Family, available
from logs.services import FunctionLogBatch
from runner import claims, execution, finishing, leases, lookup, messages, presence, rendezvous, runtimes, watching
from runner.answers import WatchEnd
from runner.claims import Claimed
from runner.crew import Crew
from runner.dispatch import Dispatcher
from runner.environment import Environment
from runner.execution import Executed, Request
from runner.finishing import Result
from runner.lane import Lane
from runner.lookup import Found
from runner.messages import Call, Reply
from runner.models import Invocation, InvocationType, State
from runner.outcomes import Kind
from runner.pool import Open, OutOfPatience, Pool, Slot
from runner.presence import Waiting
from runner.retries import Cause
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxDriver, make_driver
from runner.specs import RunSpec, Specs
from runner.stock import Stock
from runner.writer import Entry, Writer

log = logging.getLogger(__name__)

_HEARTBEAT_S = 2.0
_EVICT_EVERY_S = 5.0
_SERVED_KEPT = 10_000
_STARTS_PER_CORE = 2
_FUNCTIONS_LOOKED_AT, _INTERPRETERS_KEPT = 200, 3
_LINE_S = 60.0  # an event waits so long for memory, then it is tried again later
_LEFT_FOR_THE_REST_MB = 2048


def memory_budget_mb() -> int:
    """Memory for execution environments: as set, or the machine's (or this container's) less 2 GB."""
    if settings.WORKER_MEMORY_MB:
        return int(settings.WORKER_MEMORY_MB)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        if (limit := _number_in(Path(path))) is not None:
            total = min(total, limit)
    return max(512, total // limits.MIB - _LEFT_FOR_THE_REST_MB)


def _number_in(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


class Engine:
    """Serves the synchronous lane and executes events until ``stop``. One for each worker process."""

    def __init__(self, *, open_environment: Open | None = None) -> None:
        self.id = ids.hex_token(16)
        self._driver: SandboxDriver | None = None
        if open_environment is None:
            self._driver = make_driver(settings.SANDBOX_DRIVER)
            open_environment = partial(_open, self._driver)
        self._open = open_environment
        self._slots = settings.WORKER_CONCURRENCY
        self._specs = Specs()
        self._calls, self._events = Crew("call"), Crew("event")
        self._held: dict[uuid.UUID, Claimed] = {}  # claimed here and not yet ended in the database
        self._executing: dict[uuid.UUID, Claimed] = {}
        self._slots_of: dict[uuid.UUID, Slot] = {}
        self._serving: dict[str, tuple[float, Waiting]] = {}  # calls: since when, and whom to tell
        self._served: OrderedDict[str, None] = OrderedDict()  # calls of the last while
        self._over = threading.Event()

    # -- life ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Prepare the driver (in the calling thread, which should be the main one) and begin.

        Raises ``SandboxUnavailable`` when this host cannot hold functions.
        """
        if self._driver is not None:
            self._driver.prepare()
        self.pool = Pool(
            budget_mb=memory_budget_mb(),
            idle_s=settings.ENVIRONMENT_IDLE_S,
            parallel_starts=_STARTS_PER_CORE * (os.cpu_count() or 1),
        )
        self._stock = Stock(open_environment=self._open, size=settings.PRESTARTED_ENVIRONMENTS)
        if settings.PRESTARTED_ENVIRONMENTS:
            for interpreter in _interpreters_in_use():
                self._stock.want(interpreter)
        self._writer = Writer()
        self._lane = Lane(crew=self._calls, slots=self._slots, serve=self.serve_call, on_bell=self.wake)
        self._dispatcher = Dispatcher(
            run=self.take_event, free=self._free_for_events, account_share=max(1, self._slots * 3 // 4)
        )
        self._lane.start()
        self._dispatcher.start()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()
        log.info("Worker %s runs functions: %d slots, %d MB", self.id, self._slots, memory_budget_mb())

    def stop(self, patience_s: float | None = None) -> None:
        """Take nothing more, finish what runs or give it back, write what is known, and remove every sandbox."""
        patience = settings.STOP_PATIENCE_S if patience_s is None else patience_s
        self._lane.stop()
        self._dispatcher.stop()
        until = clock.monotonic() + patience
        self._calls.wait_until_done(patience)
        self._events.wait_until_done(max(0.0, until - clock.monotonic()))
        unfinished = list(self._executing.values())
        if unfinished:
            log.warning("%d events are given back unfinished", claims.requeue(unfinished))
        self._over.set()
        self._keeper.join(10)
        self._writer.close()
        self._stock.close()
        self.pool.close()
        if self._driver is not None:
            self._driver.close()
        presence.leave(self.id)

    def wake(self) -> None:
        """Events may be due."""
        self._dispatcher.wake()

    def _free_for_events(self) -> int:
        """Calls go first, but a quarter of the slots is always for events."""
        room = max(self._slots // 4, self._slots * 3 // 4 - self._calls.busy, 1)
        return room - self._events.busy

    def _keep(self) -> None:
        """Say that this worker is alive, hold what it has claimed, and let idle environments go."""
        renewed = evicted = clock.monotonic()
        while not self._over.wait(_HEARTBEAT_S):
            now = clock.monotonic()
            try:
                self._announce(now)
                if now - renewed >= settings.EVENT_LEASE_S / 4:
                    renewed = now
                    self._renew()
            except (redis.Unavailable, DatabaseError, InterfaceError) as error:
                log.warning("A heartbeat failed: %s", error)
            if now - evicted >= _EVICT_EVERY_S:
                evicted = now
                self.pool.evict_idle()
        connection.close()

    def _announce(self, now: float) -> None:
        """This worker lives; and the callers of one that does not any more are told."""
        presence.announce(self.id, [call for since, call in list(self._serving.values()) if now - since > 1.0])
        for call in presence.left_behind():
            reply = Reply(call.request_id, None, "the worker that ran it is gone")
            rendezvous.answer(
                call.answer_to, messages.encode_reply(reply), lease_key=call.lease_key, request_id=call.request_id
            )

    def _renew(self) -> None:
        """Hold what is claimed here; what somebody else has by now must not go on running."""
        held = list(self._held.values())
        kept = claims.renew(held)
        for claimed in held:
            if claimed.id not in kept and (slot := self._slots_of.get(claimed.id)) and slot.environment:
                log.warning("%s was taken by somebody else: its environment is stopped", claimed.id)
                slot.environment.stop()

    # -- synchronous --------------------------------------------------------------------------------

    def serve_call(self, raw: bytes) -> None:
        """Run one call and send its answer; then have it recorded."""
        call = messages.decode_call(raw)
        if clock.epoch_ms() >= call.expires_ms or not self._is_new(call.request_id):
            leases.release(call.lease_key, call.request_id)  # nobody waits for it any more
            return
        self._serving[call.request_id] = (
            clock.monotonic(),
            Waiting(call.request_id, call.answer_to, call.lease_key),
        )
        spec: RunSpec | None = None
        executed: Executed | None = None
        try:
            spec = self._specs.get(call.version_id, call.stamp)
            executed = self._execute(call, spec)
            reply = _reply(call, spec, executed)
        except OutOfPatience:
            reply = Reply(call.request_id, None, "all of the server's memory for functions stayed in use")
        except Version.DoesNotExist:
            reply = Reply(call.request_id, None, "the function was deleted meanwhile")
        except ServiceError as error:
            reply = Reply(call.request_id, None, error.text)
        except Exception as error:
            log.exception("Call %s failed on the worker", call.request_id)
            reply = Reply(call.request_id, None, f"an internal error ({type(error).__name__})")
        self._send(call, reply)
        self._serving.pop(call.request_id, None)
        if spec is not None and executed is not None:
            self._writer.put(_record(call, spec, executed))

    def _is_new(self, request_id: str) -> bool:
        """A Redis that was killed may come back without the last second, and hand out a call once more."""
        if request_id in self._served:
            return False
        self._served[request_id] = None
        if len(self._served) > _SERVED_KEPT:
            self._served.popitem(last=False)
        return True

    def _execute(self, call: Call, spec: RunSpec) -> Executed:
        waits_s = (call.expires_ms - clock.epoch_ms()) / 1000 - spec.version.timeout - limits.INIT_TIMEOUT_S
        request = Request(
            request_id=call.request_id,
            payload=call.payload,
            invoked_arn=call.invoked_arn,
            until=clock.monotonic() + max(0.0, waits_s),
            client_context=call.client_context,
            nested=call.nested,
        )
        look_on = partial(watching.publish, call.request_id) if call.watch else None
        executed = execution.run(spec, request, pool=self.pool, stock=self._stock, look_on=look_on)
        if look_on is not None:
            look_on(WatchEnd(call.request_id, executed.function_error))
        return executed

    def _send(self, call: Call, reply: Reply) -> None:
        raw = messages.encode_reply(reply)
        for pause in (0.0, 0.2, 1.0, 3.0):
            self._over.wait(pause)
            try:
                rendezvous.answer(call.answer_to, raw, lease_key=call.lease_key, request_id=call.request_id)
                return
            except redis.Unavailable as error:
                log.warning("The answer to %s waits for Redis: %s", call.request_id, error)
        log.error("The answer to %s could not be sent", call.request_id)

    # -- asynchronous -------------------------------------------------------------------------------

    def take_event(self, claimed: Claimed) -> None:
        """Begin with a claimed event; returns at once."""
        self._held[claimed.id] = claimed
        if claimed.give_up is not None:
            self._end_event(claimed, partial(finishing.give_up, claimed, claimed.give_up), None)
            return
        try:
            found = lookup.find(
                account_id=claimed.account_id, reference=claimed.function_name, qualifier=claimed.qualifier
            )
            found.check_state()
        except ServiceError as error:
            self._refuse_event(claimed, error)
            return
        self._executing[claimed.id] = claimed
        self._events.run(self._run_event, claimed, found)

    def _refuse_event(self, claimed: Claimed, error: ServiceError) -> None:
        """Its version is gone: it ends; its version is not ready: it is tried again later."""
        if error.status == 404:
            finish = partial(finishing.give_up, claimed, Cause.FUNCTION_DELETED)
        else:
            finish = partial(finishing.finish, claimed, Result(None, failure=error.text))
        self._end_event(claimed, finish, None)

    def _run_event(self, claimed: Claimed, found: Found) -> None:
        executed, version, batch, failure = None, None, None, ""
        try:
            spec = self._specs.get(found.version_id, found.stamp)
            version = spec.version
            request = Request(
                request_id=str(claimed.id),
                payload=claimed.payload,
                invoked_arn=found.invoked_arn,
                until=clock.monotonic() + _LINE_S,
            )
            executed = execution.run(
                spec,
                request,
                pool=self.pool,
                stock=self._stock,
                on_slot=partial(self._slots_of.__setitem__, claimed.id),
            )
            batch = _log_batch(spec, str(claimed.id), executed)
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
            result = Result(executed, version, failure)
            self._end_event(claimed, partial(finishing.finish, claimed, result), batch)

    def _end_event(self, claimed: Claimed, finish: "partial[bool]", batch: FunctionLogBatch | None) -> None:
        if claimed.lease_key:
            leases.release(claimed.lease_key, str(claimed.id))
        done = partial(self._held.pop, claimed.id, None)
        self._writer.put(Entry(finish=finish, logs=batch, done=done))
        self._executing.pop(claimed.id, None)
        self._slots_of.pop(claimed.id, None)
        self._dispatcher.ended(claimed.function_id)


def _open(driver: SandboxDriver, interpreter: Interpreter, ephemeral_mb: int, preload: bool) -> Environment:
    return Environment(driver.start(interpreter, ephemeral_mb=ephemeral_mb, preload=preload))


def _interpreters_in_use() -> list[Interpreter]:
    """Those of the functions that were changed last, or of the newest Python when there is no function yet."""
    changed = Version.objects.filter(number=0).order_by("-last_modified").values_list("runtime", flat=True)
    identifiers = list(dict.fromkeys(changed[:_FUNCTIONS_LOOKED_AT])) or [_first_python()]
    found: list[Interpreter] = []
    for identifier in identifiers:
        try:
            interpreter = runtimes.interpreter_for(identifier)
        except ServiceError:  # it was there when the function was made
            continue
        if interpreter not in found:
            found.append(interpreter)
    return found[:_INTERPRETERS_KEPT]


def _first_python() -> str:
    return next((one.identifier for one in available() if one.family is Family.PYTHON), "python3.13")


def _reply(call: Call, spec: RunSpec, executed: Executed) -> Reply:
    if executed.outcome.kind is Kind.PLATFORM_FAILURE:
        return Reply(call.request_id, None, executed.outcome.error_message)
    return Reply(call.request_id, executed.answer(call.request_id, spec.version.label))


def _record(call: Call, spec: RunSpec, executed: Executed) -> Entry:
    """The row of a synchronous invocation that is over; only the console's own tests keep their event."""
    version = spec.version
    finished = clock.now()
    row = Invocation(
        id=uuid.UUID(call.request_id),
        account_id=call.account_id,
        function_id=version.function_id,
        function_name=spec.name,
        qualifier=call.qualifier,
        version=version.label,
        invocation_type=InvocationType.REQUEST_RESPONSE,
        source=call.source,
        state=State.SUCCEEDED if executed.outcome.ok else State.FAILED,
        payload=call.payload if call.source == "console" else None,
        client_context=call.client_context,
        attempt=1,
        asked_at=clock.from_epoch_ms(call.asked_ms),
        started_at=clock.from_epoch_ms(executed.lines[0].timestamp_ms) if executed.lines else finished,
        finished_at=finished,
        log_stream=executed.log_stream,
        code_sha256=version.package_id,
        **finishing.outcome_fields(executed),
    )
    return Entry(row=row, logs=_log_batch(spec, call.request_id, executed))


def _log_batch(spec: RunSpec, request_id: str, executed: Executed) -> FunctionLogBatch:
    events = tuple((line.timestamp_ms, line.message, line.source) for line in executed.lines)
    return FunctionLogBatch(spec.account_id, spec.region, spec.log_group, executed.log_stream, request_id, events)
