"""The worker's side of zygotes (``runtimes/zygote``): two for each Python interpreter in use, tried before they are used.

A zygote makes a sandbox in milliseconds that bubblewrap and a new interpreter make in tenths of a second. It comes up
while nobody waits for it; until then, and where the kernel does not let it do its work, sandboxes are started the
other way. One of the two has the AWS SDK loaded; what never uses that is a fork of the other, which has a fifth of the
memory: a fork copies the table of its pages twice and gives it back, and that is most of what it costs.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

from core import clock
from runner.runtimes import Interpreter
from runner.sandboxes.base import Sandbox, SandboxFailure
from runner.sandboxes.launching import Starter, wait_gone

log = logging.getLogger(__name__)
READY_S = 20.0
PAUSE_S = 30.0  # after one that was of no use


@dataclass(frozen=True, slots=True)
class Kind:
    """What forks of a zygote have loaded."""

    interpreter: Interpreter
    has_sdk: bool


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
        begin: Callable[[Kind, socket.socket], int],
        attempt: Callable[[Kind, Zygote], Sandbox],
    ) -> None:
        self._begin, self._attempt = begin, attempt
        self._ready: dict[Kind, Zygote] = {}
        self._coming: dict[Kind, threading.Event] = {}
        self._not_before: dict[Kind, float] = {}
        self._mutex = threading.Lock()
        self._over = False

    def of(self, kind: Kind, *, wait: bool = False) -> Zygote | None:
        """The zygote of this kind, if it can be used now; if not, one may be on its way, and ``wait`` is for it."""
        with self._mutex:
            zygote = self._ready.get(kind)
            if zygote is not None and not zygote.has_ended:
                return zygote
            if zygote is not None:
                log.error("the zygote of %s has ended; another one is started", kind.interpreter.label)
                self._ready.pop(kind).close()
            coming = self._coming.get(kind) or self._make(kind)
        if wait and coming is not None and coming.wait(READY_S):
            return self._ready.get(kind)
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

    def _make(self, kind: Kind) -> threading.Event | None:
        if self._over or clock.monotonic() < self._not_before.get(kind, 0.0):
            return None
        coming = self._coming[kind] = threading.Event()
        threading.Thread(target=self._bring_up, args=(kind, coming), name="zygote", daemon=True).start()
        return coming

    def _bring_up(self, kind: Kind, coming: threading.Event) -> None:
        zygote, why = self._tried(kind)
        with self._mutex:
            del self._coming[kind]
            if zygote is not None:
                self._ready[kind] = zygote
            else:
                self._not_before[kind] = clock.monotonic() + PAUSE_S
                log.warning("%s starts each sandbox anew, which is slower: %s", kind.interpreter.label, why)
        coming.set()

    def _tried(self, kind: Kind) -> tuple[Zygote | None, str]:
        """A zygote that has made a sandbox which came up; or None and what went wrong."""
        try:
            zygote = Zygote(lambda control: self._begin(kind, control))
        except (OSError, SandboxFailure) as error:
            return None, str(error)
        why = "its zygote did not come up"
        if zygote.wait_ready():
            try:
                sandbox = self._attempt(kind, zygote)
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
