"""A socket for PID 1 in the slot's folder, instead of what the engine carries."""

import os
import socket
from pathlib import Path

import pytest

from runner.broker.wire import FOLDER, NAME, Wire


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A slot's, with a path that is longer than a socket's may be."""
    made = tmp_path / ("a" * 64) / ("b" * 64)
    (made / FOLDER).mkdir(parents=True)
    return made


@pytest.fixture
def attached():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def connect(folder: Path) -> socket.socket:
    """As PID 1 does, for whom the path is short."""
    directory = os.open(folder / FOLDER, os.O_RDONLY)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(f"/proc/self/fd/{directory}/{NAME}")
    finally:
        os.close(directory)
    return made


def test_the_connection_of_pid_1_is_the_stream_and_the_only_one(folder, attached):
    wire = Wire(folder, user=os.geteuid())
    inside = connect(folder)
    taken = wire.taken(attached[0].fileno(), 60)
    assert taken is not None
    with inside, socket.socket(fileno=taken) as outside:
        outside.sendall(b"frames")
        assert inside.recv(6) == b"frames"
    assert list((folder / FOLDER).iterdir()) == []
    with pytest.raises(FileNotFoundError):
        connect(folder)


def test_a_strangers_connection_is_not_taken(folder, attached):
    wire = Wire(folder, user=os.geteuid() + 1)
    with connect(folder):
        assert wire.taken(attached[0].fileno(), 60) is None


def test_who_speaks_over_the_attached_stream_or_has_ended_is_left_there(folder, attached):
    ours, theirs = attached
    theirs.sendall(b"Y")
    assert Wire(folder, user=None).taken(ours.fileno(), 60) is None
    assert ours.recv(1) == b"Y"
    theirs.close()
    assert Wire(folder, user=None).taken(ours.fileno(), 60) is None


def test_who_does_not_come_is_not_waited_for_any_longer(folder, attached):
    assert Wire(folder, user=None).taken(attached[0].fileno(), 0) is None


def test_where_there_can_be_none_it_is_said(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Wire(tmp_path / "gone", user=None)
