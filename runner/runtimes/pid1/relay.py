"""The relay: connections that the code inside makes to one loopback port, carried over the stream to the worker."""

import select
import socket
import struct

from pid1.loop import Buffer

NUMBER = struct.Struct(">I")
ACKNOWLEDGE = struct.Struct(">II")
WINDOW = 256 * 1024  # bytes on their way in one direction of a connection
CONNECTIONS = 64


class Connection(Buffer):
    def __init__(self, sock, number):
        Buffer.__init__(self, sock)
        self.number = number
        self.unacknowledged = 0  # sent to the worker, not yet taken by the server behind it
        self.closing = False


class Relay:
    """``send(kind, *parts)`` sends a frame to the worker; ``is_open()`` says whether connections are wanted now."""

    def __init__(self, loop, send, is_open):
        self.loop, self.send, self.is_open = loop, send, is_open
        self.connections = {}
        self.last = 0

    def listen(self, port):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(CONNECTIONS)
        self.listener.setblocking(False)
        self.loop.watch(self.listener, self.accept)

    def accept(self, _events):
        try:
            sock, _address = self.listener.accept()
        except OSError:
            return
        if not self.is_open() or len(self.connections) >= CONNECTIONS:
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.last += 1
        connection = Connection(sock, self.last)
        self.connections[connection.number] = connection
        self.loop.watch(sock, lambda events: self.event(connection, events))
        self.send(b"O", NUMBER.pack(connection.number))

    def event(self, connection, events):
        if events & select.POLLOUT:
            self.push(connection, b"")
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and connection.number in self.connections:
            self.read(connection)

    def read(self, connection):
        try:
            room = max(1, WINDOW - connection.unacknowledged)
            data = connection.sock.recv(min(1 << 16, room), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.give_up(connection)
            return
        connection.unacknowledged += len(data)
        self.send(b"D", NUMBER.pack(connection.number), data)
        self.rearm(connection)

    def rearm(self, connection):
        events = 0
        if connection.unacknowledged < WINDOW and not connection.closing:
            events |= select.POLLIN
        if connection.waiting:
            events |= select.POLLOUT
        self.loop.change(connection.sock, events)

    def push(self, connection, data):
        try:
            taken = connection.send(data)
        except OSError:
            self.give_up(connection)
            return
        if taken and not connection.closing:
            self.send(b"A", ACKNOWLEDGE.pack(connection.number, taken))
        if connection.closing and not connection.waiting:
            self.drop(connection)
        else:
            self.rearm(connection)

    def give_up(self, connection):
        self.send(b"C", NUMBER.pack(connection.number))
        self.drop(connection)

    def drop(self, connection):
        if self.connections.pop(connection.number, None):
            self.loop.forget(connection.sock)
            connection.sock.close()

    def close(self):
        """Drop every connection: the invocation that made them is over."""
        for connection in list(self.connections.values()):
            self.drop(connection)

    # -- frames from the worker --------------------------------------------------------------------

    def data(self, body):
        connection = self.connections.get(NUMBER.unpack_from(body)[0])
        if connection:
            self.push(connection, body[NUMBER.size :])

    def closed(self, body):
        connection = self.connections.get(NUMBER.unpack(body)[0])
        if connection:
            connection.closing = True
            self.push(connection, b"")

    def acknowledged(self, body):
        number, count = ACKNOWLEDGE.unpack(body)
        connection = self.connections.get(number)
        if connection:
            connection.unacknowledged -= count
            self.rearm(connection)
