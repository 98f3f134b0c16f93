"""One init or one invocation inside an environment: what is said to PID 1, and what its answers come to."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core import clock, limits
from runner import documents, last_words, outcomes
from runner.channel import Channel, ChannelError, Ended, Frame, Violation
from runner.loglines import LogLines, OnLog
from runner.outcomes import Kind, Outcome
from runner.sandboxes.base import Sandbox
from runner.streams import Stream

log = logging.getLogger(__name__)
LOG_LIMIT = 256 * limits.KIB  # of one invocation; PID 1 counts and drops the rest, and this side does not rely on that
LAST_WORDS_S = 0.25  # how long PID 1 gets to say how it ended, once told to
QUICK_ANSWER = 64 * limits.KIB  # a longer one is looked through in a thread


@dataclass(slots=True, eq=False)
class Life:
    """What the phases of one environment have in common. Whoever holds ``in_use`` may talk to the sandbox."""

    sandbox: Sandbox
    channel: Channel
    in_use: threading.Lock = field(default_factory=threading.Lock)
    stopped: bool = False
    tells_shutdown: bool = False  # whether an extension inside wants to hear of the end
    init_ms: float | None = None
    peak_mb: int = 0

    def failed(self, request_id: str, reason: str) -> Outcome:
        """Our own failure, not the function's."""
        log.error("execution environment of request %s: %s", request_id, reason)
        self.sandbox.kill()
        return Outcome(kind=Kind.PLATFORM_FAILURE, error_type="ServiceException", error_message=reason)


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


class Phase:
    """One init or one invocation: from the order to its ``Outcome``."""

    def __init__(self, life: Life, request_id: str, on_log: OnLog, timeout_s: float, late: Kind) -> None:
        self.life, self.request_id = life, request_id
        self.channel, self.sandbox = life.channel, life.sandbox
        self.lines = LogLines(on_log, LOG_LIMIT)
        self.timeout_s, self.late = timeout_s, late
        self.is_init = late is Kind.INIT_TIMEOUT
        self.started = clock.monotonic()
        self.ended = 0.0
        self.said_dropped = 0
        self.stream = Stream(None)
        self.decided: Outcome | None = None  # what it has come to, while the environment is not yet let go

    def run(self, *order: bytes) -> Outcome:
        self.life.in_use.acquire()
        return self._concluded(lambda: self._converse(*order))

    def begin(self, *order: bytes) -> bool:
        if not self.life.in_use.acquire(blocking=False):
            return False
        if self.life.stopped or self.channel.is_readable:
            self.life.in_use.release()
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
                self.life.init_ms = None
            self.life.in_use.release()
        if not outcome.reusable:
            self.life.tells_shutdown = False
            self.sandbox.kill()
        return outcome

    def _outcome_of(self, work: Callable[[], Outcome | None]) -> Outcome:
        if self.life.stopped and self.decided is None:
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
        return self.life.failed(self.request_id, reason)

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
            self.life.tells_shutdown = header.get("shutdown") is True
            return self._outcome(Kind.OK, reusable=True)
        error_type, message = documents.errors_of(payload)
        document = documents.with_request_id(payload, self.request_id)
        return self._outcome(Kind.INIT_ERROR, payload=document, error_type=error_type, error_message=message)

    def _answered(self, frame: Frame) -> Outcome:
        self._stop_watch()
        header, payload = frame.split()
        self._measure(header)
        if header.get("id") != self.request_id:
            raise Violation("an answer to another request")
        reusable = not header.get("ended")  # a custom runtime may end with its last answer
        if frame.kind == b"T":
            return self._too_large(documents.whole(header.get("size")), reusable=reusable)
        if frame.kind == b"R" and self.stream.begun:
            if self.stream.is_too_long_to_keep:
                return self._too_large(self.stream.size, reusable=reusable)
            payload = self.stream.whole()
        if len(payload) > outcomes.RESPONSE_LIMIT:
            return self._too_large(len(payload), reusable=False)
        if not (self.is_raw and frame.kind == b"R") and not documents.is_json(payload):
            raise Violation("an answer that is not JSON")
        if frame.kind == b"R":
            return self._outcome(Kind.OK, payload=payload, reusable=reusable)
        error_type, message = documents.errors_of(payload)
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
            return self._too_large(documents.whole(said.get("size")), reusable=False)
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
        peak_mb = -(-documents.whole(said.get("max_memory_kb")) // 1024)
        self.life.peak_mb = max(self.life.peak_mb, min(peak_mb, 2 * limits.MEMORY_MB_MAX))
        self.said_dropped = documents.whole(said.get("log_dropped"))

    def _outcome(self, kind: Kind, **members: Any) -> Outcome:
        elapsed = (self.ended - self.started) * 1000
        return Outcome(
            kind=kind,
            duration_ms=elapsed,
            init_ms=elapsed if self.is_init else self.life.init_ms,
            max_memory_mb=self.life.peak_mb,
            log_dropped=self.said_dropped + self.lines.dropped,
            **members,
        )
