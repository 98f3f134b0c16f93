"""A worker asks for a sandbox."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.broker import protocol
from runner.broker.protocol import BrokerError
from tests.broker.conftest import make_broker

SIZES = {"memory_mb": 128, "total_mb": 720, "ephemeral_mb": 512, "cores": 1}


def ask(address, known_as, **members):
    request = {"verb": "start", "worker": known_as, "runtime": "python-3.13", "config": "{}", **SIZES, **members}
    return protocol.call(address, request, timeout_s=5)


def test_the_answer_carries_the_containers_own_stream(address, enrol, engine):
    _line, worker = enrol()
    _answer, descriptor = ask(address, worker)
    with socket.socket(fileno=descriptor) as stream:
        (container,) = engine.containers.values()
        container.sendall(b"up")
        assert stream.recv(2) == b"up"
    assert container.recv(1) == b""  # nobody but the worker held the other end


def test_it_gets_a_folder_for_its_code_that_the_container_sees_from_the_hosts_side(address, enrol, engine):
    _line, worker = enrol()
    answer, descriptor = ask(address, worker)
    os.close(descriptor)
    assert sorted(os.listdir(answer["folder"])) == ["group", "hosts", "opt", "passwd", "resolv.conf", "task", "wire"]
    mounts = engine.configurations[0]["HostConfig"]["Mounts"]
    assert mounts[0]["Source"] == f"/on/the/host/slots/{answer['sandbox']}/task"


def test_no_two_sandboxes_share_a_user(address, enrol, engine):
    _line, worker = enrol()
    for _number in range(2):
        os.close(ask(address, worker)[1])
    first, second = (configuration["User"] for configuration in engine.configurations)
    assert first != second


@pytest.mark.parametrize(
    "wish",
    [
        {"runtime": "alpine:latest"},
        {"runtime": None},
        {"memory_mb": 0},
        {"memory_mb": "128"},
        {"total_mb": 10**9},
        {"cores": 99},
        {"config": "x" * 20_000},
        {"worker": "somebody"},
    ],
)
def test_what_is_not_on_the_brokers_list_is_refused(address, enrol, engine, wish):
    _line, worker = enrol()
    with pytest.raises(BrokerError):
        ask(address, worker, **wish)
    assert engine.containers == {}


def test_all_sandboxes_together_stay_within_the_memory_of_the_host(address, enrol, engine):
    _line, worker = enrol()
    os.close(ask(address, worker, memory_mb=1000)[1])
    with pytest.raises(BrokerError, match="1024 MB"):
        ask(address, worker, memory_mb=128)
    assert len(engine.containers) == 1


def test_there_are_no_more_sandboxes_than_slots(address, enrol):
    _line, worker = enrol()
    for _number in range(3):
        os.close(ask(address, worker)[1])
    with pytest.raises(BrokerError, match="slot"):
        ask(address, worker)


def test_a_start_that_fails_leaves_nothing_behind(address, enrol, engine, broker):
    _line, worker = enrol()
    engine.fails = True
    with pytest.raises(BrokerError, match="no such runtime"):
        ask(address, worker)
    assert broker.slots.folders() == []
    engine.fails = False
    for _number in range(3):
        os.close(ask(address, worker)[1])


def test_who_finds_every_slot_taken_gets_the_first_that_becomes_free(engine, tmp_path):
    broker = make_broker(engine, tmp_path, room_s=60)
    worker, owner = broker.enrol(), (os.geteuid(), os.getegid())
    request = {"worker": worker, "runtime": "python-3.13", "config": "{}", **SIZES}
    held = [broker.start(request, owner) for _ in range(3)]
    with ThreadPoolExecutor(1) as one:
        waiting = one.submit(broker.start, request, owner)
        broker.kill({"worker": worker, "sandbox": held[0][0]["sandbox"]})
        _answer, stream = waiting.result(60)
    for descriptor in (stream, *(descriptor for _answer, descriptor in held)):
        os.close(descriptor)
