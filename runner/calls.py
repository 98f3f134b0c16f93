"""Synchronous invocations, on the worker's side: run, answer, then have it recorded."""

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from core import clock, limits, redis
from core.errors import ServiceError
from functions.models import Version
from runner import finishing, leases, leaving, messages, presence, quick, rendezvous, watching
from runner.answers import WatchEnd
from runner.execution import Executed, Request, Running
from runner.leaving import Abandoned
from runner.messages import Call, Reply
from runner.models import InvocationType, State
from runner.outcomes import Kind
from runner.pool import OutOfPatience
from runner.presence import Waiting
from runner.records import Row
from runner.specs import RunSpec
from runner.streams import OnPart
from runner.workshop import Workshop, log_batch
from runner.writer import Entry

log = logging.getLogger(__name__)

_SERVED_KEPT = 10_000
_SEND_AGAIN_AFTER_S = (0.0, 0.2, 1.0, 3.0)
_LONG_S = 1.0
EVENT_KEPT = {"console": limits.INVOKE_SYNC_PAYLOAD, "sqs": 64 * 1024}  # bytes, by source
PLATFORM_FAILURE = "PlatformFailure"  # of a record: the handler had no part in it


class Begun(NamedTuple):
    """A call that runs in a warm environment, without a thread."""

    call: Call
    spec: RunSpec
    running: Running


class Calls:
    """Serves calls; many threads at once."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._over = threading.Event()
        self._serving: dict[str, tuple[float, Waiting]] = {}  # since when, and whom to tell
        self._served: OrderedDict[str, None] = OrderedDict()  # of the last while

    def close(self) -> None:
        """Answers that Redis does not take are not waited for any more."""
        self._over.set()

    # -- in a thread -------------------------------------------------------------------------------

    def serve(self, call: Call) -> None:
        """Run one call and send its answer; then have it recorded."""
        if clock.epoch_ms() >= call.expires_ms or not self._is_new(call.request_id):
            leases.release(call.lease_key, call.request_id)  # nobody waits for it any more
            return
        self._note(call)
        parts: list[_Parts] = []

        def work() -> tuple[RunSpec, Executed]:
            spec = self._workshop.specs.get(call.version_id, call.stamp)
            if call.streams:
                parts.append(_Parts(call, spec))
            return spec, self._execute(call, spec, parts[0] if parts else None)

        reply, record = _attempt(call, work)
        if parts and parts[0].is_broken:
            reply = Reply(call.request_id, None, "a part of the answer was lost on the way")
        self._conclude(call, reply, record)

    def serve_rest(self, begun: Begun) -> None:
        """Do what is left of a call that was begun with ``begin``."""
        reply, record = _attempt(begun.call, lambda: (begun.spec, begun.running.rest()))
        self._conclude(begun.call, reply, record)

    def send_late(self, call: Call, reply: Reply) -> None:
        """Send an answer, patiently."""
        for pause in _SEND_AGAIN_AFTER_S:
            self._over.wait(pause)
            try:
                send(Waiting(call.request_id, call.answer_to, call.lease_key), reply)
                return
            except redis.Unavailable as error:
                log.warning("The answer to %s waits for Redis: %s", call.request_id, error)
        log.error("The answer to %s could not be sent", call.request_id)
        leases.owe(call.lease_key, call.request_id)

    def _conclude(self, call: Call, reply: Reply, record: Callable[[], Entry] | None) -> None:
        self.send_late(call, reply)
        if call.watch:
            watching.publish(call.request_id, WatchEnd(call.request_id, _function_error(reply)))
        self.over(call)
        if record is not None:
            self._workshop.writer.put(record())

    # -- without waiting ---------------------------------------------------------------------------

    def begin(self, call: Call) -> Begun | None:
        """Begin with a call if a warm environment is there for it; None: ``serve`` it, in a thread."""
        if call.watch or call.streams or len(call.payload) > quick.PAYLOAD or call.request_id in self._served:
            return None
        spec = self._workshop.specs.recall(call.version_id, call.stamp)
        if spec is None or clock.epoch_ms() >= call.expires_ms:
            return None
        slot = self._workshop.pool.take_idle(spec)
        if slot is None:
            return None
        self._is_new(call.request_id)
        self._note(call)
        return Begun(call, spec, Running(spec, _request(call, until=0.0), slot, self._workshop.pool))

    def reply(self, begun: Begun, executed: Executed) -> Reply:
        """What the caller is told."""
        return _reply(begun.call, begun.spec, executed)

    def record(self, begun: Begun, executed: Executed) -> None:
        """Have it recorded, some milliseconds later."""
        self._workshop.writer.put(_record(begun.call, begun.spec, executed))

    # -- what is being served ----------------------------------------------------------------------

    def over(self, call: Call) -> None:
        """Its caller has been told."""
        self._serving.pop(call.request_id, None)

    def _note(self, call: Call) -> None:
        waiting = Waiting(call.request_id, call.answer_to, call.lease_key)
        self._serving[call.request_id] = (clock.monotonic(), waiting)

    def long_running(self) -> list[Waiting]:
        """Those served for more than a moment, for the heartbeat."""
        now = clock.monotonic()
        return [waiting for since, waiting in list(self._serving.values()) if now - since > _LONG_S]

    def _is_new(self, request_id: str) -> bool:
        """A Redis that was killed may come back without the last second, and hand out a call once more."""
        if request_id in self._served:
            return False
        self._served[request_id] = None
        if len(self._served) > _SERVED_KEPT:
            self._served.popitem(last=False)
        return True

    def _execute(self, call: Call, spec: RunSpec, parts: "_Parts | None") -> Executed:
        waits_s = (call.expires_ms - clock.epoch_ms()) / 1000 - spec.version.timeout - limits.INIT_TIMEOUT_S
        request = _request(call, until=clock.monotonic() + max(0.0, waits_s), on_part=parts.send if parts else None)
        look_on = partial(watching.publish, call.request_id) if call.watch else None
        return self._workshop.run(spec, request, look_on=look_on)


def _request(call: Call, *, until: float, on_part: OnPart | None = None) -> Request:
    return Request(
        request_id=call.request_id,
        payload=call.payload,
        invoked_arn=call.invoked_arn,
        until=until,
        client_context=call.client_context,
        nested=call.nested,
        trace_id=call.trace_id,
        on_part=on_part,
        is_left=partial(leaving.has_left, call),
    )


def _attempt(call: Call, work: Callable[[], tuple[RunSpec, Executed]]) -> tuple[Reply, Callable[[], Entry] | None]:
    """The reply, and what makes the record once it is sent."""
    try:
        spec, executed = work()
        return _reply(call, spec, executed), partial(_record, call, spec, executed)
    except Abandoned:
        failure = "its caller has gone"
    except OutOfPatience:
        failure = "all of the server's memory for functions stayed in use"
    except Version.DoesNotExist:
        failure = "the function was deleted meanwhile"
    except ServiceError as error:
        failure = error.text
    except Exception as error:
        log.exception("Call %s failed on the worker", call.request_id)
        failure = f"an internal error ({type(error).__name__})"
    return Reply(call.request_id, None, failure), None


class _Parts:
    """Sends the parts of one streamed answer; after one that was lost none, so that nobody sees a gap."""

    def __init__(self, call: Call, spec: RunSpec) -> None:
        self._call, self._version = call, spec.version.label
        self.is_broken = False

    def send(self, payload: bytes, content_type: str) -> None:
        if self.is_broken:
            return
        part = messages.Part(self._call.request_id, payload, content_type, self._version)
        try:
            rendezvous.send_part(self._call.answer_to, messages.encode_part(part))
        except redis.Unavailable as error:
            log.warning("The streamed answer to %s is cut short: %s", self._call.request_id, error)
            self.is_broken = True


def send(waiting: Waiting, reply: Reply) -> None:
    """Send a reply and give the call's lease back. Raises ``redis.Unavailable``."""
    raw = messages.encode_reply(reply)
    rendezvous.answer(waiting.answer_to, raw, lease_key=waiting.lease_key, request_id=waiting.request_id)


