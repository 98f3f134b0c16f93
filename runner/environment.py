"""One execution environment: a function version's life inside a sandbox.

``init`` once, ``invoke`` any number of times one after another, ``stop`` once. The answer of untrusted code is an
``Outcome``, never an exception, and no byte that comes out of the sandbox is believed: sizes are checked before
anything is allocated, and whatever breaks the rules ends the environment.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core import limits
from runner.outcomes import Kind, Outcome
from runner.sandboxes.base import Sandbox, SandboxSpec

__all__ = ["Environment", "InvokeRequest", "Kind", "Outcome"]

OnLog = Callable[
    [str], None
]  # one log event, without its final newline; called as it is printed, on the caller's thread


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeRequest:
    """One invocation, as the runtime inside gets it.

    ``payload``  the event, valid JSON
    ``timeout_s``  the function's timeout: when it has passed, everything inside is killed
    ``invoked_arn``  as invoked, with its qualifier
    ``client_context``  the JSON text of the ClientContext, decoded from base64; or empty
    """

    request_id: str
    payload: bytes
    timeout_s: float
    invoked_arn: str
    client_context: str = ""
    trace_id: str = ""


class Environment:
    """An execution environment over ``sandbox``. One thread at a time, except ``stop``, which any thread may call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the generic sandbox has come up (with its preload done) within ``timeout_s``; for a pool."""
        raise SystemError(timeout_s)

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
        raise SystemError(spec, request_id, on_log, timeout_s)

    def invoke(self, request: InvokeRequest, on_log: OnLog) -> Outcome:
        """Hand one event to the function and wait for its end, carrying its AWS calls to ``settings.API_INTERNAL``.

        Afterwards everything inside is frozen until the next ``invoke``. When the outcome is not ``reusable`` every
        process inside has been killed already; call ``stop`` to clean up.
        """
        raise SystemError(request, on_log)

    def stop(self) -> None:
        """End it: kill whatever runs inside and give the sandbox's resources back; idempotent."""
        self.sandbox.kill()
