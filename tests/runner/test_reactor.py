"""The lane's thread: many descriptors, and what is put off until all that is ready has been handled."""

import socket

import pytest

from core import clock
from runner.reactor import Reactor


@pytest.fixture
def reactor():
    made = Reactor()
    yield made
    made.close()


def test_what_is_put_off_is_done_once_all_that_was_ready_is_handled(reactor):
    done = []
    pairs = [socket.socketpair() for _ in range(3)]
    for number, (ours, theirs) in enumerate(pairs):
        reactor.watch(ours.fileno(), lambda number=number: done.append(number))
        theirs.send(b"!")
    reactor.watch(pairs[0][0].fileno(), lambda: (done.append(0), reactor.before_waiting(lambda: done.append("sent"))))
    reactor.turn()
    assert sorted(done) == [0, 1, 2]
    reactor.at(clock.monotonic(), lambda: None)
    reactor.turn()
    assert done[3] == "sent"
    for pair in pairs:
        for end in pair:
            end.close()


def test_what_is_put_off_before_the_first_turn_is_done_before_it_waits(reactor):
    done = []
    reactor.before_waiting(lambda: done.append("sent"))
    reactor.at(clock.monotonic(), lambda: None)
    reactor.turn()
    assert done == ["sent"]
