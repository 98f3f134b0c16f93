"""The Lambda Runtime API and Extensions API, on a loopback port of the sandbox.

A custom runtime asks here for its events and posts its answers; what it says becomes the same frames that the other
runtimes send (see ``init.py``), so the worker knows one protocol. Paths, statuses and documents are AWS's.
"""

import json
import select
import socket

from pid1 import http1
from pid1.loop import Buffer

CONNECTIONS = 64
UNREAD_LIMIT = 64 * 1024  # of bytes that come while a request waits for its response
DISCARD_LIMIT = 16 * 1024 * 1024  # of a body that nobody wants
SMALL_BODY = 64 * 1024
EVENT_LEFT_LIMIT = 64 * 1024
ACCEPTED = b'{"status":"OK"}\n'


class Refused(Exception):
    """Answered with a status and AWS's error document."""

    def __init__(self, status, error_type, message):
        Exception.__init__(self, message)
        self.status, self.error_type, self.message = status, error_type, message


class SmallBody:
    """Keeps a body of a few kilobytes, then hands it to ``then(connection, request, body)``."""

    def __init__(self, then):
        self.then, self.kept = then, bytearray()

    def take(self, data):
        self.kept += data
        if len(self.kept) > SMALL_BODY:
            raise Refused(
                413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (%d bytes)." % SMALL_BODY
            )

    def finish(self, connection, request):
        self.then(connection, request, bytes(self.kept))

    def abandon(self):
        """The client went away in the middle of it."""


class Connection(Buffer):
    """One client. ``api`` finds what takes a request's body: an object with ``take``, ``finish`` and ``abandon``."""

    def __init__(self, api, sock):
        Buffer.__init__(self, sock)
        self.api = api
        self.parser = http1.Parser(self.head, self.body, self.whole)
        self.taker = self.refused = None
        self.discarded = 0
        self.closing = False
        self.gone = None  # called when the client goes away while its request waits

    def event(self, events):
        try:
            if events & select.POLLOUT:
                self.write(b"")
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and not self.closing:
                self.read()
        except http1.Malformed as error:
            document = {"errorType": "InvalidRequestFormat", "errorMessage": str(error)}
            self.closing = True
            self.write(http1.response(400, json.dumps(document).encode(), close=True))

    def read(self):
        try:
            data = self.sock.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.api.drop(self)
            return
        if self.parser.paused and len(self.parser.waiting) + len(data) > UNREAD_LIMIT:
            self.api.drop(self)
            return
        self.parser.feed(data)

    # -- one request -------------------------------------------------------------------------------

    def head(self, request):
        self.refused, self.discarded = None, 0
        try:
            self.taker = self.api.route(request)
        except Refused as refused:
            self.taker, self.refused = None, refused
        if request.headers.get("expect", "").lower() == "100-continue" and not self.refused:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def body(self, data):
        if self.taker is None:
            self.discarded += len(data)
            if self.discarded > DISCARD_LIMIT:
                raise http1.Malformed("a body that is refused and does not end")
            return
        try:
            self.taker.take(data)
        except Refused as refused:
            self.taker, self.refused = None, refused

    def whole(self):
        request, taker, self.taker = self.parser.request, self.taker, None
        if taker is not None:
            try:
                taker.finish(self, request)
                return
            except Refused as refused:
                self.refused = refused
        document = {"errorMessage": self.refused.message, "errorType": self.refused.error_type}
        self.answer(self.refused.status, json.dumps(document).encode())

    def wait(self, gone):
        """Read no further request until this one is answered."""
        self.parser.paused, self.gone = True, gone

    def answer(self, status, body=ACCEPTED, headers=()):
        self.gone = None
        self.write(http1.response(status, body, headers))
        if self.parser.paused:
            self.parser.go_on()

    def write(self, data):
        try:
            self.send(data)
        except OSError:
            self.api.drop(self)
            return
        if self.closing and not self.waiting:
            self.api.drop(self)
        elif self.api.loop.watches(self.sock):
            self.api.loop.change(self.sock, select.POLLIN | (select.POLLOUT if self.waiting else 0))


class Api:
    """Listens, and gives each request to the first of ``services`` that knows its path.

    A service's ``route(request)`` returns what takes the body, None when the path is not its own, or raises ``Refused``.
    """

    def __init__(self, loop, services):
        self.loop, self.services = loop, services
        self.connections = set()

    def listen(self, port):
        """Open the port, any free one for 0; the address, as AWS_LAMBDA_RUNTIME_API has it."""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(CONNECTIONS)
        self.listener.setblocking(False)
        self.loop.watch(self.listener, self.accept)
        return "127.0.0.1:%d" % self.listener.getsockname()[1]

    def accept(self, _events):
        try:
            sock, _address = self.listener.accept()
        except OSError:
            return
        if len(self.connections) >= CONNECTIONS:
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self, sock)
        self.connections.add(connection)
        self.loop.watch(sock, connection.event)

    def drop(self, connection):
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        self.loop.forget(connection.sock)
        connection.sock.close()
        if connection.gone:
            connection.gone()
        if connection.taker:
            connection.taker.abandon()

    def drop_slow(self):
        """Those that do not read what they asked for: nothing large is kept for more than one of them."""
        for connection in [one for one in self.connections if len(one.waiting) > EVENT_LEFT_LIMIT]:
            self.drop(connection)

    def drain(self):
        """Take in what clients have sent that may be dead by now."""
        for connection in list(self.connections):
            before = None
            while connection in self.connections and before != (now := _progress(connection)):
                before = now
                connection.event(select.POLLIN)

    def route(self, request):
        for service in self.services:
            taker = service.route(request)
            if taker is not None:
                return taker
        raise Refused(404, "NotFound", "404 page not found")


def _progress(connection):
    return connection.parser.state, connection.parser.left, len(connection.parser.waiting), connection.discarded
