"""PID 1 of a sandbox: carries frames between the worker outside and the runtime process inside.

It is no security boundary towards the worker, which believes nothing that comes out; it is one towards the code
inside only so far as that cannot read its memory or its stream. Standard library only, every Python from 3.9.

Frames are ``type:1 length:4 body`` (big-endian), on the stream and between here and the runtime alike. A *headed* body
is ``length:4 JSON payload``.

worker → here    B bind (JSON) · I invoke (headed) · K end it and say how
                 Q it will not be used again: let extensions hear of it, then end · D, C, A relay: data, close, acknowledge
here → worker    Y up · N init done · E init failed (headed) · R answer, F function error, T answer too large (headed)
                 S a streamed answer begins (headed) · P a part of it; R or F is then its end, without an answer
                 L log bytes · X the end (JSON) · O, D, C, A relay: open, data, close, acknowledge
here ↔ runtime   B, I down; Y (JSON: what memory it was lent), U it uses that, N, E, R, F, T, S, P up

``main`` takes its one argument, JSON, from the command line: ``command`` and ``environment`` of the runtime, the
``cwd`` to start it in, the ``port`` to relay (0: none), and the ``api_port`` for the Runtime API (0: any). Without a
``command`` the function brings its own runtime, which speaks that API instead of frames. The stream is read from file descriptor 0 and written to 1,
which may be one socket or two pipes; standard error is for what goes wrong before a frame can be sent.
"""

import json
import os
import select
import signal
import socket
import sys
import time

from pid1 import custom, frames, processes
from pid1.frames import HEAD
from pid1.loop import Buffer, Loop
from pid1.memory import Memory, oom_kills
from pid1.output import Output
from pid1.processes import LIBC, spawn
from pid1.relay import Relay

PR_SET_DUMPABLE = 4
LINGER = 2.0
HOLD = 2.0  # how long an answer waits for the runtime and its extensions to come to rest
FREEZE_AFTER = 0.03  # without work: invocations that follow at once pay for no freeze and no thaw


