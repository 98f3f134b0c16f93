"""The worker's end of the launcher (``launcher.py``): one process of its own, and messages to it."""

import array
import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from runner.sandboxes.base import SandboxFailure, SandboxUnavailable

log = logging.getLogger(__name__)
SETUP_S = 20.0
END_S = 5.0


class Starter:
    """The worker's end of a process that starts sandboxes. Its methods may be called from any thread."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._mutex = threading.Lock()

    def start(self, message: dict[str, Any], stream: socket.socket) -> int:
        """Start a sandbox whose stream is ``stream``; the life line: its read end, closed when the sandbox has ended."""
        life, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            self._send({"verb": "start", **message}, [stream.fileno(), theirs])
        except SandboxFailure:
            os.close(life)
            raise
        finally:
            os.close(theirs)
        return life

    def kill(self, slot: int) -> None:
        """Kill the sandbox in ``slot``; its life line tells when it is gone."""
        try:
            self._send({"verb": "kill", "slot": slot})
        except SandboxFailure:
            log.warning("what started slot %s is gone, and with it the sandbox", slot)

    def _hear(self, timeout_s: float) -> dict[str, Any] | None:
        """The next thing it says; None when it has ended or says nothing."""
        self._control.settimeout(timeout_s)
        try:
            answer = self._control.recv(4096)
        except OSError:
            answer = b""
        self._control.settimeout(None)
        return dict(json.loads(answer)) if answer else None

    def _send(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            with self._mutex:
                self._control.sendmsg([json.dumps(message).encode()], rights)
        except OSError as error:
            raise SandboxFailure("What starts the sandboxes has ended.") from error


class Launcher(Starter):
    """Starts the launcher process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = str(Path(__file__).parent / "launcher.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", program],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd="/",
            process_group=0,  # whoever kills the worker's group leaves it time to end what is just coming up
            env={},  # bubblewrap's processes keep their parent's environment readable: let there be nothing in it
        )
        theirs.close()
        super().__init__(ours)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, and every sandbox that it started with it."""
        return self._process.poll() is not None

    def setup(self, *, base: str, mounts: list[tuple[str, str]]) -> bool:
        """Have ``base`` hold ``mounts`` (source, name) for the sandboxes alone; whether that was possible."""
        self._send({"verb": "setup", "base": base, "mounts": mounts})
        answer = self._hear(SETUP_S)
        if answer is None:
            raise SandboxUnavailable("The sandbox launcher did not start; its error is in the worker's log.")
        return bool(answer["private"])

    def close(self) -> None:
        """End the launcher and every sandbox it started."""
        self._control.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_gone(life: int, timeout_s: float) -> bool:
    """Wait for the end of a sandbox by its life line; whether it came in time."""
    poll = select.poll()
    poll.register(life, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
