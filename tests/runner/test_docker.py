"""What is particular to the Docker driver, on a real engine; what all drivers promise is in ``sandbox_contract.py``."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from runner.environment import Environment, InvokeRequest, Kind, Outcome
from runner.sandboxes import images
from runner.sandboxes.base import SandboxFailure, SandboxSpec
from runner.sandboxes.docker import Docker
from tests import engine
from tests.engine import LiveBroker, broker_of_its_own, docker_settings, engine_with_images, shared_broker

__all__ = ["broker_of_its_own", "docker_settings", "engine_with_images", "shared_broker"]
pytestmark = pytest.mark.engine

HANDLER = """
import os, socket

def handler(event, context):
    return eval(event["do"], globals())

def hog():
    blocks = []
    while True:
        blocks.append(bytearray(8 << 20))

def many():
    for number in range(10_000_000):
        open(f"/tmp/{number}", "w").close()
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    (folder / "app.py").write_text(HANDLER)
    return folder


@pytest.fixture
def driver(docker_settings: LiveBroker) -> Iterator[Docker]:
    driver = Docker()
    driver.prepare()
    yield driver
    driver.close()


def spec(code: Path, memory_mb: int = 128) -> SandboxSpec:
    (python, *_others) = (one for one in images.interpreters() if one.family == "python")
    environment = {
        "LAMBDA_TASK_ROOT": "/var/task",
        "TZ": ":UTC",
        "PYTHONPATH": "/var/runtime",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
    }
    return SandboxSpec(
        interpreter=python, handler="app.handler", code_dir=code, environment=environment, memory_mb=memory_mb
    )


@pytest.fixture
def bound(driver: Docker, code: Path) -> Iterator[Callable[[], Environment]]:
    """Environments of the function, initialised."""
    made: list[Environment] = []

    def _bound() -> Environment:
        wanted = spec(code)
        environment = Environment(driver.start(wanted.interpreter))
        made.append(environment)
        outcome = environment.init(wanted, request_id="init", on_log=print)
        assert outcome.ok, outcome
        return environment

    yield _bound
    for environment in made:
        environment.stop()


def do(environment: Environment, expression: str, timeout_s: float = 20) -> Outcome:
    payload = json.dumps({"do": expression}).encode()
    return environment.invoke(
        InvokeRequest(request_id="r", payload=payload, timeout_s=timeout_s, invoked_arn=""), print
    )


def value(environment: Environment, expression: str) -> object:
    outcome = do(environment, expression)
    assert outcome.ok, outcome
    return json.loads(outcome.payload)


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process to have done it; a test that waits in vain fails."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_doctor_says_what_the_engine_offers(driver):
    report = {capability.name: capability for capability in driver.capabilities()}
    assert report["sandbox broker"].ok and report["system call filter"].ok
    assert "python" in report["runtime images"].detail


def test_without_a_broker_the_driver_says_what_to_start(tmp_path):
    with pytest.raises(SandboxFailure, match=r"manage\.py broker"):
        Docker(tmp_path / "nobody").prepare()


def test_inside_nobody_is_root_or_can_become_it(bound):
    status = str(value(bound(), "open('/proc/self/status').read()"))
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert "Uid:\t0" not in status


def test_the_user_is_named_as_aws_names_it_and_is_nobody_elses(bound):
    first, second = bound(), bound()
    name = "__import__('pwd').getpwuid(os.getuid()).pw_name"
    assert value(first, name) == value(second, name) == "sbx_user1051"
    assert value(first, "os.getuid()") != value(second, "os.getuid()")


def test_nothing_but_tmp_and_shared_memory_can_be_written(bound):
    places = "[d for d in ('/', '/etc', '/var/task', '/opt', '/var/rapid', '/dev', '/proc/sys', '/sys', '/tmp') if os.access(d, os.W_OK)]"
    assert value(bound(), places) == ["/tmp"]


