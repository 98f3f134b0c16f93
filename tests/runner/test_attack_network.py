"""Hostile handlers that try to reach somebody, or to be reached: there is no network but the way to the endpoint."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.runner.hostile import *  # noqa: F403
from tests.runner.hostile import handler
from tests.runner.sandboxed import Bench

REACH = """
import socket
def lambda_handler(event, context):
    reached = []
    for host, port in event:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as one:
                    one.settimeout(0.5)
                    one.connect((host, port))
                    one.send(b"?")
                    one.recv(10)
                reached.append([host, port])
            except OSError:
                pass
    return reached
"""


def addresses_of_this_host() -> list[str]:
    found = {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None)}
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent: it tells which of our addresses faces outwards
        found.add(probe.getsockname()[0])
    return sorted(str(address).partition("%")[0] for address in found)


@pytest.fixture
def service() -> Iterator[int]:
    """Something that listens on every address of this host, as a database or a messenger might: its port."""
    with closing(socket.create_server(("0.0.0.0", 0), backlog=64)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_the_hosts_own_services_are_out_of_reach(bench: Bench, service: int):
    hosts = [
        "127.0.0.1",
        "0.0.0.0",
        "172.17.0.1",
        "172.18.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "::1",
        *addresses_of_this_host(),
    ]
    with closing(socket.create_connection(("127.0.0.1", service))) as own:
        assert own.recv(10) == b"hello"
    places = [[host, port] for host in hosts for port in (service, 6379, 5432)]
    assert bench.function(REACH).invoke(places, timeout_s=120).value == []


def test_neither_the_clouds_metadata_nor_the_internet_is_there(bench: Bench):
    places = [["169.254.169.254", 80], ["fd00:ec2::254", 80], ["169.254.170.2", 80], ["1.1.1.1", 53], ["8.8.8.8", 53]]
    assert bench.function(REACH).invoke(places, timeout_s=60).value == []


def test_names_are_not_resolved_so_nothing_leaves_in_them(bench: Bench):
    reply = bench.function(
        handler("""
found = []
for name in ("example.com", "stolen-data.example.com", "host.docker.internal", "redis", "postgres", "worker"):
    try:
        found.append(socket.getaddrinfo(name, 80))
    except OSError:
        pass
return found
""")
    ).invoke(timeout_s=120)
    assert reply.value == []


LISTEN = """
import os, socket, threading
def serve(listener):
    while True:
        connection, _address = listener.accept()
        connection.sendall(b"shell")
        connection.close()
listener = socket.create_server(("0.0.0.0", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
hidden = socket.socket(socket.AF_UNIX)
hidden.bind("\\0pupitre-hidden")
hidden.listen()
def lambda_handler(event, context):
    with socket.create_connection(listener.getsockname()[:2]) as own:
        assert own.recv(10) == b"shell"
    with socket.socket(socket.AF_UNIX) as own:
        own.connect("\\0pupitre-hidden")
    return listener.getsockname()[1]
"""


def test_what_listens_inside_is_heard_by_nobody_outside(bench: Bench):
    port = bench.function(LISTEN).invoke().value
    for host in ("127.0.0.1", *addresses_of_this_host()):
        with pytest.raises(OSError), closing(socket.create_connection((host, port), timeout=1)) as outside:
            assert outside.recv(10) != b"shell"
            raise ConnectionRefusedError
    with pytest.raises(OSError), closing(socket.socket(socket.AF_UNIX)) as outside:
        outside.connect("\0pupitre-hidden")
    reply = bench.function(
        handler("""
try:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("\\\\0pupitre-hidden")
    return "met"
except OSError:
    return "alone"
""")
    ).invoke()
    assert reply.value == "alone"
    assert bench.function(REACH).invoke([["127.0.0.1", port], ["0.0.0.0", port]]).value == []