def tell_callers_of_the_dead() -> None:
    """Answer the calls of workers that fell silent. Raises ``redis.Unavailable``."""
    for waiting in presence.left_behind():
        send(waiting, Reply(waiting.request_id, None, "the worker that ran it is gone"))


def _reply(call: Call, spec: RunSpec, executed: Executed) -> Reply:
    if executed.outcome.kind is Kind.PLATFORM_FAILURE:
        return Reply(call.request_id, None, executed.outcome.error_message)
    return Reply(call.request_id, executed.answer(call.request_id, spec.version.label))


def _function_error(reply: Reply) -> str:
    return reply.answer.function_error if reply.answer else ""


def _record(call: Call, spec: RunSpec, executed: Executed) -> Entry:
    """The row of a synchronous invocation that is over, and its log."""
    row = partial(_row, call, spec, executed, clock.now())
    return Entry(row=row, logs=log_batch(spec, call.request_id, executed))


def _row(call: Call, spec: RunSpec, executed: Executed, finished: datetime) -> Row:
    """The console's own tests keep their event, and so does what came by itself, which nobody could look up elsewhere."""
    version, outcome = spec.version, executed.outcome
    return {
        "id": uuid.UUID(call.request_id),
        "account_id": call.account_id,
        "function_id": version.function_id,
        "function_name": spec.name,
        "qualifier": call.qualifier,
        "version": version.label,
        "invocation_type": InvocationType.REQUEST_RESPONSE.value,
        "source": call.source,
        "state": State.SUCCEEDED.value if outcome.ok else State.FAILED.value,
        "reason": PLATFORM_FAILURE if outcome.kind is Kind.PLATFORM_FAILURE else "",
        "payload": call.payload if len(call.payload) <= EVENT_KEPT.get(call.source, -1) else None,
        "client_context": call.client_context,
        "attempt": 1,
        "asked_at": clock.from_epoch_ms(call.asked_ms),
        "started_at": clock.from_epoch_ms(executed.lines[0].timestamp_ms) if executed.lines else finished,
        "finished_at": finished,
        "log_stream": executed.log_stream,
        "code_sha256": version.package_id,
        **finishing.outcome_fields(executed),
    }
