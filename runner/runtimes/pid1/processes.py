"""Starting the processes inside."""

import ctypes
import fcntl
import os
import signal

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def spawn(command, cwd, environment, output, channel=None):
    """Start a process with its output on ``output``; without a ``channel``, wait until it runs its program.

    Its id, and the errno of the program that could not be run, or 0.
    """
    reading, writing = os.pipe()  # closed by the exec, or it says why there was none
    pid = os.fork()
    if pid == 0:
        try:
            _become(command, cwd, environment, output, writing if channel is None else channel, channel is None)
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


def _become(command, cwd, environment, output, third, closes):
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
    os.execve(command[0], command, environment)
