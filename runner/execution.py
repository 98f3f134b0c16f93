"""One execution of one invocation in this worker: an environment, the log around it, the figures.

Untrusted code decides nothing here: whatever it does comes back as an ``Outcome``, and the platform's lines and
figures are written on this side.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from accounts import credentials
from core import clock, limits
from core.errors import ServiceError
from runner import context, outcomes, report
from runner.answers import Answer, InLine, LogLine, Report
from runner.environment import InvokeRequest
from runner.leaving import Abandoned
from runner.outcomes import Kind, Outcome
from runner.pool import Pool, Slot
from runner.retries import Ended
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxSpec
from runner.specs import RunSpec
from runner.stock import Stock
from runner.streams import OnPart

FUNCTION, PLATFORM = "f", "p"
CREDENTIALS_S = 12 * 3600
UNHANDLED = "Unhandled"
_CRASHES = frozenset({Kind.EXIT, Kind.OUT_OF_MEMORY, Kind.INIT_ERROR, Kind.INIT_TIMEOUT, Kind.PROTOCOL_VIOLATION})
_TIMEOUTS = frozenset({Kind.TIMEOUT, Kind.INIT_TIMEOUT})


class Request(NamedTuple):
    """What to run. ``until``: the monotonic moment up to which it may wait in line for memory.

    ``patient``: it rather waits a moment than have another environment started.
    """

    request_id: str
    payload: bytes
    invoked_arn: str
    until: float
    client_context: str = ""
    nested: bool = False
    patient: bool = False
    trace_id: str = ""
    on_part: OnPart | None = None  # gets a streamed answer as it comes
    is_left: Callable[[], bool] = lambda: False  # whether nobody waits for it any more


@dataclass(slots=True)
class Executed:
    """How it went; ``lines`` is the log, in order."""

    outcome: Outcome
    report: Report
    log_stream: str
    lines: list[LogLine]

    @property
    def ended(self) -> Ended:
        if self.outcome.ok:
            return Ended.SUCCESS
        return Ended.PLATFORM_FAILURE if self.outcome.kind is Kind.PLATFORM_FAILURE else Ended.FUNCTION_ERROR

    @property
    def function_error(self) -> str:
        """AWS reports every failure of a function as unhandled."""
        return "" if self.outcome.ok else UNHANDLED

    def answer(self, request_id: str, version: str) -> Answer:
        """As the caller of a synchronous invocation gets it."""
        tail = report.tail([line.message for line in self.lines])
        return Answer(
            request_id, self.outcome.payload, self.function_error, version, tail, self.report, self.log_stream
        )


@dataclass(slots=True)
class _Log:
    """The lines of one execution; ``look_on`` sees each as it comes."""

    look_on: Callable[[LogLine], None] | None
    lines: list[LogLine] = field(default_factory=list)

    def add(self, message: str, source: str) -> None:
        line = LogLine(clock.epoch_ms(), message, source)
        self.lines.append(line)
        if self.look_on:
            self.look_on(line)

    def printed(self, message: str) -> None:
        self.add(message + "\n", FUNCTION)

    def platform(self, message: str) -> None:
        self.add(message, PLATFORM)


def run(
    spec: RunSpec,
    request: Request,
    *,
    pool: Pool,
    stock: Stock,
    look_on: Callable[[LogLine | InLine], None] | None = None,
    on_slot: Callable[[Slot], None] | None = None,
) -> Executed:
    """Run it. Raises ``OutOfPatience`` when no environment became free in time, and ``Abandoned`` when nobody waits
    for it by then; nothing has been started then.

    ``look_on`` gets each line as it comes, and before them the place in line of who has to wait; ``on_slot`` the slot, so
    that another thread can stop what runs in it.
    """
    log = _Log(look_on)
    on_wait = (lambda ahead: look_on(InLine(ahead))) if look_on else None
    slot = pool.reserve(spec, until=request.until, nested=request.nested, patient=request.patient, on_wait=on_wait)
    if on_slot is not None:
        on_slot(slot)
    if request.is_left():
        if slot.environment is None:
            pool.started(slot)
        pool.release(slot, reusable=True)
        raise Abandoned
    reusable = False
    try:
        began = None
        if slot.environment is None:
            try:
                began = _start(slot, request, stock=stock, log=log)
            finally:
                pool.started(slot)
        if began is not None and not began.ok:
            executed = _never_invoked(spec, request, began, slot, log)
        else:
            order = _order(slot, request, log)
            assert slot.environment is not None
            executed = _invoked(spec, request, slot.environment.invoke(order, log.printed), slot, log, began)
            reusable = executed.outcome.reusable
        _note_crash(pool, spec, began if began is not None and not began.ok else executed.outcome)
        return executed
    finally:
        pool.release(slot, reusable=reusable)


class Running:
    """An invocation in a warm environment, for somebody who cannot wait."""

    def __init__(self, spec: RunSpec, request: Request, slot: Slot, pool: Pool) -> None:
        """``slot`` is the pool's, and given back at the end."""
        self._spec, self._request, self._slot, self._pool = spec, request, slot, pool
        self._log = _Log(None)
        self._order = _order(slot, request, self._log)
        assert slot.environment is not None
        self.environment = slot.environment
        self.conversation = self.environment.begin(self._order, self._log.printed)

    def advance(self) -> Executed | None:
        """After the conversation's ``fileno`` became readable. Raises ``Slow``: ``rest`` does what is left."""
        assert self.conversation is not None
        outcome = self.conversation.advance()
        return None if outcome is None else self._over(outcome)

    def rest(self) -> Executed:
        """Wait for the end, in a thread."""
        try:
            if self.conversation is None:
                return self._over(self.environment.invoke(self._order, self._log.printed))
            return self._over(self.conversation.rest())
        except BaseException:
            self._pool.release(self._slot, reusable=False)
            raise

    def _over(self, outcome: Outcome) -> Executed:
        executed = _invoked(self._spec, self._request, outcome, self._slot, self._log, None)
        _note_crash(self._pool, self._spec, outcome)
        self._pool.release(self._slot, reusable=outcome.reusable)
        return executed


