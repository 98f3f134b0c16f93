"""AWS's words for how a runtime's process ended, from what PID 1 says about it; nothing of that is believed."""

import errno
import signal
from collections.abc import Mapping
from typing import Any


def exit_reason(said: Mapping[str, Any]) -> str:
    """``exit status 3`` or ``signal: killed``; empty for a clean exit, which gives no reason."""
    if said.get("reason") == "signal":
        number = _whole(said.get("signal"))
        return f"signal: {SIGNAL_WORDS.get(number, f'signal {number}')}"
    status = _whole(said.get("status"))
    return f"exit status {status}" if status else ""


def entrypoint_reason(said: Mapping[str, Any]) -> str:
    """Why a custom runtime's bootstrap could not be run: it is missing, or what the system says about it."""
    number = _whole(said.get("errno"))
    if number not in ERROR_WORDS:
        return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    place = "/opt" if said.get("layer") else "/var/task"
    return f"fork/exec {place}/bootstrap: {ERROR_WORDS[number]}"


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**53 else 0


# As Go's runtime names errors and signals, and so AWS's messages.
ERROR_WORDS: dict[int, str] = {
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.ENOENT: "no such file or directory",
    errno.ENOEXEC: "exec format error",
    errno.E2BIG: "argument list too long",
    errno.ENOMEM: "cannot allocate memory",
}
SIGNAL_WORDS: dict[int, str] = {
    signal.SIGHUP: "hangup",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "quit",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed",
    signal.SIGUSR1: "user defined signal 1",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGUSR2: "user defined signal 2",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGTERM: "terminated",
}
