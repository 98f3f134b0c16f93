"""Waiting for several file descriptors, and sending without waiting."""

import select
import socket


class Loop:
    """A ``poll`` with a handler for each descriptor."""

    def __init__(self):
        self.poll = select.poll()
        self.handlers = {}

    def watch(self, file, handler, events=select.POLLIN):
        self.handlers[file if isinstance(file, int) else file.fileno()] = handler
        self.poll.register(file, events)

    def change(self, file, events):
        self.poll.modify(file, events)

    def forget(self, file):
        if self.handlers.pop(file.fileno(), None):
            self.poll.unregister(file)

    def watches(self, file):
        return file.fileno() in self.handlers

    def turn(self, timeout_ms):
        """Wait once, and have what is ready handled."""
        for fd, events in self.poll.poll(timeout_ms):
            handler = self.handlers.get(fd)
            if handler:
                handler(events)


class Buffer:
    """Bytes that wait to be sent to a socket that may not take them at once."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = bytearray()

    def send(self, data):
        """Send what the socket takes now; how many bytes that was. OSError when the other side is gone."""
        self.waiting += data
        sent = 0
        while self.waiting:
            try:
                count = self.sock.send(memoryview(self.waiting)[: 1 << 18], socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            del self.waiting[:count]
            sent += count
        return sent
