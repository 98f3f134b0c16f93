"""The engine's headers are taken out of what a container writes."""

import socket
import struct

import pytest

from runner.sandboxes.attached import AttachedStream


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    stream = AttachedStream(ours.detach())
    yield stream, theirs
    stream.close()
    theirs.close()


def piece(output: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", output, len(data)) + data


def test_only_what_pid_1_wrote_comes_out(ends):
    stream, engine = ends
    engine.sendall(piece(1, b"hello ") + piece(1, b"world"))
    assert stream.recv(100) == b"hello world"
    engine.sendall(piece(1, b"hello "))
    assert stream.recv(100) == b"hello "


def test_no_more_is_read_than_was_asked_for(ends):
    stream, engine = ends
    engine.sendall(piece(1, b"hello ") + piece(2, b"?") + piece(1, b"world"))
    assert stream.recv(10) == b"he"
    assert stream.recv(10) == b"llo "
    with pytest.raises(BlockingIOError):
        stream.recv(10)  # nothing but a complaint and headers
    assert stream.recv(100) == b"world"


def test_complaints_are_kept_apart(ends):
    stream, engine = ends
    engine.sendall(piece(2, b"no such file\n") + piece(1, b"x"))
    assert stream.recv(100) == b"x"
    assert stream.errors == "no such file"


def test_endless_complaints_take_no_memory(ends):
    stream, engine = ends
    for _number in range(20):
        engine.sendall(piece(2, b"a" * 1000))
    with pytest.raises(BlockingIOError):
        stream.recv(1 << 16)
    assert len(stream.errors) == 4096


def test_a_header_may_come_in_parts(ends):
    stream, engine = ends
    whole = piece(1, b"data")
    for byte in whole[:-1]:
        engine.sendall(bytes([byte]))
    assert stream.recv(100) == b"dat"
    engine.sendall(whole[-1:])
    assert stream.recv(100) == b"a"


def test_nothing_to_read_is_not_the_end(ends):
    stream, engine = ends
    engine.sendall(piece(1, b"data")[:5])
    with pytest.raises(BlockingIOError):
        stream.recv(100)
    engine.close()
    assert stream.recv(100) == b""
