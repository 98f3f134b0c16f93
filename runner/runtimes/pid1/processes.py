"""The processes inside: starting them, hearing of their ends, holding them to their limits."""

import atexit
import ctypes
import fcntl
import os
import resource
import signal
import socket
import sys
import threading

from pid1.memory import PROCESSES

LIBC = ctypes.CDLL(None)
SIGACTION_FLAGS, SA_NOCLDSTOP = ctypes.sizeof(ctypes.c_void_p) + 128, 1  # after the handler and the signals' mask
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def spawn(program, cwd, environment, output, channel=None):
    """Start a process with its output on ``output``; without a ``channel``, wait until it runs its program.

    ``program`` is a command line, or what a fork of this process is to call. Its id, and the errno of the program that
    could not be run, or 0.
    """
    reading, writing = os.pipe()  # closed by the exec, or it says why there was none
    pid = os.fork()
    if pid == 0:
        try:
            _become(program, cwd, environment, output, writing if channel is None else channel, channel is None)
        except OSError as error:
            if channel is None:
                os.write(3, b"%d" % error.errno)
        finally:
            os._exit(127)
    os.close(writing)
    try:
        said = os.read(reading, 16) if channel is None else b""
    finally:
        os.close(reading)
    return pid, int(said or 0)


def _become(program, cwd, environment, output, third, closes):
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(third, 3, inheritable=not closes)
    os.closerange(4, 1024)
    if closes and third == 3:
        fcntl.fcntl(3, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.chdir(cwd)
    if callable(program):
        _call(program, environment)
    os.execve(program[0], program, environment)


def _call(program, environment):
    """Call ``program`` as Python calls the program it was started for, and end as that would."""
    LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as any program's: its own /proc/self is its own
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    status = 0
    try:
        program()
    except SystemExit as end:
        status = _status_of(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.modules.get("threading", threading)._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status & 0xFF)


def _status_of(code):
    """The exit status that ``sys.exit(code)`` means; what is no number is said."""
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write("%s\n" % (code,))
    return 1


class Wakeup:
    """Readable when a child has ended. What the code inside may send to this process is ignored."""

    def __init__(self):
        self.receiver, self.sender = socket.socketpair()
        self.receiver.setblocking(False)
        self.sender.setblocking(False)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _hear_of_no_stops()
        signal.set_wakeup_fd(self.sender.fileno(), warn_on_full_buffer=False)

    def fileno(self):
        return self.receiver.fileno()

    def clear(self):
        try:
            self.receiver.recv(4096)
        except BlockingIOError:
            pass


def _hear_of_no_stops():
    """Children that are frozen or thawed are no news: add SA_NOCLDSTOP to what Python has arranged for SIGCHLD."""
    action = ctypes.create_string_buffer(256)
    if LIBC.sigaction(signal.SIGCHLD, None, action) == 0:
        flags = ctypes.c_int.from_buffer(action, SIGACTION_FLAGS)
        flags.value |= SA_NOCLDSTOP
        LIBC.sigaction(signal.SIGCHLD, action, None)


def limit(pid, data_limit_mb, lent_kb=0):
    """Hold a runtime's data to so much over what it was lent, where no control group does; 0 for where one does."""
    if not data_limit_mb:
        return
    size = (data_limit_mb * 1024 + lent_kb) * 1024
    try:
        resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))
        resource.prlimit(pid, resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))  # counted in our namespace
    except ProcessLookupError:
        return  # it is over already, and will be found


def prefer_for_oom(pid):
    """Let the kernel take a runtime before this process when memory runs out."""
    try:
        with open("/proc/%d/oom_score_adj" % pid, "w") as file:
            file.write("1000")
    except OSError:
        pass


def move_up(*descriptors):
    """Keep a stream where code that closes low descriptors, or inherits them, does not meet it; the new numbers."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200) for fd in descriptors]
    null = os.open("/dev/null", os.O_RDWR)
    for fd in descriptors:
        os.dup2(null, fd)
    os.close(null)
    return high