def test_files_without_content_end_before_the_hosts_memory_does(bound):
    outcome = do(bound(), "many()", timeout_s=60)
    assert outcome.kind is Kind.FUNCTION_ERROR and "No space left" in outcome.error_message


def test_the_own_host_name_resolves_and_the_hosts_name_servers_are_not_told(bound):
    environment = bound()
    assert value(environment, "socket.gethostbyname(socket.gethostname())") == "127.0.0.1"
    assert value(environment, "open('/etc/resolv.conf').read().split()") == ["nameserver", "127.0.0.1"]


def test_a_function_that_takes_too_much_memory_ends_and_its_neighbour_answers(bound):
    hog, neighbour = bound(), bound()
    assert do(hog, "hog()").kind is Kind.OUT_OF_MEMORY
    assert value(neighbour, "1 + 1") == 2


def test_a_stopped_environment_leaves_no_container_and_no_folder(bound, docker_settings):
    environment = bound()
    (container,) = engine.containers(docker_settings)
    environment.stop()
    assert container not in engine.containers(docker_settings)
    assert os.listdir(docker_settings.folder / "slots") == []


WORKER = """
import sys
import django; django.setup()
from runner.environment import Environment
from runner.sandboxes import images
from runner.sandboxes.docker import Docker
driver = Docker(); driver.prepare()
environment = Environment(driver.start(images.interpreters()[0]))
print(environment.wait_ready(30), flush=True)
sys.stdin.read()
"""


def test_no_container_outlives_a_killed_worker(broker_of_its_own):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "PUPITRE_DATA_DIR": str(broker_of_its_own.folder),
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
    assert len(engine.containers(broker_of_its_own)) == 1
    worker.kill()
    worker.wait()
    until(lambda: engine.containers(broker_of_its_own) == [])
    until(lambda: os.listdir(broker_of_its_own.folder / "slots") == [])


@pytest.fixture
def worker_beside(broker_of_its_own: LiveBroker, settings) -> Iterator[Docker]:
    settings.SANDBOX_DRIVER, settings.SANDBOX_BROKER = "docker", broker_of_its_own.socket
    images.forget()
    driver = Docker()
    driver.prepare()
    yield driver
    driver.close()
    images.forget()


def test_an_invocation_outlives_the_broker_and_a_new_broker_starts_with_a_clean_house(
    worker_beside, broker_of_its_own, code
):
    wanted = spec(code)
    environment = Environment(worker_beside.start(wanted.interpreter))
    assert environment.init(wanted, request_id="init", on_log=print).ok
    broker_of_its_own.kill()
    assert value(environment, "'still here'") == "still here"
    broker_of_its_own.start()
    assert engine.containers(broker_of_its_own) == []
    second = Environment(worker_beside.start(wanted.interpreter))
    assert second.init(wanted, request_id="init", on_log=print).ok
    environment.stop()
    second.stop()


def test_a_container_that_the_engine_cannot_end_does_not_hold_up_the_others(worker_beside, broker_of_its_own, code):
    wanted = spec(code)
    stuck = Environment(worker_beside.start(wanted.interpreter))
    assert stuck.init(wanted, request_id="init", on_log=print).ok
    (name,) = engine.containers(broker_of_its_own)
    shim = _shim_of(name)
    os.kill(shim, signal.SIGSTOP)
    try:
        stuck.stop()
        other = Environment(worker_beside.start(wanted.interpreter))
        assert other.init(wanted, request_id="init", on_log=print).ok
        assert value(other, "1 + 1") == 2
        other.stop()
        assert "1 slots given up" in worker_beside.capabilities()[0].detail
    finally:
        os.kill(shim, signal.SIGCONT)
    until(lambda: engine.containers(broker_of_its_own) == [])


def _shim_of(name: str) -> int:
    import docker

    client = docker.APIClient(base_url=django_settings.ENGINE_URL, version="auto")
    identity = client.inspect_container(name)["Id"]
    client.close()
    found = subprocess.run(["pgrep", "-f", f"containerd-shim.*{identity}"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])
