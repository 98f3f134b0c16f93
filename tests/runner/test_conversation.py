"""An invocation that is driven by somebody who cannot wait: piece by piece, and handed over where it must be."""

import json
import socket
import struct
from types import SimpleNamespace

import pytest

from runner.environment import Environment, InvokeRequest, Kind, Slow

ID = "6f1c3f0e-3c5e-4a51-9d0b-0a1b2c3d4e5f"


class Inside:
    """The other end of a sandbox's stream: says what a test lets it say."""

    def __init__(self):
        outside, self.stream = socket.socketpair()
        outside.setblocking(False)
        self.killed = False
        sandbox = SimpleNamespace(
            stream=outside,
            interpreter=SimpleNamespace(family="python"),
            kill=self.kill,
            oom_kills=lambda: 0,
            startup_error=lambda: "",
        )
        self.environment = Environment(sandbox)
        self.lines = []

    def kill(self):
        self.killed = True

    def begin(self, payload=b"{}", timeout_s=5.0):
        request = InvokeRequest(request_id=ID, payload=payload, timeout_s=timeout_s, invoked_arn="arn")
        return self.environment.begin(request, self.lines.append)

    def say(self, kind, *parts, split=0):
        data = struct.pack(">cI", kind, sum(map(len, parts))) + b"".join(parts)
        self.stream.sendall(data[:split] if split else data)
        return data[split:]

    def answer(self, payload=b'"done"', request_id=ID, **given):
        header = json.dumps({"id": request_id, "max_memory_kb": 2048}).encode()
        return self.say(b"R", struct.pack(">I", len(header)), header, payload, **given)


@pytest.fixture
def inside(settings):
    settings.API_INTERNAL = "127.0.0.1:9"  # where nobody listens
    return Inside()


def test_an_answer_that_comes_in_pieces_is_whole(inside):
    conversation = inside.begin()
    rest = inside.answer(split=9)
    assert conversation.advance() is None
    inside.stream.sendall(rest)
    outcome = conversation.advance()
    assert (outcome.kind, outcome.payload, outcome.max_memory_mb) == (Kind.OK, b'"done"', 2)
    assert outcome.reusable


def test_what_is_printed_is_heard_on_the_way(inside):
    conversation = inside.begin()
    inside.say(b"L", b"first\nsec")
    assert conversation.advance() is None
    inside.say(b"L", b"ond\n")
    inside.answer()
    assert conversation.advance().ok
    assert inside.lines == ["first", "second"]


def test_an_environment_serves_one_after_another(inside):
    for _ in range(3):
        conversation = inside.begin()
        inside.answer()
        assert conversation.advance().ok


@pytest.mark.parametrize("kind", [b"O", b"X"])
def test_what_may_have_to_wait_is_left_to_a_thread(inside, kind):
    conversation = inside.begin()
    inside.say(kind, struct.pack(">I", 1) if kind == b"O" else b'{"reason": "exit", "status": 3}')
    if kind == b"O":
        inside.answer()
    with pytest.raises(Slow):
        conversation.advance()
    outcome = conversation.rest()
    assert outcome.kind is (Kind.OK if kind == b"O" else Kind.EXIT)
    assert inside.killed is not outcome.reusable


def test_a_long_answer_is_looked_through_in_a_thread(inside):
    conversation = inside.begin()
    inside.answer(json.dumps("x" * 100_000).encode())
    with pytest.raises(Slow):
        while True:
            conversation.advance()
    assert len(conversation.rest().payload) == 100_002


@pytest.mark.parametrize("given", [{"request_id": "another"}, {"payload": b"no JSON"}])
def test_a_forged_or_broken_answer_ends_the_sandbox_but_not_here(inside, given):
    conversation = inside.begin()
    inside.answer(**given)
    with pytest.raises(Slow):
        conversation.advance()
    assert not inside.killed
    assert conversation.rest().kind is Kind.PROTOCOL_VIOLATION
    assert inside.killed


def test_the_end_of_the_stream_is_told_by_a_thread(inside):
    conversation = inside.begin()
    inside.stream.close()
    with pytest.raises(Slow):
        conversation.advance()
    assert conversation.rest().kind is Kind.PLATFORM_FAILURE


def test_at_its_deadline_it_is_timed_out_by_a_thread(inside):
    conversation = inside.begin(timeout_s=0.0)
    inside.say(b"X", b"{}")  # what PID 1 says when it is told to end
    assert conversation.rest().kind in (Kind.TIMEOUT, Kind.EXIT)
    assert inside.killed


def test_one_that_spoke_while_it_was_idle_is_not_begun_with(inside):
    inside.say(b"L", b"boo\n")
    assert inside.begin() is None


def test_one_that_was_stopped_is_not_begun_with(inside):
    inside.environment.stop()
    assert inside.begin() is None