def _note_crash(pool: Pool, spec: RunSpec, outcome: Outcome) -> None:
    if outcome.kind in _CRASHES:
        pool.crashes.crashed(spec.fingerprint)
    elif outcome.ok:
        pool.crashes.went_well(spec.fingerprint)


# -- the init phase --------------------------------------------------------------------------------


def _start(slot: Slot, request: Request, *, stock: Stock, log: _Log) -> Outcome:
    """Give the slot an environment and run its init phase; when AWS would try it again, so do we."""
    spec = slot.spec
    slot.log_stream = context.new_log_stream_name(version=spec.version, now=clock.now())
    name, arn = runtime_version(spec.version.runtime, spec.interpreter, spec.region)
    log.platform(report.init_start_line(name, arn, as_json=spec.json_logs, at_ms=clock.epoch_ms()))
    outcome = _init(slot, request, stock, log, timeout_s=limits.INIT_TIMEOUT_S)
    if outcome.kind is Kind.INIT_TIMEOUT:
        # AWS then repeats the init phase inside the invocation, within the function's own timeout
        log.platform(report.init_report_line(outcome.duration_ms, status=report.STATUS_TIMEOUT))
        if slot.environment is not None:
            slot.environment.stop()
        outcome = _init(slot, request, stock, log, timeout_s=float(spec.version.timeout))
    if not outcome.ok and outcome.kind not in _TIMEOUTS and outcome.kind is not Kind.PLATFORM_FAILURE:
        log.platform(
            report.init_report_line(outcome.duration_ms, status=report.STATUS_ERROR, error_type=outcome.error_type)
        )
    return outcome


def _init(slot: Slot, request: Request, stock: Stock, log: _Log, *, timeout_s: float) -> Outcome:
    spec = slot.spec
    version = spec.version
    granted = credentials.temporary(
        account_id=spec.account_id, role_arn=version.role_arn, session_name=spec.name, seconds=CREDENTIALS_S
    )
    slot.expires_at = granted.expires_at - timedelta(seconds=60)
    variables = context.environment_variables(
        version=version,
        credentials=context.FunctionCredentials(
            access_key_id=granted.access_key_id,
            secret_access_key=granted.secret_access_key,
            session_token=granted.session_token,
        ),
        log_stream_name=slot.log_stream,
    )
    wanted = SandboxSpec(
        interpreter=spec.interpreter,
        handler=version.handler,
        code_dir=spec.code_dir,
        layer_dirs=spec.layer_dirs,
        environment=variables,
        memory_mb=version.memory_size,
        ephemeral_mb=version.ephemeral_storage,
        label=spec.label,
    )
    try:
        slot.environment = stock.take(spec.interpreter, version.ephemeral_storage, spec.sdk)
        return slot.environment.init(wanted, request_id=request.request_id, on_log=log.printed, timeout_s=timeout_s)
    except ServiceError as error:
        return Outcome(kind=Kind.PLATFORM_FAILURE, error_message=error.text)


