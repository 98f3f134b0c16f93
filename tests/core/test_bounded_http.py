"""A server whose clients send heads that are too long, or never finish them."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from core import bounded_http
from tests.servers import running


async def hello(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(len(body))))]}
    )
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(bounded_http, "HEAD_WITHIN_S", 0.2)
    config = uvicorn.Config(hello, port=0, log_level="error", lifespan="off", http=bounded_http.BoundedHttp)
    with running(config) as address, socket.create_connection(address, timeout=20) as client:
        yield client


def read_all(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_requests_one_after_the_other_are_served(connection: socket.socket) -> None:
    for size in (3, 200_000, 0):
        connection.sendall(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size)
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(str(size).encode())


def test_a_head_that_nothing_follows_yet_goes_out_by_itself() -> None:
    written: list[bytes] = []
    loop = asyncio.new_event_loop()

    class Transport:
        def write(self, data: bytes) -> None:
            written.append(data)

        def writelines(self, parts: list[bytes]) -> None:
            written.append(b"".join(parts))

    together: Any = bounded_http._Together(Transport(), loop)  # type: ignore[arg-type]
    together.write(b"HTTP/1.1 200 OK\r\n\r\n")
    together.write(b"body")
    together.write(b"HTTP/1.1 200 OK\r\n\r\n")
    loop.run_until_complete(asyncio.sleep(0))
    together.write(b"later")
    loop.close()
    assert written == [b"HTTP/1.1 200 OK\r\n\r\nbody", b"HTTP/1.1 200 OK\r\n\r\n", b"later"]


def test_a_head_without_end_is_refused(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"a" * (bounded_http.MAX_HEAD_BYTES + 1))

    assert read_all(connection).startswith(b"HTTP/1.1 431")


def test_headers_without_end_are_refused(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000)

    assert read_all(connection).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: h\r\n"])
def test_a_head_that_never_ends_is_not_waited_for(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)

    assert read_all(connection) == b""


def test_a_second_head_that_never_ends_is_not_waited_for(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
    connection.recv(65536)
    connection.sendall(b"GET / HTT")

    assert read_all(connection) == b""
