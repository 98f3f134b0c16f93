"""Sandboxes end: because a worker says so, because it has gone, because the broker was started anew."""

import os
import time
from collections.abc import Callable

import pytest

from runner.broker import protocol
from runner.broker.protocol import BrokerError
from tests.broker.test_start import ask


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to have done it; a test that waits in vain fails."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(address, worker):
    answer, descriptor = ask(address, worker)
    os.close(descriptor)
    return answer["sandbox"]


def test_a_killed_sandbox_is_gone_with_its_folder_and_its_slot_is_free(address, enrol, engine, broker):
    _line, worker = enrol()
    for _number in range(5):  # more than there are slots
        request = {"verb": "kill", "worker": worker, "sandbox": start(address, worker)}
        assert protocol.call(address, request, timeout_s=5)[0] == {"gone": True}
    assert engine.containers == {} and broker.slots.folders() == []


def test_everything_of_a_worker_that_dies_ends_with_it(address, enrol, engine, broker):
    line, worker = enrol()
    _other_line, other = enrol()
    start(address, worker), start(address, worker)
    kept = start(address, other)
    line.close()
    until(lambda: len(engine.containers) == 1)
    until(lambda: broker.slots.folders() == [kept])


def test_a_worker_cannot_end_or_change_what_another_holds(address, enrol, engine):
    _line, worker = enrol()
    _other_line, other = enrol()
    sandbox = start(address, worker)
    for verb in ("kill", "limit", "ooms"):
        with pytest.raises(BrokerError, match="no such sandbox"):
            protocol.call(address, {"verb": verb, "worker": other, "sandbox": sandbox}, timeout_s=5)
    assert len(engine.containers) == 1


def test_what_an_earlier_broker_left_is_swept_away(broker, engine):
    engine.launch("pupitre-of-yesterday", {})
    broker.slots.make_folder(0, owner=(os.geteuid(), os.getegid()))
    assert broker.clean_up() == 1
    assert engine.containers == {} and broker.slots.folders() == []


def test_a_container_that_the_engine_does_not_let_go_of_costs_its_slot_until_it_does(address, enrol, engine, broker):
    _line, worker = enrol()
    sandbox = start(address, worker)
    engine.hang = set(engine.containers)
    answer, _none = protocol.call(address, {"verb": "kill", "worker": worker, "sandbox": sandbox}, timeout_s=5)
    status, _none = protocol.call(address, {"verb": "status"}, timeout_s=5)
    assert answer == {"gone": False} and status["given_up"] == 1 and status["counts"]["given up"] == 1
    start(address, worker), start(address, worker)
    with pytest.raises(BrokerError, match="slot"):
        start(address, worker)
    engine.hang = set()
    broker.retry_given_up()
    start(address, worker)


def test_a_container_that_does_not_end_by_itself_gets_all_of_the_processor_to_end_with(address, enrol, engine):
    _line, worker = enrol()
    sandbox = start(address, worker)
    request = {"worker": worker, "sandbox": sandbox}
    protocol.call(address, {"verb": "limit", "cores": 0.25, **request}, timeout_s=5)
    protocol.call(address, {"verb": "kill", **request}, timeout_s=5)
    assert [changed["CpuQuota"] for _name, changed in engine.updates] == [25_000, 200_000]
    assert engine.containers == {}


def test_kills_for_want_of_memory_are_counted_as_the_engine_reports_them(address, enrol, engine):
    _line, worker = enrol()
    sandbox = start(address, worker)
    engine.oom.set()
    asked = {"verb": "ooms", "worker": worker, "sandbox": sandbox}
    until(lambda: protocol.call(address, asked, timeout_s=5)[0]["kills"] >= 1)


def test_limits_can_be_changed_within_the_totals(address, enrol, engine):
    _line, worker = enrol()
    sandbox = start(address, worker)
    request = {"verb": "limit", "worker": worker, "sandbox": sandbox}
    protocol.call(address, {**request, "memory_mb": 512, "total_mb": 1100, "cores": 0.5}, timeout_s=5)
    ((_name, changed),) = engine.updates
    assert changed["Memory"] == 1100 * 1024 * 1024 and changed["CpuQuota"] == 50_000
    with pytest.raises(BrokerError, match="1024 MB"):
        protocol.call(address, {**request, "memory_mb": 2000, "total_mb": 2500}, timeout_s=5)


def test_the_socket_is_its_folders_owners_alone(address):
    assert os.stat(address).st_mode & 0o777 == 0o600
