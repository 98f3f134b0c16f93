"""What the processes inside print: forwarded to the worker up to a limit, counted beyond it."""

import os

LOG_LIMIT = 256 * 1024  # kept of one invocation's output; the rest is counted and dropped


class Output:
    """``send(kind, data)`` sends a frame to the worker."""

    def __init__(self, loop, send):
        self.loop, self.send = loop, send
        self.files = []
        self.resting = None  # files that nobody reads until the next invocation; None during one
        self.logged = 0  # bytes since the invocation began

    @property
    def dropped(self):
        return max(0, self.logged - LOG_LIMIT)

    def open(self):
        """A pipe for a process to write to; the caller closes its end."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        file = os.fdopen(reader, "rb", buffering=0)
        self.files.append(file)
        self.watch(file)
        return writer

    def watch(self, file):
        self.loop.watch(file, lambda _events: self.ready(file))

    def ready(self, file):
        if self.resting is None:
            self.drain(file, 1 << 18)
        else:
            self.loop.forget(file)
            self.resting.append(file)

    def rest(self):
        """An invocation is over: what is printed from now on belongs to the next."""
        self.drain_all()
        self.resting = []

    def begin(self):
        """An invocation begins, and with it what was printed since the last."""
        self.logged = 0
        for file in self.resting or ():
            if not file.closed:
                self.watch(file)
        self.resting = None

    def drain_all(self):
        """Forward what has been written so far."""
        for file in list(self.files):
            self.drain(file, 1 << 21)

    def drain(self, file, limit):
        while limit > 0:
            try:
                data = os.read(file.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self.loop.forget(file)
                self.files.remove(file)
                file.close()
                return
            limit -= len(data)
            self.log(data)

    def log(self, data):
        room = LOG_LIMIT - self.logged
        self.logged += len(data)
        if room > 0:
            self.send(b"L", data[:room])
