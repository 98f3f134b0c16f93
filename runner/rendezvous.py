"""Where callers meet the answers to their synchronous invocations.

A process that calls has one list in Redis, ``answers:<process>``, and one thread that waits on it and resolves
futures; so a thousand waiting calls hold one thread. When Redis goes away the thread reconnects, and the calls that
wait go on waiting: their answers may still come, and each has its own end of patience.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future

from core import redis
from runner.messages import Call, Part, Reply, decode_reply

log = logging.getLogger(__name__)

LANE, NESTED_LANE = "lane", "lane:nested"
_WAIT_S = 5.0
_PAUSE_AFTER_ERROR_S = 0.5


class Rendezvous:
    """The answers of one process. Threads and event loops may share it."""

    def __init__(self) -> None:
        self.address = f"answers:{os.getpid()}-{secrets.token_hex(4)}"
        self._waiter = redis.Waiter()
        self._waiting: dict[str, Future[Reply]] = {}
        self._listening: dict[str, Callable[[Part], None]] = {}
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._over = threading.Event()

    def expect(self, request_id: str) -> "Future[Reply]":
        """A future of the reply to ``request_id``; call it before the invocation is sent."""
        future: Future[Reply] = Future()
        self._waiting[request_id] = future
        if self._thread is None:
            self._start()
        return future

    def listen(self, request_id: str, on_part: Callable[[Part], None]) -> None:
        """Have the parts of a streamed answer, as they come, on the waiting thread; before the invocation is sent."""
        self._listening[request_id] = on_part

    def forget(self, request_id: str) -> None:
        """Nobody waits for this one any more."""
        self._waiting.pop(request_id, None)
        self._listening.pop(request_id, None)

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._waiter.interrupt()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="answers", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                popped = self._waiter.pop([self.address], _WAIT_S)
            except redis.Unavailable as error:
                log.warning("Waiting for Redis to come back: %s", error)
                self._over.wait(_PAUSE_AFTER_ERROR_S)
                continue
            if popped:
                self._resolve(popped[1])
        self._waiter.close()

    def _resolve(self, raw: bytes) -> None:
        reply = decode_reply(raw)
        if isinstance(reply, Part):
            if on_part := self._listening.get(reply.request_id):
                on_part(reply)
            return
        future = self._waiting.pop(reply.request_id, None)
        if future is not None and future.set_running_or_notify_cancel():
            future.set_result(reply)


_rendezvous: Rendezvous | None = None
_pid = 0
_making = threading.Lock()


def of_this_process() -> Rendezvous:
    """The one of this process; a forked child gets its own."""
    global _rendezvous, _pid
    if _rendezvous is None or _pid != os.getpid():
        with _making:
            if _rendezvous is None or _pid != os.getpid():
                _rendezvous, _pid = Rendezvous(), os.getpid()
    return _rendezvous


def lane_of(call: Call) -> str:
    """The list that a call goes to."""
    return NESTED_LANE if call.nested else LANE


def send_part(address: str, part: bytes) -> None:
    """Send a part of an answer. Raises ``redis.Unavailable``."""
    pipeline = redis.connection().pipeline(transaction=False)
    pipeline.rpush(address, part)
    pipeline.expire(address, 60)
    pipeline.execute()


# KEYS: the caller's list, the set of leases · ARGV: the reply, the request id
ANSWER = """
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], 60)
redis.call('ZREM', KEYS[2], ARGV[2])
"""


def answer(address: str, reply: bytes, *, lease_key: str, request_id: str) -> None:
    """Send a reply and give the lease back, in one round trip. Raises ``redis.Unavailable``."""
    redis.run_script(ANSWER, keys=[address, lease_key], args=[reply, request_id])