def runtime_version(runtime: str, interpreter: Interpreter, region: str) -> tuple[str, str]:
    """What INIT_START calls the runtime: the interpreter of this host, and an ARN that changes with it."""
    major, minor = interpreter.version
    own = interpreter.family == "provided"
    name = f"{runtime.replace('.', ':')}.v1" if own else f"{interpreter.family}:{major}.{minor}.v1"
    digest = hashlib.sha256(f"{name} {interpreter.executable}".encode()).hexdigest()
    return name, f"arn:aws:lambda:{region}::runtime:{digest}"


# -- the invocation --------------------------------------------------------------------------------


def _order(slot: Slot, request: Request, log: _Log) -> InvokeRequest:
    """Say that it starts, and what the environment is to do."""
    spec = slot.spec
    at = clock.epoch_ms()
    log.platform(report.start_line(request.request_id, spec.version.label, as_json=spec.json_logs, at_ms=at))
    return InvokeRequest(
        request_id=request.request_id,
        payload=request.payload,
        timeout_s=float(spec.version.timeout),
        invoked_arn=request.invoked_arn,
        client_context=request.client_context,
        trace_id=request.trace_id,
        on_part=request.on_part,
    )


def _invoked(
    spec: RunSpec, request: Request, outcome: Outcome, slot: Slot, log: _Log, began: Outcome | None
) -> Executed:
    init_ms = None if began is None else (began.init_ms if began.init_ms is not None else began.duration_ms)
    if outcome.log_dropped:
        log.platform(f"[{outcome.log_dropped} bytes of output were over the limit and are not kept]\n")
    if outcome.kind is Kind.TIMEOUT:
        log.platform(f"{outcome.error_message}\n\n")
    elif outcome.kind in _CRASHES:
        log.platform(f"{outcome.error_message}\n{outcome.error_type}\n")
    return _finish(spec, request, outcome, slot, log, init_ms)


def _never_invoked(spec: RunSpec, request: Request, outcome: Outcome, slot: Slot, log: _Log) -> Executed:
    """The init phase failed: as AWS, the invocation ends with its error, and its time counts as duration."""
    at = clock.epoch_ms()
    log.platform(report.start_line(request.request_id, spec.version.label, as_json=spec.json_logs, at_ms=at))
    if outcome.kind is Kind.INIT_TIMEOUT:
        error_type, message = outcomes.timed_out(
            at=clock.now(), request_id=request.request_id, seconds=spec.version.timeout
        )
        document = outcomes.document(error_type, message, request.request_id)
        outcome = Outcome(
            kind=Kind.INIT_TIMEOUT,
            payload=document,
            error_type=error_type,
            error_message=message,
            duration_ms=outcome.duration_ms,
            max_memory_mb=outcome.max_memory_mb,
        )
        log.platform(f"{message}\n\n")
    return _finish(spec, request, outcome, slot, log, None)


def _finish(
    spec: RunSpec, request: Request, outcome: Outcome, slot: Slot, log: _Log, init_ms: float | None
) -> Executed:
    timed_out = outcome.kind in _TIMEOUTS
    figures = report.make(
        duration_ms=outcome.duration_ms,
        init_ms=init_ms,
        memory_size=spec.version.memory_size,
        max_memory_used=outcome.max_memory_mb,
        timeout_s=float(spec.version.timeout) if timed_out else None,
    )
    if not spec.json_logs:
        log.platform(report.end_line(request.request_id))
    log.platform(
        report.report_line(
            request.request_id,
            figures,
            status=_status(outcome),
            error_type=outcome.error_type,
            as_json=spec.json_logs,
            at_ms=clock.epoch_ms(),
        )
    )
    return Executed(outcome, figures, slot.log_stream, log.lines)


def _status(outcome: Outcome) -> str:
    """A handler that raised has reported its error itself: as on AWS, that is no error of the environment."""
    if outcome.kind in _TIMEOUTS:
        return report.STATUS_TIMEOUT
    return report.STATUS_ERROR if outcome.kind in _CRASHES else report.STATUS_SUCCESS
