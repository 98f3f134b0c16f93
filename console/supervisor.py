"""Keeps the product's processes alive as one: they start together, are restarted when they crash, and end together.

Every program runs in a process group of its own, so a Ctrl-C in the terminal reaches only the supervisor, which
then stops them in order. Should the supervisor itself be killed, the kernel ends the programs for it (on Linux).
One thread, one ``select``: nothing here may wait for anything else.
"""

import contextlib
import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from core import clock

BACKOFF_S = (0.2, 1, 2, 5, 15, 30)  # before the first, second … restart in a row
SETTLED_S = 10  # after this long alive it did start, and the next crash counts as a first one
LOG_BYTES = 5_000_000  # a log file's bound; one older file is kept beside it
LINE_BYTES = 65_536
TAIL_LINES = 30

_PR_SET_PDEATHSIG = 1
_BEGINS = re.compile(rb"\d|\[")  # a time stamp; any other line continues the one before
_LOUD = re.compile(rb"\d{4}-\d\d-\d\d \S+ (WARNING|ERROR|CRITICAL) |Traceback ")


@dataclass(frozen=True)
class Program:
    """One process to keep alive. ``last`` ones are stopped only when the others have ended."""

    name: str
    argv: tuple[str, ...]
    stop_within_s: float = 8
    last: bool = False


class Log:
    """A log file that never grows past twice ``LOG_BYTES``, and the last lines of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        self.tail.append(line.decode(errors="replace").rstrip("\n"))
        with contextlib.suppress(OSError):  # a full disk costs lines, and nothing else
            if self._file.tell() > LOG_BYTES:
                self._begin_anew()
            self._file.write(line)

    def _begin_anew(self) -> None:
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".log.1"))
        fresh = self.path.open("ab", buffering=0)
        self._file.close()
        self._file = fresh

    def close(self) -> None:
        self._file.close()


@dataclass
class Running:
    """A program's present life."""

    program: Program
    log: Log
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    crashes: int = 0
    restart_at: float | None = None
    rest: bytes = b""
    loud: bool = False  # the last line was shown: so are the lines that continue it

    @property
    def news(self) -> bool:
        """Whether its troubles are worth the terminal: not those of a program that fails to start again and again."""
        return self.crashes == 0 or clock.monotonic() - self.started_at > SETTLED_S


class Supervisor:
    """``start`` programs, ``turn`` the loop until something holds or a signal asks to ``stop``."""

    def __init__(
        self, *, log_dir: Path, show: Callable[[str], None], verbose: bool = False, inherited: tuple[int, ...] = ()
    ) -> None:
        """``inherited``: descriptors that every program gets."""
        self.asked_to_stop = False
        self._log_dir = log_dir
        self._show = show
        self._verbose = verbose
        self._inherited = inherited
        self._children: dict[str, Running] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop

    # -- the verbs ---------------------------------------------------------------------------------

    def start(self, program: Program) -> None:
        running = Running(program, Log(self._log_dir / f"{program.name}.log"))
        self._children[program.name] = running
        self._spawn(running)

    def turn(self, *, timeout: float) -> None:
        """Handle what has happened, waiting for it at most ``timeout`` seconds: output, ends, due restarts."""
        due = [child.restart_at for child in self._children.values() if child.restart_at is not None]
        if due:
            timeout = max(0, min(timeout, min(due) - clock.monotonic()))
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
            else:
                self._read(key.data)
        for child in self._children.values():
            self._reap(child)
            if child.restart_at is not None and not self._stopping and child.restart_at <= clock.monotonic():
                self._spawn(child)

    def turn_for(self, seconds: float) -> None:
        """Keep the loop turning so long, or until a signal asks to stop."""
        until = clock.monotonic() + seconds
        while not self.asked_to_stop and (left := until - clock.monotonic()) > 0:
            self.turn(timeout=left)

    def crashes(self, name: str) -> int:
        """How often in a row the program ended without being asked to."""
        return self._children[name].crashes

    def tail(self, name: str) -> list[str]:
        """The last lines it logged."""
        return list(self._children[name].log.tail)

    def stop(self) -> None:
        """End all: everything that serves first, then what it leans on. Bounded in time."""
        self._stopping = True
        for last in (False, True):
            self._stop_together([child for child in self._children.values() if child.program.last is last])
        for child in self._children.values():
            child.log.close()

    # -- underneath --------------------------------------------------------------------------------

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:  # asked twice: now
            self._signal_all(signal.SIGKILL)
        self.asked_to_stop = True

    def _spawn(self, child: Running) -> None:
        child.restart_at = None
        child.started_at = clock.monotonic()
        child.process = subprocess.Popen(
            child.program.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            pass_fds=self._inherited,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one thread only
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _read(self, child: Running) -> bool:
        """Take what the program has written; False when there is nothing now, or nothing any more."""
        assert child.process is not None and child.process.stdout is not None
        try:
            data = os.read(child.process.stdout.fileno(), LINE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._forget(child.process.stdout)
            return False
        *lines, child.rest = (child.rest + data).split(b"\n")
        if len(child.rest) > LINE_BYTES:
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._log(child, line)
        return True

    def _forget(self, output: IO[bytes]) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(output)

    def _log(self, child: Running, line: bytes) -> None:
        child.log.write(line + b"\n")
        if _LOUD.match(line):
            child.loud = True
        elif _BEGINS.match(line):
            child.loud = False
        if self._verbose or (child.loud and child.news and not self._stopping):
            self._show(f"{child.program.name:>7} | {line.decode(errors='replace')}")

    def _reap(self, child: Running) -> None:
        """Notice that a program ended, and decide when it comes again."""
        if child.process is None or child.process.poll() is None:
            return
        code, output = child.process.returncode, child.process.stdout
        assert output is not None
        while self._read(child):
            pass
        self._forget(output)
        output.close()
        _signal_group(child.process.pid, signal.SIGKILL)  # whatever it left behind
        child.process = None
        if self._stopping:
            return
        if clock.monotonic() - child.started_at > SETTLED_S:
            child.crashes = 0
        delay = BACKOFF_S[min(child.crashes, len(BACKOFF_S) - 1)]
        child.crashes += 1
        child.restart_at = clock.monotonic() + delay
        self._show(f"{child.program.name:>7} | ended with {_ending(code)}; starting it again in {delay:g} s")

    def _stop_together(self, children: list[Running]) -> None:
        for child in children:
            child.restart_at = None
            if child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        begun = clock.monotonic()
        while alive := [child for child in children if child.process is not None]:
            late = clock.monotonic() - begun
            for child in alive:
                if child.process is not None and late > child.program.stop_within_s:
                    _signal_group(child.process.pid, signal.SIGKILL)
            self.turn(timeout=0.2)

    def _signal_all(self, number: int) -> None:
        for child in self._children.values():
            if child.process is not None and not child.program.last:
                _signal_group(child.process.pid, number)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
