"""The launcher: a small process of one thread that starts and ends sandboxes for a worker.

Why a process of its own: a worker has many threads, and a process that bubblewrap is told to die with dies with the
*thread* that forked it; forking a large process is slow; and, as root, the mounts that make interpreters and code
reachable for the sandboxes' users must exist in a mount namespace that nothing else lives in.

Messages are JSON on a packet socket (descriptor 0), with file descriptors beside them:

``setup``  ``{base, mounts: [[source, name]]}``  as root: a private mount namespace where ``base`` holds the sources.
           Answered with ``{"private": bool}``.
``start``  ``{slot, argv, user, joins, limits, errors, filter}`` and two descriptors: the sandbox's stream and its life
           line, which gets ``{"status": n}`` and is closed when the process has ended. Not answered.
``kill``   ``{slot}``. Not answered: the life line tells.

When the worker ends, so does everything started here. Zygotes (``runtimes/zygote``) are launchers, too: ``start`` has
other members there. Standard library only, from Python 3.9.
"""

import array
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_SIZE = 256 * 1024
FILTER_FD = 9
PR_SET_CHILD_SUBREAPER = 36
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18

Message = dict[str, Any]


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def make_private(base: str, mounts: list[list[str]]) -> bool:
    """Enter a mount namespace of our own and bind each source to ``base/name``; whether that could be done."""
    try:
        os.unshare(os.CLONE_NEWNS)
        _mount("none", "/", "", MS_REC | MS_PRIVATE)
    except PermissionError:
        return False
    os.makedirs(base, exist_ok=True)
    _mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
    for source, name in mounts:
        target = f"{base}/{name}"
        os.makedirs(target)
        _mount(source, target, "", MS_BIND)
    os.chmod(base, 0o755)
    return True


def start(message: Message, stream: int) -> int:
    """Fork and execute a sandbox; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _become(message, stream)
    except BaseException as error:
        os.write(2, f"{message['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(126)


def report_to(path: str) -> None:
    """From here on, what goes wrong in this fork is written to ``path``: why a sandbox did not come up."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), 2)


def set_apart(message: Message) -> None:
    """Give this fork the control groups, the session, the limits and the user that ``message`` says."""
    signal.set_wakeup_fd(-1)
    for path in message["joins"]:
        with open(path, "w") as file:
            file.write("0")
    os.setsid()
    for name, value in message["limits"].items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (ceiling, ceiling))
    user = message["user"]
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _become(message: Message, stream: int) -> None:
    report_to(message["errors"])
    os.dup2(stream, 0)
    os.dup2(stream, 1)
    if message["filter"]:
        os.dup2(os.open(message["filter"], os.O_RDONLY), FILTER_FD)
        os.set_inheritable(FILTER_FD, True)  # in case it had that very number already
    set_apart(message)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(message["argv"][0], message["argv"], message.get("environment", {}))


class Launcher:
    """Obeys ``control``. ``start_one`` starts what a message is about, on a stream: its process id, or OSError."""

    def __init__(self, control: socket.socket, start_one: "Callable[[Message, int], int]" = start) -> None:
        self.control, self.start_one = control, start_one
        self.slots: dict[int, int] = {}  # slot → process id
        self.lives: dict[int, tuple[int, int]] = {}  # process id → slot, life line

    def serve(self) -> None:
        """Obey until the worker is gone, then end everything."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # where nobody else reaps, nothing may pile up
        try:
            self.run()
        finally:
            self.end()

    def run(self) -> None:
        receiver, sender = socket.socketpair()
        receiver.setblocking(False)
        sender.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal: the worker decides
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(receiver, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if receiver.fileno() in ready:
                receiver.recv(4096)
                self.reap()
            if self.control.fileno() in ready and not self.obey():
                return

    def obey(self) -> bool:
        """Take one message; False when the worker is gone."""
        try:
            data, ancillary, _flags, _address = self.control.recvmsg(MESSAGE_SIZE, socket.CMSG_SPACE(8))
        except OSError:
            return False
        if not data:
            return False
        fds = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(payload)
        message = json.loads(data)
        if message["verb"] == "setup":
            private = os.geteuid() == 0 and make_private(message["base"], message["mounts"])
            self.control.send(json.dumps({"private": private}).encode())
        elif message["verb"] == "start":
            self.begin(message, *fds)
        elif message["verb"] == "kill":
            self.kill(message["slot"])
        return True

    def begin(self, message: Message, stream: int, life: int) -> None:
        try:
            pid = self.start_one(message, stream)
        except OSError:
            os.close(life)
            return
        finally:
            os.close(stream)
        self.slots[message["slot"]] = pid
        self.lives[pid] = (message["slot"], life)

    def kill(self, slot: int) -> None:
        """Kill the process in ``slot`` and its group.

        bubblewrap's child is bound to die with it, but only once that child has got so far; until then it is in its
        group, waiting for a word that would never come.
        """
        if pid := self.slots.get(slot):
            os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def reap(self) -> None:
        """Take leave of whoever has ended: sandboxes, and what they left to us as their subreaper."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.ended(pid, status)

    def ended(self, pid: int, status: int) -> None:
        slot, life = self.lives.pop(pid, (-1, -1))
        if life < 0:
            return
        if self.slots.get(slot) == pid:
            del self.slots[slot]
        with contextlib.suppress(OSError):  # nobody may be interested any more
            os.write(life, json.dumps({"status": status}).encode())
        os.close(life)

    def end(self) -> None:
        signal.set_wakeup_fd(-1)  # who ends is waited for below
        for slot in list(self.slots):
            self.kill(slot)
        while self.lives:
            self.ended(*os.waitpid(-1, 0))


def main() -> None:
    launcher = Launcher(socket.socket(fileno=0))
    os.set_inheritable(0, False)
    launcher.serve()


if __name__ == "__main__":
    main()
