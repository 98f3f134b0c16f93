"""The worker's side of zygotes (``runtimes/zygote``): one for each Python interpreter in use, tried before it is used.

A zygote makes a sandbox in milliseconds that bubblewrap and a new interpreter make in tenths of a second. It comes up
while nobody waits for it; until then, and where the kernel does not let it do its work, sandboxes are started the
other way.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable

from core import clock
from runner.runtimes import Interpreter
from runner.sandboxes.base import Sandbox, SandboxFailure
from runner.sandboxes.launching import Starter, wait_gone

log = logging.getLogger(__name__)
READY_S = 20.0
PAUSE_S = 30.0  # after one that was of no use


class Zygote(Starter):
    """One process: ``begin`` starts whatever a message is about on a stream, and gives its life line."""

    def __init__(self, begin: Callable[[socket.socket], int]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._life = begin(theirs)
        finally:
            theirs.close()
        super().__init__(ours)

    def wait_ready(self) -> bool:
        """Whether it has come up."""
        return self._hear(READY_S) is not None

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, and every sandbox that it started with it."""
        return wait_gone(self._life, 0)

    def close(self) -> None:
        """End it and what it started."""
        self._control.close()
        os.close(self._life)


class Zygotes:
    """``begin`` starts a zygote's process; ``attempt`` starts a sandbox from it. Thread-safe."""

    def __init__(
        self,
        *,
        begin: Callable[[Interpreter, socket.socket], int],
        attempt: Callable[[Interpreter, Zygote], Sandbox],
    ) -> None:
        self._begin, self._attempt = begin, attempt
        self._ready: dict[Interpreter, Zygote] = {}
        self._coming: dict[Interpreter, threading.Event] = {}
        self._not_before: dict[Interpreter, float] = {}
        self._mutex = threading.Lock()
        self._over = False

    def of(self, interpreter: Interpreter, *, wait: bool = False) -> Zygote | None:
        """The zygote of ``interpreter``, if it can be used now; if not, one may be on its way, and ``wait`` is for it."""
        with self._mutex:
            zygote = self._ready.get(interpreter)
            if zygote is not None and not zygote.has_ended:
                return zygote
            if zygote is not None:
                log.error("the zygote of %s has ended; another one is started", interpreter.label)
                self._ready.pop(interpreter).close()
            coming = self._coming.get(interpreter) or self._make(interpreter)
        if wait and coming is not None and coming.wait(READY_S):
            return self._ready.get(interpreter)
        return None

    def close(self) -> None:
        """End them all; none comes any more."""
        with self._mutex:
            self._over = True
            coming = list(self._coming.values())
        for one in coming:
            one.wait(READY_S)
        with self._mutex:
            while self._ready:
                self._ready.popitem()[1].close()

    def _make(self, interpreter: Interpreter) -> threading.Event | None:
        if self._over or clock.monotonic() < self._not_before.get(interpreter, 0.0):
            return None
        coming = self._coming[interpreter] = threading.Event()
        threading.Thread(target=self._bring_up, args=(interpreter, coming), name="zygote", daemon=True).start()
        return coming

    def _bring_up(self, interpreter: Interpreter, coming: threading.Event) -> None:
        zygote, why = self._tried(interpreter)
        with self._mutex:
            del self._coming[interpreter]
            if zygote is not None:
                self._ready[interpreter] = zygote
            else:
                self._not_before[interpreter] = clock.monotonic() + PAUSE_S
                log.warning("%s starts each sandbox anew, which is slower: %s", interpreter.label, why)
        coming.set()

    def _tried(self, interpreter: Interpreter) -> tuple[Zygote | None, str]:
        """A zygote that has made a sandbox which came up; or None and what went wrong."""
        try:
            zygote = Zygote(lambda control: self._begin(interpreter, control))
        except (OSError, SandboxFailure) as error:
            return None, str(error)
        why = "its zygote did not come up"
        if zygote.wait_ready():
            try:
                sandbox = self._attempt(interpreter, zygote)
            except SandboxFailure as error:
                why = error.text
            else:
                came_up = _came_up(sandbox)
                why = sandbox.startup_error() or "its zygote's sandbox did not come up"
                sandbox.kill()
                sandbox.stream.close()
                if came_up:
                    return zygote, ""
        zygote.close()
        return None, why


def _came_up(sandbox: Sandbox) -> bool:
    sandbox.stream.settimeout(READY_S)
    try:
        return sandbox.stream.recv(1) == b"Y"
    except OSError:
        return False
