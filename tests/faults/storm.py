"""Clients that send numbered events through the real endpoint, and try again as real clients do.

Each request is signed; each client keeps its connection. What a client was told goes into a ``History``.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.faults.history import Attempt, History, Outcome
from tests.live import Live, eventually

CLIENTS = 8
ANSWERS_WITHIN_S = 15  # then a client gives the attempt up, not knowing
PATIENCE_S = 240
PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True)
class Door:
    """How a numbered thing is sent: to where, as what, and how its acknowledgement reads."""

    service: str
    path: str
    headers: Mapping[str, str]
    body: Callable[[int], object]
    acknowledged: int  # the status
    reference: Callable[[http.client.HTTPResponse, bytes], str]


def event_of(function: str) -> Door:
    """An asynchronous invocation."""
    return Door(
        service="lambda",
        path=f"/2015-03-31/functions/{function}/invocations",
        headers={"X-Amz-Invocation-Type": "Event"},
        body=lambda value: {"n": value},
        acknowledged=202,
        reference=lambda answer, _text: answer.headers["x-amzn-requestid"],
    )


def message_to(queue_url: str) -> Door:
    """A message, whose body is the number."""
    return Door(
        service="sqs",
        path="/",
        headers={"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"},
        body=lambda value: {"QueueUrl": queue_url, "MessageBody": str(value)},
        acknowledged=200,
        reference=lambda _answer, text: json.loads(text)["MessageId"],
    )


def message_in_order_to(queue_url: str) -> Door:
    """The same in a group of its client's: who sent it sends the next one of the group when it is acknowledged."""

    def body(value: int) -> object:
        of_group = {"MessageGroupId": str(group_of(value)), "MessageDeduplicationId": str(value)}
        return {"QueueUrl": queue_url, "MessageBody": str(value), **of_group}

    return replace(message_to(queue_url), body=body)


def group_of(value: int) -> int:
    """The client who sends it, and all others of the group in their order."""
    return value % CLIENTS


class Storm:
    """``count`` events to ``function`` (or through ``door``), from the moment it is entered; leaving it waits until all are acknowledged.

    Each client sends what ``group_of`` says is its own, one after another.
    """

    def __init__(self, live: Live, function: str, *, count: int, door: Door | None = None) -> None:
        self.live, self.function, self.count = live, function, count
        self.door = door or event_of(function)
        self.history = History()
        self._acknowledged = 0
        self._troubles: list[str] = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send_all, args=(range(first, count, CLIENTS),), daemon=True)
            for first in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        if error is None:
            assert self._acknowledged == self.count, f"{self._acknowledged} of {self.count}: {self._troubles[:3]}"

    @property
    def is_done(self) -> bool:
        """Whether everything has been acknowledged."""
        return self._acknowledged == self.count

    def reach(self, share: float) -> None:
        """Wait until so large a share is acknowledged: the moment for a fault."""
        wanted = int(self.count * share)
        eventually(lambda: self._acknowledged, lambda number: number >= wanted, within_s=PATIENCE_S, every_s=0.01)

    # -- a client ----------------------------------------------------------------------------------

    def _send_all(self, values: Iterable[int]) -> None:
        client = _Client(self.live, self.door)
        for value in values:
            if self._over.is_set():
                break
            if self._send(client, value):
                with self._lock:
                    self._acknowledged += 1
        client.close()

    def _send(self, client: "_Client", value: int) -> bool:
        """Whether it was acknowledged in the end."""
        deadline, tries = time.monotonic() + PATIENCE_S, 0
        while time.monotonic() < deadline and not self._over.is_set():
            attempt = self.history.invoke(value)
            client.put(attempt)
            if attempt.outcome is Outcome.OK:
                return True
            time.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
            tries += 1
        self._troubles.append(attempt.said)
        return False


class _Client:
    """One client with its connection."""

    def __init__(self, live: Live, door: Door) -> None:
        self._live, self._door = live, door
        self._credentials = Credentials(live.access_key_id, live.secret_access_key)
        self._connection: http.client.HTTPConnection | None = None

    def put(self, attempt: Attempt) -> None:
        """One attempt, to its end; never raises."""
        body, headers = self._signed(attempt.value)
        try:
            connection = self._connected()
        except OSError as error:  # nothing was sent
            self.close()
            History.complete(attempt, Outcome.FAIL, said=repr(error))
            return
        try:
            connection.request("POST", self._door.path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            History.complete(attempt, Outcome.INFO, said=repr(error))
            return
        outcome = self._outcome(answer.status)
        reference = self._door.reference(answer, text) if outcome is Outcome.OK else ""
        History.complete(attempt, outcome, reference=reference, said=f"{answer.status} {text[:200]!r}")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._live.api_port, timeout=ANSWERS_WITHIN_S)
        if self._connection.sock is None:
            self._connection.connect()
        return self._connection

    def _signed(self, value: int) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(self._door.body(value)).encode()
        url = f"http://127.0.0.1:{self._live.api_port}{self._door.path}"
        request = AWSRequest("POST", url, data=body, headers=dict(self._door.headers))
        SigV4Auth(self._credentials, self._door.service, self._live.region).add_auth(request)
        return body, dict(request.headers)

    def _outcome(self, status: int) -> Outcome:
        if status == self._door.acknowledged:
            return Outcome.OK
        return Outcome.INFO if status >= 500 else Outcome.FAIL  # after a 500 it may have been stored
