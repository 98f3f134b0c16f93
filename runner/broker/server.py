"""The broker's socket: one thread for each connection, and two that work in the background."""

import logging
import os
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path

from core import clock
from runner.broker import protocol
from runner.broker.engine import EngineTrouble
from runner.broker.service import RETRY_S, Broker, Refused

log = logging.getLogger(__name__)
REQUEST_S = 30.0
EVENTS_PAUSE_S = 1.0


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves ``broker`` at ``path``; whoever owns that folder may connect, and root."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, path: Path, broker: Broker) -> None:
        self.broker, self.path = broker, path
        self.over = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), Handler)
        finally:
            os.umask(before)
        folder = path.parent.stat()
        if folder.st_uid != os.geteuid():
            os.chown(path, folder.st_uid, folder.st_gid)

    def run(self) -> None:
        """Serve until ``stop``; then end everything that is held."""
        for work in (self._heed_ooms, self._retry):
            threading.Thread(target=work, daemon=True).start()
        try:
            self.serve_forever(poll_interval=0.1)
        finally:
            self.over.set()
            self.server_close()
            self.path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Have ``run`` return; to be called from another thread than its own."""
        self.shutdown()

    def _heed_ooms(self) -> None:
        while not self.over.is_set():
            try:
                self.broker.heed_ooms()
            except EngineTrouble as error:
                log.warning("The container engine's events cannot be read: %s", error)
            self.over.wait(EVENTS_PAUSE_S)

    def _retry(self) -> None:
        while not self.over.wait(RETRY_S):
            self.broker.retry_given_up()


class Handler(socketserver.BaseRequestHandler):
    """One connection: one request."""

    server: Server

    def handle(self) -> None:
        self.request.settimeout(REQUEST_S)
        try:
            request = protocol.read_request(self.request)
            if request is not None:
                self._serve(request)
        except (OSError, ValueError) as error:
            log.warning("A request was not served: %s", error)

    def _serve(self, request: protocol.Message) -> None:
        verb = str(request.get("verb"))
        started = clock.monotonic()
        try:
            if verb == "hello":
                self._stay()
            elif verb == "start":
                self._start(request)
            else:
                self._answer(request, Broker.verbs.get(verb))
        except (Refused, EngineTrouble) as error:
            protocol.answer(self.request, {"error": str(error)})
        log.debug("%s took %.0f ms", verb, (clock.monotonic() - started) * 1000)

    def _answer(
        self, request: protocol.Message, act: Callable[[Broker, protocol.Message], protocol.Message] | None
    ) -> None:
        if act is None:
            raise Refused("There is no such verb.")
        protocol.answer(self.request, act(self.server.broker, request))

    def _start(self, request: protocol.Message) -> None:
        answer, stream = self.server.broker.start(request, protocol.peer(self.request))
        try:
            protocol.answer(self.request, answer, stream)
        finally:
            os.close(stream)  # the worker has its own by now: when that closes, the container ends

    def _stay(self) -> None:
        """A worker is there for as long as this connection is."""
        worker = self.server.broker.enrol()
        try:
            protocol.answer(self.request, {"worker": worker})
            self.request.settimeout(None)
            while self.request.recv(4096):
                continue
        finally:
            self.server.broker.dismiss(worker)
