"""Containers keep the contract, on a real engine; and what is particular to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from django.conf import settings as django_settings

from runner.outcomes import Kind
from runner.sandboxes.attached import AttachedStream
from runner.sandboxes.base import SandboxDriver, SandboxFailure
from runner.sandboxes.docker import Docker
from tests import engine
from tests.engine import LiveBroker, broker_of_its_own, engine_with_images, shared_broker
from tests.runner.sandbox_contract import *  # noqa: F403
from tests.runner.sandbox_node import *  # noqa: F403
from tests.runner.sandbox_walls import *  # noqa: F403
from tests.runner.sandboxed import Bench, containers, opened

__all__ = ["broker_of_its_own", "engine_with_images", "shared_broker"]
pytestmark = pytest.mark.engine
FINE = "def lambda_handler(event, context): return 'fine'"
EVALUATE = """
    import os, socket
    def lambda_handler(event, context):
        return eval(event)
    """


@pytest.fixture(scope="module")
def driver(shared_broker: LiveBroker) -> Iterator[SandboxDriver]:
    with containers(shared_broker) as made:
        yield made


@pytest.fixture
def broker(broker_of_its_own: LiveBroker) -> LiveBroker:
    """One that the test may kill."""
    return broker_of_its_own


@pytest.fixture
def own_bench(broker: LiveBroker, tmp_path: Path) -> Iterator[Bench]:
    with containers(broker) as driver, opened(driver, tmp_path) as made:
        yield made


def test_worker_and_pid_1_speak_without_the_engine(bench: Bench):
    function = bench.function(EVALUATE)
    assert not isinstance(function.environment.sandbox.stream, AttachedStream)
    assert function.invoke("os.listdir('/var/wire')").value == []
    outcome = function.invoke("open('/var/wire/pid1', 'w')").outcome
    assert "Read-only file system" in outcome.payload.decode()


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process to have done it; a test that waits in vain fails."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_doctor_says_what_the_engine_offers(driver: SandboxDriver):
    report = {capability.name: capability for capability in driver.capabilities()}
    assert report["sandbox broker"].ok and report["system call filter"].ok
    assert "python" in report["runtime images"].detail


def test_without_a_broker_the_driver_says_what_to_start(tmp_path: Path):
    with pytest.raises(SandboxFailure, match=r"manage\.py broker"):
        Docker(tmp_path / "nobody").prepare()


def test_inside_nobody_is_root_or_can_become_it(bench: Bench):
    status = bench.function(EVALUATE).invoke("open('/proc/self/status').read()").value
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status


def test_no_two_containers_share_a_user(bench: Bench):
    first, second = bench.function(EVALUATE), bench.function(EVALUATE)
    assert 0 != first.invoke("os.getuid()").value != second.invoke("os.getuid()").value != 0


def test_nothing_but_tmp_can_be_written(bench: Bench):
    places = ["/", "/etc", "/var/task", "/opt", "/var/rapid", "/var/runtime", "/dev", "/proc/sys", "/sys", "/tmp"]
    reply = bench.function(EVALUATE).invoke(f"[place for place in {places} if os.access(place, os.W_OK)]")
    assert reply.value == ["/tmp"]


def test_files_without_content_end_before_the_hosts_memory_does(bench: Bench):
    reply = bench.function("""
        def lambda_handler(event, context):
            for number in range(10_000_000):
                open(f"/tmp/{number}", "w").close()
        """).invoke(timeout_s=60)
    assert reply.outcome.kind is Kind.FUNCTION_ERROR
    assert "No space left" in reply.outcome.error_message


def test_the_hosts_name_servers_and_kernel_command_line_are_not_told(bench: Bench):
    function = bench.function(EVALUATE)
    assert function.invoke("open('/etc/resolv.conf').read().split()").value == ["nameserver", "127.0.0.1"]
    assert function.invoke("open('/proc/cmdline').read()").value == ""


def test_a_stopped_environment_leaves_no_container_and_no_folder(bench: Bench):
    function = bench.function(FINE)
    assert bench.traces(function) != []
    function.environment.stop()
    assert bench.traces(function) == []


WORKER = """
import sys
import django; django.setup()
from runner.environment import Environment
from runner.runtimes import interpreters
from runner.sandboxes.docker import Docker
driver = Docker(); driver.prepare()
environment = Environment(driver.start(interpreters()[0]))
print(environment.wait_ready(30), flush=True)
sys.stdin.read()
"""


def test_no_container_outlives_a_killed_worker(broker: LiveBroker):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "PUPITRE_DATA_DIR": str(broker.folder),
        "PUPITRE_SANDBOX_DRIVER": "docker",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=environment,
        cwd=django_settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdout and worker.stdout.readline() == b"True\n"
    assert len(engine.containers(broker)) == 1
    worker.kill()
    worker.wait()
    until(lambda: engine.containers(broker) == [])
    until(lambda: os.listdir(broker.folder / "slots") == [])


def test_an_invocation_outlives_the_broker_and_a_new_broker_begins_with_a_clean_house(
    own_bench: Bench, broker: LiveBroker
):
    function = own_bench.function(FINE)
    broker.kill()
    assert function.invoke().value == "fine"
    broker.start()
    assert engine.containers(broker) == []
    assert own_bench.function(FINE).invoke().value == "fine"


def test_a_container_that_the_engine_cannot_end_does_not_hold_up_the_others(own_bench: Bench, broker: LiveBroker):
    stuck = own_bench.function(FINE)
    (name,) = engine.containers(broker)
    shim = _shim_of(name)
    os.kill(shim, signal.SIGSTOP)
    try:
        stuck.environment.stop()
        assert own_bench.function(FINE).invoke().value == "fine"
        assert "1 slots given up" in own_bench.driver.capabilities()[0].detail
    finally:
        os.kill(shim, signal.SIGCONT)
    until(lambda: name not in engine.containers(broker))


def _shim_of(name: str) -> int:
    """The process that stands between the engine and the container ``name``."""
    client = docker.APIClient(base_url=django_settings.ENGINE_URL, version="auto")
    identity = client.inspect_container(name)["Id"]
    client.close()
    found = subprocess.run(["pgrep", "-f", f"containerd-shim.*{identity}"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])