class Init:
    def __init__(self, config, runtime=None):
        self.config = config
        self.program = runtime or config["command"]
        self.alone = os.getpid() == 1  # in a PID namespace of our own: everybody else is ours
        self.stream_in, self.stream_out = processes.move_up(0, 1)
        self.loop = Loop()
        self.memory = Memory(self.alone)
        self.relay = Relay(self.loop, self.send, lambda: self.busy)
        self.incoming = bytearray()
        self.streaming = False  # whether it has begun to answer in parts
        self.current = None  # the id of the invocation in flight
        self.busy = False  # whether code inside is running, in init or in an invocation
        self.freeze_at = None  # when what is inside will be frozen; None while it is at work, or frozen already
        self.frozen = False
        self.child = self.status = None
        self.is_up = False  # whether the runtime has said so; only then can code of the function's be running
        self.runtime = None  # the buffer to a runtime that speaks frames
        self.output = Output(self.loop, self.send)
        self.inside = None  # ``custom.Inside``, when there is a custom runtime or an extension
        self.held = None  # an answer that waits to be sent, and until when
        self.from_runtime = bytearray()
        self.orders = {
            b"B": self.bind,
            b"I": self.invoke,
            b"K": lambda _body: self.end("killed"),
            b"Q": self.shut_down,
            b"D": self.relay.data,
            b"C": self.relay.closed,
            b"A": self.relay.acknowledged,
        }

    def run(self):
        self.wakeup = processes.Wakeup()
        self.loop.watch(self.wakeup, self.child_changed)
        self.loop.watch(self.stream_in, self.read_stream)
        if self.config["port"]:
            self.relay.listen(self.config["port"])
        if self.program:
            self.spawn(self.program, self.config["environment"])
        else:
            self.send(b"Y", b"{}")
        while True:
            self.loop.turn(self.patience())
            if self.status is not None:
                self.runtime_ended()
            if self.inside and self.busy:
                self.inside.tick()
                self.let_go()
            if self.busy and self.memory.limit_kb:
                excess = self.memory.exceeded(time.monotonic())
                if excess:
                    self.end("memory", **excess)
            elif self.freeze_at is not None and time.monotonic() >= self.freeze_at:
                self.freeze()

    def patience(self):
        """Milliseconds until there is something to do by itself; None when only others can tell."""
        if self.freeze_at is not None:
            return max(0.0, self.freeze_at - time.monotonic()) * 1000 + 1
        return self.memory.tick * 1000 if self.busy and self.memory.limit_kb else None

    def freeze(self):
        """Nothing inside runs on while there is no work for it."""
        self.freeze_at, self.frozen = None, True
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.freeze_at = None
        if self.frozen:
            self.frozen = False
            self.signal_all(signal.SIGCONT)

    def send(self, kind, *parts):
        """One frame to the worker, which always reads: waiting here is waiting for it to keep up."""
        data = memoryview(HEAD.pack(kind, sum(len(part) for part in parts)) + b"".join(parts))
        try:
            while data:
                data = data[os.write(self.stream_out, data) :]
        except OSError:
            self.leave()

    def leave(self):
        """The worker is gone: so is everybody here."""
        self.signal_all(signal.SIGKILL)
        os._exit(0)

    # -- children ----------------------------------------------------------------------------------

    def child_changed(self, _events):
        self.wakeup.clear()
        self.reap()

    def reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.memory.reaped(pid, usage.ru_maxrss)
            if pid == self.child:
                self.status = status
            elif self.inside:
                self.inside.extensions.ended(pid)

    def signal_all(self, number):
        """Every process but this one; atomic against fork inside a PID namespace."""
        try:
            if self.alone:
                os.kill(-1, number)
            elif self.child:
                os.killpg(self.child, number)
        except (ProcessLookupError, PermissionError):
            pass
        if self.inside and not self.alone:
            self.inside.signal_extensions(number)

    def spawn(self, program, environment):
        """Start a runtime that speaks frames."""
        ours, theirs = socket.socketpair()
        self.child, _none = self.start(program, environment, theirs.fileno())
        theirs.close()
        self.memory.child = self.child
        self.status, self.is_up = None, False
        self.runtime = Buffer(ours)
        self.from_runtime.clear()
        self.loop.watch(ours, self.runtime_event)

    def start(self, program, environment, channel=None):
        """Start a process, its output going to the log: its id and the errno with which its program failed, or 0."""
        writer = self.output.open()
        try:
            return spawn(program, self.config["cwd"], environment, writer, channel)
        finally:
            os.close(writer)

    def respawn(self, environment):
        """Start the runtime anew, before any of the function's code ran, with variables it reads only at its start."""
        self.loop.forget(self.runtime.sock)
        try:
            os.kill(self.child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.child, 0)
        self.runtime.sock.close()
        self.spawn(self.config["command"], environment)

    # -- the runtime's side ------------------------------------------------------------------------

    def runtime_event(self, events):
        if events & select.POLLOUT:
            self.push_runtime(b"")
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self.read_runtime()

    def push_runtime(self, data):
        try:
            self.runtime.send(data)
        except OSError:
            return  # it is gone: its end arrives by another way
        if self.loop.watches(self.runtime.sock):
            self.loop.change(self.runtime.sock, select.POLLIN | (select.POLLOUT if self.runtime.waiting else 0))

    def read_runtime(self):
        """Take in what the runtime has sent; whether there was anything."""
        try:
            data = self.runtime.sock.recv(frames.READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.loop.forget(self.runtime.sock)
            self.wait_for_end()
            return False
        self.from_runtime += data
        while len(self.from_runtime) >= HEAD.size:
            length = HEAD.unpack_from(self.from_runtime)[1]
            if length > frames.ANSWER_LIMIT:
                self.end("too-large", size=length)
            frame = frames.take(self.from_runtime)
            if frame is None:
                break
            self.runtime_said(*frame)
        return True

    def runtime_said(self, kind, body):
        if kind == b"Y" and not self.is_up:
            self.is_up = True
            processes.prefer_for_oom(self.child)
            self.memory.lends(**json.loads(body))
            self.send(b"Y", b"{}")
        elif kind == b"U":
            self.memory.is_used()
        elif self.held:
            self.end("protocol", said=repr(kind))
        elif kind in (b"N", b"E") and self.busy and self.current is None:
            self.finish(kind, {}, body)
        elif kind == b"P" and self.streaming:
            self.send(b"P", body)
        elif kind in (b"R", b"F", b"T", b"S") and self.current is not None:
            header, payload = frames.split(body)
            if header is None or header.get("id") != self.current:
                self.end("forged", said=kind.decode())
            if kind == b"S":
                self.streaming = True
                self.send(kind, frames.headed(header), payload)
            else:
                self.finish(kind, header, payload)
        else:
            self.end("protocol", said=repr(kind))

    def finish(self, kind, header, payload):
        """An init or an invocation is over, once everybody who was told of it has come to rest."""
        self.held = (kind, header, payload), time.monotonic() + HOLD
        self.let_go()

    def let_go(self, ended=False):
        """Send what is held when it is time: collect the output, say so; what is left running is soon frozen."""
        if not self.held:
            return
        (kind, header, payload), until = self.held
        if self.inside and kind != b"E" and not ended:
            if not self.inside.is_settled and time.monotonic() < until:
                return
            self.inside.extensions.stop_waiting()
        if ended:
            header = {**header, "ended": True}
        self.held, self.streaming = None, False
        self.output.rest()
        self.relay.close()
        self.memory.note_peak()
        self.current, self.busy = None, False
        self.freeze_at = time.monotonic() + FREEZE_AFTER
        if kind == b"N" and self.inside and self.inside.extensions.want_shutdown:
            header = {**header, "shutdown": True}
        self.send(kind, frames.headed({**header, **self.measures()}), payload)

    def measures(self):
        return {"max_memory_kb": self.memory.peak_kb, "log_dropped": self.output.dropped}

    def wait_for_end(self):
        """The runtime has closed its channel: it is dying, or has been made to look so."""
        until = time.monotonic() + 0.2
        while self.status is None and time.monotonic() < until:
            self.reap()
            time.sleep(0.002)
        if self.status is None:
            self.end("closed")

    def runtime_ended(self):
        while self.runtime and self.loop.watches(self.runtime.sock) and self.read_runtime():
            pass  # an answer may have been its last act
        if self.inside:
            self.inside.api.drain()
            if self.held and self.held[0][0] != b"N":
                self.let_go(ended=True)
                self.linger()
        if os.WIFSIGNALED(self.status):
            self.end("signal", signal=os.WTERMSIG(self.status))
        self.end("exit", status=os.WEXITSTATUS(self.status))

    def end(self, reason, **detail):
        """Nothing inside lives on after an abnormal end, this process included."""
        self.memory.note_peak()
        self.signal_all(signal.SIGKILL)
        self.reap()
        self.output.drain_all()
        said = {"reason": reason, **detail, **self.measures(), "oom_kills": oom_kills()}
        self.send(b"X", json.dumps(said).encode())
        self.linger()

    def linger(self):
        """Stay until the worker lets go: where control groups end with this process, it reads them first."""
        until = time.monotonic() + LINGER
        while True:
            left = until - time.monotonic()
            if (
                left <= 0
                or not select.select([self.stream_in], [], [], left)[0]
                or not os.read(self.stream_in, 1 << 16)
            ):
                os._exit(0)

    # -- the worker's side -------------------------------------------------------------------------

    def read_stream(self, _events):
        try:
            data = os.read(self.stream_in, frames.READ)
        except OSError:
            data = b""
        if not data:
            self.leave()
        self.incoming += data
        while True:
            frame = frames.take(self.incoming)
            if frame is None:
                return
            kind, body = frame
            self.orders[kind](body)

    def bind(self, body):
        order = json.loads(body)
        self.memory.limit_kb = order["memory_mb"] * 1024
        self.busy, self.output.logged = True, 0
        extensions = custom.extensions_of(order["environment"])
        if extensions or not self.config["command"]:
            self.inside = custom.Inside(self, order)
            self.inside.begin(extensions)
        else:
            self.start_runtime(order)

    def shut_down(self, _body):
        self.busy = True
        self.output.begin()
        self.thaw()
        if self.inside:
            self.inside.shut_down()

    def start_runtime(self, order):
        if not self.config["command"]:
            self.inside.start_runtime()
            return
        if order["fresh"]:
            self.respawn({**self.config["environment"], **order["environment"]})
        processes.limit(self.child, order["data_limit_mb"], self.memory.shelf_kb)
        body = json.dumps(order).encode()
        self.push_runtime(HEAD.pack(b"B", len(body)) + body)

    def invoke(self, body):
        header, payload = frames.split(body)
        if self.from_runtime:
            self.end("protocol", said="bytes before the invocation")
        self.current, self.busy, self.streaming = header["id"], True, False
        self.memory.begin(time.monotonic())
        self.output.begin()
        self.thaw()
        if self.inside:
            self.inside.invoke(header, payload)
        if self.runtime:
            self.push_runtime(HEAD.pack(b"I", len(body)) + body)


def main():
    begin(json.loads(sys.argv[1]))


def begin(config, runtime=None):
    """Be PID 1. ``runtime``: what a fork of this process calls to be the runtime, instead of executing the command."""
    LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no ptrace, and no /proc/1/{mem,environ,fd}, for the same user's processes
    Init(config, runtime).run()
