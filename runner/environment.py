"""One execution environment: a function version's life inside a sandbox.

``init`` once, ``invoke`` any number of times one after another, ``stop`` once. The answer of untrusted code is an
``Outcome``, never an exception, and no byte that comes out of the sandbox is believed: sizes are checked before
anything is allocated, and whatever breaks the rules ends the environment.
"""

import json
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from core import clock, limits
from core.errors import ServiceError
from core.strict_json import storable
from runner import last_words, outcomes
from runner.channel import Channel, ChannelError, Ended, Frame, Violation
from runner.loglines import LogLines, OnLog
from runner.outcomes import Kind, Outcome
from runner.sandboxes.base import Sandbox, SandboxSpec
from runner.streams import OnPart, Stream

__all__ = ["Conversation", "Environment", "InvokeRequest", "Kind", "OnLog", "Outcome", "Slow"]

log = logging.getLogger(__name__)
LOG_LIMIT = 256 * limits.KIB  # of one invocation; PID 1 counts and drops the rest, and this side does not rely on that
START_S = 30.0  # for the sandbox itself to come up; no part of the function's init phase
LAST_WORDS_S = 0.25  # how long PID 1 gets to say how it ended, once told to
QUICK_ANSWER = 64 * limits.KIB  # a longer one is looked through in a thread
SHUTDOWN_S = 2.5  # PID 1 gives extensions two of them
FRESH = ("LD_", "PYTHON", "NODE_", "MALLOC_", "GLIBC_", "UV_")  # variables that a process reads only at its start
SET_ANYWAY = {"PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeRequest:
    """One invocation, as the runtime inside gets it.

    ``payload``  the event, valid JSON
    ``timeout_s``  the function's timeout: when it has passed, everything inside is killed
    ``invoked_arn``  as invoked, with its qualifier
    ``client_context``  the JSON text of the ClientContext, decoded from base64; or empty
    ``on_part``  gets each part of an answer that is streamed, and its content type; None has the answer collected
    """

    request_id: str
    payload: bytes
    timeout_s: float
    invoked_arn: str
    client_context: str = ""
    trace_id: str = ""
    on_part: OnPart | None = None

    def header(self) -> dict[str, Any]:
        return {
            "id": self.request_id,
            "deadline_ms": clock.epoch_ms() + int(self.timeout_s * 1000),
            "invoked_arn": self.invoked_arn,
            "client_context": self.client_context,
            "trace_id": self.trace_id,
        }


class Environment:
    """An execution environment over ``sandbox``. One thread at a time, except ``stop``, which any thread may call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._channel = Channel(sandbox.stream, settings.API_INTERNAL)
        self._in_use = threading.Lock()
        self._ready = self._stopped = False
        self._tells_shutdown = False  # whether an extension inside wants to hear of the end
        self._init_ms: float | None = None
        self._peak_mb = 0

    @property
    def is_dead(self) -> bool:
        """Whether its stream has ended while nobody used it: its launcher or broker died, or the machine was short."""
        try:
            return socket.socket.recv(self.sandbox.stream, 1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the generic sandbox has come up (with its preload done) within ``timeout_s``; for a pool."""
        deadline = clock.monotonic() + timeout_s
        with self._in_use:
            try:
                while not self._ready and not self._stopped and (frame := self._channel.receive(deadline)):
                    self._ready = frame.kind == b"Y"
            except ChannelError:
                return False
        return self._ready

    def init(
        self,
        spec: SandboxSpec,
        *,
        request_id: str,
        on_log: OnLog,
        timeout_s: float = limits.INIT_TIMEOUT_S,
    ) -> Outcome:
        """Bind the sandbox to ``spec`` and run the function's init phase; once.

        ``request_id`` is the invocation that caused the cold start (any id when none did): error documents carry it.
        Kinds: OK, INIT_ERROR, INIT_TIMEOUT, EXIT, OUT_OF_MEMORY, PROTOCOL_VIOLATION, PLATFORM_FAILURE.
        """
        try:
            binding = self.sandbox.bind(spec)  # while it may still be coming up
        except ServiceError as error:
            return self._failed(request_id, error.text)
        if not self.wait_ready(START_S):
            return self._failed(request_id, self.sandbox.startup_error() or "the sandbox did not come up")
        phase = _Phase(self, request_id, on_log, timeout_s, Kind.INIT_TIMEOUT)
        order = {
            "handler": spec.handler,
            "environment": binding.environment,
            "memory_mb": spec.memory_mb,
            "fresh": _needs_fresh_start(spec.environment),
            "data_limit_mb": binding.data_limit_mb,
        }
        outcome = phase.run(b"B", json.dumps(order).encode())
        self._init_ms = outcome.init_ms
        if outcome.ok:
            self.sandbox.settle()
        return outcome

    def invoke(self, request: InvokeRequest, on_log: OnLog) -> Outcome:
        """Hand one event to the function and wait for its end, carrying its AWS calls to ``settings.API_INTERNAL``.

        Afterwards everything inside is frozen until the next ``invoke``. When the outcome is not ``reusable`` every
        process inside has been killed already; call ``stop`` to clean up.
        """
        phase, order = self._invocation(request, on_log)
        return phase.run(b"I", *order)

    def begin(self, request: InvokeRequest, on_log: OnLog) -> "Conversation | None":
        """``invoke`` for somebody who cannot wait; None when it would have to, right away."""
        phase, order = self._invocation(request, on_log)
        return phase if phase.begin(b"I", *order) else None

    def _invocation(self, request: InvokeRequest, on_log: OnLog) -> "tuple[_Phase, tuple[bytes, ...]]":
        phase = _Phase(self, request.request_id, on_log, request.timeout_s, Kind.TIMEOUT)
        phase.stream = Stream(request.on_part)
        header = json.dumps(request.header()).encode()
        return phase, (len(header).to_bytes(4), header, request.payload)

    def _failed(self, request_id: str, reason: str) -> Outcome:
        """Our own failure, not the function's."""
        log.error("execution environment of request %s: %s", request_id, reason)
        self.sandbox.kill()
        return Outcome(kind=Kind.PLATFORM_FAILURE, error_type="ServiceException", error_message=reason)

    def stop(self) -> None:
        """End it: kill whatever runs inside and give the sandbox's resources back; idempotent.

        Extensions that asked for it hear of the end first, and have two seconds, when nobody uses the environment.
        """
        if self._tells_shutdown and not self._stopped and self._in_use.acquire(blocking=False):
            try:
                self._shut_down()
            finally:
                self._in_use.release()
        self._stopped = True
        self.sandbox.kill()  # whoever is inside ``init`` or ``invoke`` now sees the end of the stream
        with self._in_use:
            self._channel.close_relay()
            self.sandbox.stream.close()

    def _shut_down(self) -> None:
        self._channel.send(b"Q")
        deadline = clock.monotonic() + SHUTDOWN_S
        try:
            while (frame := self._channel.receive(deadline)) and frame.kind != b"X":
                continue
        except ChannelError:
            return


class Slow(Exception):
    """What comes next may have to be waited for: it is ``rest``'s, in a thread."""


class Conversation(Protocol):
    """An invocation that has begun, for somebody who cannot wait. ``rest`` is for a thread, and may be called any time."""

    @property
    def deadline(self) -> float:
        """The monotonic moment from which on ``rest`` has something to do."""

    @property
    def is_sent(self) -> bool:
        """Whether the whole event is on its way; if not, ``rest`` has something to do now."""

    def fileno(self) -> int:
        """Readable whenever ``advance`` has something to do."""

    def advance(self) -> Outcome | None:
        """Take in what came, without waiting; the outcome when that was the end. Raises ``Slow``."""

    def rest(self) -> Outcome:
        """Wait for the end."""


class _Phase:
    """One init or one invocation: from the order to its ``Outcome``."""

    def __init__(self, environment: Environment, request_id: str, on_log: OnLog, timeout_s: float, late: Kind) -> None:
        self.environment, self.request_id = environment, request_id
        self.channel, self.sandbox = environment._channel, environment.sandbox
        self.lines = LogLines(on_log, LOG_LIMIT)
        self.timeout_s, self.late = timeout_s, late
        self.is_init = late is Kind.INIT_TIMEOUT
        self.started = clock.monotonic()
        self.ended = 0.0
        self.said_dropped = 0
        self.stream = Stream(None)
        self.decided: Outcome | None = None  # what it has come to, while the environment is not yet let go

    def run(self, *order: bytes) -> Outcome:
        self.environment._in_use.acquire()
        return self._concluded(lambda: self._converse(*order))

    def begin(self, *order: bytes) -> bool:
        if not self.environment._in_use.acquire(blocking=False):
            return False
        if self.environment._stopped or self.channel.is_readable:
            self.environment._in_use.release()
            return False
        self.channel.send(*order)
        return True

    # -- for somebody who cannot wait ----------------------------------------------------------------

    def fileno(self) -> int:
        return self.channel.stream.fileno()

    @property
    def deadline(self) -> float:
        return self.started + self.timeout_s

    @property
    def is_sent(self) -> bool:
        return self.channel.is_sent

    def advance(self) -> Outcome | None:
        is_quick = self.channel.read_now()
        while (frame := self.channel.next()) is not None:
            if frame.kind != b"L" and not self._decide(frame):
                self.channel.put_back(frame)
                raise Slow
            if frame.kind == b"L":
                self.lines.feed(frame.body)
            elif self.decided is not None:
                return self._concluded(lambda: self.decided)
        if not is_quick or not self.channel.is_sent:
            raise Slow
        return None

    def _decide(self, frame: Frame) -> bool:
        """Take an answer, if that needs no waiting: a small one, after which the environment is as good as before."""
        if len(frame.body) > QUICK_ANSWER:
            return False
        try:
            self.decided = self._answered(frame)
        except Violation:
            return False
        return self.decided.reusable

    def rest(self) -> Outcome:
        return self._concluded(lambda: self.decided or self._listen())

    def _concluded(self, work: Callable[[], Outcome | None]) -> Outcome:
        """Do the rest of the conversation and let the environment go, whatever became of it."""
        try:
            outcome = self._outcome_of(work)
        finally:
            if not self.is_init:
                self.environment._init_ms = None
            self.environment._in_use.release()
        if not outcome.reusable:
            self.environment._tells_shutdown = False
            self.sandbox.kill()
        return outcome

    def _outcome_of(self, work: Callable[[], Outcome | None]) -> Outcome:
        if self.environment._stopped and self.decided is None:
            return self.failed("it was stopped")
        try:
            outcome = work()
            assert outcome is not None
        except Violation as violation:
            log.warning("sandbox of request %s broke the protocol: %s", self.request_id, violation)
            outcome = self._abnormal(Kind.PROTOCOL_VIOLATION, *outcomes.exited(request_id=self.request_id, reason=""))
        except Ended:
            outcome = self._vanished()
        self.channel.close_relay()
        self.lines.finish()
        return outcome

    def failed(self, reason: str) -> Outcome:
        return self.environment._failed(self.request_id, reason)

    # -- the conversation --------------------------------------------------------------------------

    def _converse(self, kind: bytes, *parts: bytes) -> Outcome:
        if (already := self._pending()) is not None:
            return already
        self.channel.send(kind, *parts)
        return self._listen()

    def _listen(self) -> Outcome:
        while (frame := self.channel.receive(self.deadline)) is not None:
            if (outcome := self._on_frame(frame)) is not None:
                return outcome
        return self._timed_out()

    def _pending(self) -> Outcome | None:
        """Something that was said before it was asked: the environment died, or lies, while nobody used it."""
        if (frame := self.channel.receive(0)) is not None:
            return self.failed(f"it ended while it was idle ({frame.kind!r})")
        return None

    def _on_frame(self, frame: Frame) -> Outcome | None:
        match frame.kind:
            case b"L":
                self.lines.feed(frame.body)
                return None
            case b"X":
                return self._ended(frame.document())
            case b"N" | b"E" if self.is_init:
                return self._after_init(frame)
            case b"R" | b"F" | b"T" if not self.is_init:
                return self._answered(frame)
            case b"S" if not self.is_init and not self.stream.begun:
                header, _none = frame.split()
                self.stream.begin(str(header.get("content_type") or ""))
                return None
            case b"P" if self.stream.begun:
                return self._part(frame.body)
            case _:
                raise Violation(f"frame {frame.kind!r} out of turn")

    def _after_init(self, frame: Frame) -> Outcome:
        self._stop_watch()
        header, payload = frame.split()
        self._measure(header)
        if frame.kind == b"N":
            self.environment._tells_shutdown = header.get("shutdown") is True
            return self._outcome(Kind.OK, reusable=True)
        error_type, message = _errors_of(payload)
        document = _with_request_id(payload, self.request_id)
        return self._outcome(Kind.INIT_ERROR, payload=document, error_type=error_type, error_message=message)

    def _answered(self, frame: Frame) -> Outcome:
        self._stop_watch()
        header, payload = frame.split()
        self._measure(header)
        if header.get("id") != self.request_id:
            raise Violation("an answer to another request")
        reusable = not header.get("ended")  # a custom runtime may end with its last answer
        if frame.kind == b"T":
            return self._too_large(_whole(header.get("size")), reusable=reusable)
        if frame.kind == b"R" and self.stream.begun:
            if self.stream.is_too_long_to_keep:
                return self._too_large(self.stream.size, reusable=reusable)
            payload = self.stream.whole()
        if len(payload) > outcomes.RESPONSE_LIMIT:
            return self._too_large(len(payload), reusable=False)
        if not (self.is_raw and frame.kind == b"R") and not _is_json(payload):
            raise Violation("an answer that is not JSON")
        if frame.kind == b"R":
            return self._outcome(Kind.OK, payload=payload, reusable=reusable)
        error_type, message = _errors_of(payload)
        return self._outcome(
            Kind.FUNCTION_ERROR, payload=payload, error_type=error_type, error_message=message, reusable=reusable
        )

    @property
    def is_raw(self) -> bool:
        """Whether an answer need not be JSON."""
        return self.stream.begun or self.sandbox.interpreter.family == "provided"

    def _part(self, data: bytes) -> Outcome | None:
        if self.stream.add(data):
            return None
        self._stop_watch()
        self._last_words()
        return self._too_large(self.stream.size, reusable=False, limit=limits.STREAMED_RESPONSE_PAYLOAD)

    # -- abnormal ends -----------------------------------------------------------------------------

    def _timed_out(self) -> Outcome:
        self._stop_watch()
        self._last_words()
        words = outcomes.timed_out(at=clock.now(), request_id=self.request_id, seconds=self.timeout_s)
        return self._abnormal(self.late, *words)

    def _last_words(self) -> None:
        """Have PID 1 kill everybody, and hear what was printed until then and how much memory it took."""
        self.channel.send(b"K")
        deadline = clock.monotonic() + LAST_WORDS_S
        try:
            while frame := self.channel.receive(deadline):
                if frame.kind == b"L":
                    self.lines.feed(frame.body)
                elif frame.kind == b"X":
                    self._measure(frame.document())
                    return
        except ChannelError:
            return

    def _ended(self, said: dict[str, Any]) -> Outcome:
        """PID 1 says how the runtime ended; the code inside can have made it say nearly anything about itself."""
        self._stop_watch()
        self._measure(said)
        reason = said.get("reason")
        if reason == "memory" or (
            reason == "signal" and said.get("signal") == signal.SIGKILL and self._kernel_killed()
        ):
            return self._abnormal(Kind.OUT_OF_MEMORY, *outcomes.out_of_memory(request_id=self.request_id))
        if reason == "too-large":
            return self._too_large(_whole(said.get("size")), reusable=False)
        if reason == "entrypoint":
            words = outcomes.no_entrypoint(request_id=self.request_id, reason=last_words.entrypoint_reason(said))
            return self._abnormal(Kind.INIT_ERROR, *words)
        if reason in ("forged", "protocol"):
            raise Violation(f"the runtime: {reason}")
        return self._abnormal(
            Kind.EXIT, *outcomes.exited(request_id=self.request_id, reason=last_words.exit_reason(said))
        )

    def _vanished(self) -> Outcome:
        """The stream ended without a word: PID 1 is gone."""
        self._stop_watch()
        if self._kernel_killed():
            return self._abnormal(Kind.OUT_OF_MEMORY, *outcomes.out_of_memory(request_id=self.request_id))
        said = self.sandbox.startup_error()
        return self.failed(f"the sandbox ended without a word{f': {said}' if said else ''}")

    def _kernel_killed(self) -> bool:
        return self.sandbox.oom_kills() > 0

    def _too_large(self, size: int, *, reusable: bool, limit: int = outcomes.RESPONSE_LIMIT) -> Outcome:
        error_type, message = outcomes.response_too_large(size=size, limit=limit)
        return self._outcome(
            Kind.RESPONSE_TOO_LARGE,
            payload=outcomes.document(error_type, message, self.request_id),
            error_type=error_type,
            error_message=message,
            reusable=reusable,
        )

    def _abnormal(self, kind: Kind, error_type: str, message: str) -> Outcome:
        self._stop_watch()
        document = outcomes.document(error_type, message, self.request_id)
        return self._outcome(kind, payload=document, error_type=error_type, error_message=message)

    # -- figures -----------------------------------------------------------------------------------

    def _stop_watch(self) -> None:
        self.ended = self.ended or clock.monotonic()

    def _measure(self, said: Mapping[str, Any]) -> None:
        peak_mb = -(-_whole(said.get("max_memory_kb")) // 1024)
        self.environment._peak_mb = max(self.environment._peak_mb, min(peak_mb, 2 * limits.MEMORY_MB_MAX))
        self.said_dropped = _whole(said.get("log_dropped"))

    def _outcome(self, kind: Kind, **members: Any) -> Outcome:
        elapsed = (self.ended - self.started) * 1000
        return Outcome(
            kind=kind,
            duration_ms=elapsed,
            init_ms=elapsed if self.is_init else self.environment._init_ms,
            max_memory_mb=self.environment._peak_mb,
            log_dropped=self.said_dropped + self.lines.dropped,
            **members,
        )


def _needs_fresh_start(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(FRESH) and name not in SET_ANYWAY for name in environment) or "TZ" not in environment


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**53 else 0


def _is_json(payload: bytes) -> bool:
    """Whether it parses at all; AWS lets NaN and the like pass, and so do we."""
    try:
        json.loads(payload, parse_int=len)
    except (ValueError, RecursionError):
        return False
    return True


def _errors_of(document: bytes) -> tuple[str, str]:
    """Type and message in an error document, as far as it has any."""
    try:
        members = json.loads(document)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return "Runtime.Unknown", ""
    error_type, message = members.get("errorType") or "Runtime.Unknown", members.get("errorMessage") or ""
    return storable(str(error_type))[:256], storable(str(message))


def _with_request_id(document: bytes, request_id: str) -> bytes:
    """The runtime does not know which request its init serves: a document that names one names it here."""
    try:
        members = json.loads(document)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        return outcomes.document(*_errors_of(document), request_id, [])
    if "requestId" in members:
        members["requestId"] = request_id
    return json.dumps(members).encode()
