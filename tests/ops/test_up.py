"""``up``: one command starts everything, once for each data folder, and what it held is there the next time."""

import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.labs.hands import Boto3
from tests.live import ROOT, Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("up")]

ECHO = "def lambda_handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def product() -> Iterator[Live]:
    """One of our own, to stop and to hurt; it begins as on a machine where it never ran."""
    with Live(from_nothing=True) as running:
        yield running


def up_again(product: Live, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = product.environment | settings
    return subprocess.run(product.command("up"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_a_second_one_on_the_same_data_is_refused(product):
    refused = up_again(product)
    assert refused.returncode == 1
    assert f"Pupitre already runs on {product.data_dir} (process {product.process.pid})" in refused.stderr


def test_a_port_that_is_taken_names_the_setting_that_moves_it(product, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up_again(
            product, PUPITRE_DATA_DIR=str(tmp_path), PUPITRE_API_PORT=str(port), PUPITRE_CONSOLE_PORT="0"
        )
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port} (Address already in use). Set PUPITRE_API_PORT" in refused.stderr


def test_redis_is_private_and_drops_nothing_in_silence(product):
    socket_file = product.data_dir / "redis.sock"
    assert socket_file.stat().st_mode & 0o077 == 0
    assert list((product.data_dir / "redis" / "appendonlydir").iterdir())


@pytest.mark.sandbox
def test_what_was_there_is_there_after_a_restart(product):
    hand = Boto3(product)
    hand.create_function("kept", ECHO)
    assert product.stop(signal.SIGINT) == 0
    assert product.processes() == {}
    product.start()
    assert Boto3(product).invoke("kept", {"still": "here"}).payload == {"still": "here"}


@pytest.mark.sandbox
@pytest.mark.parametrize("word", ["celery --quiet --app console worker", "console.asgi:api", "redis-server"])
def test_what_is_killed_comes_back_and_works(product, word):
    Boto3(product).create_function("survivor-" + word[:5].strip(), ECHO, timeout=3)
    os.kill(product.process_with(word), signal.SIGKILL)
    hand = Boto3(product)

    def answer() -> object:
        try:
            return hand.invoke("survivor-" + word[:5].strip(), "here").payload
        except Exception as error:  # whatever a client meets while a part is away
            return error

    # A call that went down with a worker is answered when its time is over: its own, its init's and its place in the line.
    eventually(answer, lambda said: said == "here", within_s=240, every_s=0.5)


def test_when_up_itself_is_killed_nothing_is_left(product):
    Boto3(product).create_function("outlives", ECHO)
    ends = [os.pidfd_open(pid) for pid in product.processes()]
    product.process.kill()
    product.process.wait()
    for end in ends:
        assert select.select([end], [], [], 60)[0]
    product.start()
    assert "outlives" in [
        function["FunctionName"] for function in product.client("lambda").list_functions()["Functions"]
    ]
