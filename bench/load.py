"""A load that costs little itself: signed requests, prepared once, over raw keep-alive connections."""

import asyncio
import json
import time
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.live import Live


def run[R](load: Coroutine[Any, Any, R]) -> R:
    """In the event loop that takes least of the processors it shares with what is measured."""
    return asyncio.run(load, loop_factory=uvloop.new_event_loop)


def invocation(live: Live, name: str, event: object = None, *, kind: str = "RequestResponse") -> bytes:
    """The bytes of one signed Invoke; good for AWS's fifteen minutes, and verified by the server every time."""
    path = f"/2015-03-31/functions/{name}/invocations"
    return signed(live, "lambda", path, json.dumps(event).encode(), {"X-Amz-Invocation-Type": kind})


def signed(live: Live, service: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of one signed request."""
    url = f"{live.endpoint}{path}"
    request = AWSRequest("POST", url, data=body, headers=dict(headers))
    SigV4Auth(Credentials(live.access_key_id, live.secret_access_key), service, live.region).add_auth(request)
    return plain(urlsplit(url).netloc, path, body, dict(request.headers))


def plain(host: str, path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> bytes:
    """The bytes of a request as it stands."""
    lines = {"Host": host, "Content-Length": str(len(body)), **headers}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    return head.encode() + b"\r\n" + body


class Connection(asyncio.Protocol):
    """One keep-alive connection, for one request at a time; made anew where a server ends it after each answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = b""
        self.is_over = False
        self.answer: asyncio.Future[tuple[bytes, bytes]] | None = None

    @classmethod
    async def to(cls, port: int) -> "Connection":
        connection = cls(port)
        await connection._open()
        return connection

    async def _open(self) -> None:
        self.transport, _self = await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)
        self.received, self.is_over = b"", False

    def close(self) -> None:
        self.transport.close()

    async def ask(self, request: bytes) -> float:
        """Send it and read the whole answer: milliseconds. Raises if it is no success, or the function failed."""
        begun = time.perf_counter()
        head, body = await self.exchange(request)
        took = (time.perf_counter() - begun) * 1000
        if not head.startswith(b"http/1.1 20") or b"x-amz-function-error" in head:
            raise RuntimeError(f"{head.partition(b'\r\n')[0].decode()}: {body.decode(errors='replace')[:300]}")
        return took

    async def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Send it and read the whole answer: its head in small letters, and its body."""
        if self.is_over:
            self.close()
            await self._open()
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        head = head.lower()
        lines = head.split(b"\r\n")
        if b"transfer-encoding: chunked" in lines:
            is_whole = body.endswith(b"0\r\n\r\n")
        else:
            is_whole = len(body) >= next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if is_whole and self.answer is not None and not self.answer.done():
            self.received = b""
            self.is_over = b"connection: close" in lines or head.startswith(b"http/1.0")
            self.answer.set_result((head, body))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_over = True
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionError("The server has ended the connection."))


async def one_after_another(port: int, request: bytes, *, count: int) -> list[float]:
    connection = await Connection.to(port)
    return [await connection.ask(request) for _ in range(count)]


async def at_once(port: int, request: bytes, *, clients: int, seconds: float) -> tuple[float, list[float]]:
    """So many clients for so long: answers a second, and how long each took."""

    async def client() -> list[float]:
        connection = await Connection.to(port)
        took = []
        while time.perf_counter() < until:
            took.append(await connection.ask(request))
        return took

    until = time.perf_counter() + seconds
    each = await asyncio.gather(*(client() for _ in range(clients)))
    everything = [took for part in each for took in part]
    return len(everything) / seconds, everything


def percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
