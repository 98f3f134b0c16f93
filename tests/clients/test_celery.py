"""Celery's own SQS transport: a worker takes tasks from queues here, with nothing set but what ``up`` prints."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.downloads import fetched_once
from tests.live import Live, eventually

HERE = Path(__file__).parent
REQUIREMENTS = ("celery[sqs]==5.7.0", "kombu==5.7.0", "boto3==1.44.5")

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python with Celery and its SQS transport, made once and kept: the product itself needs neither."""
    try:
        return fetched_once("celery-sqs-5.7", install) / "bin" / "python"
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Celery's SQS transport could not be installed: {error.stderr.strip().splitlines()[-1:]}")


def install(folder: Path) -> None:
    """In place: an environment knows its own path only by its interpreter, which may move."""
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        (uv, "venv", "-q", "--relocatable", "--clear", str(folder)),
        (uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *REQUIREMENTS),
    ):
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def environment(live: Live, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in live.client_environment().items() if not name.startswith("PUPITRE_")}
    return kept | {"OUT": str(tmp_path), "PYTHONPATH": str(HERE), "DJANGO_SETTINGS_MODULE": ""}


@pytest.fixture
def worker(python: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """A running worker; its log."""
    log = tmp_path / "worker.log"
    command = (python, "-m", "celery", "-A", "celery_app", "worker", "--pool", "solo", "--loglevel", "INFO")
    with log.open("w") as file:
        process = subprocess.Popen(
            (*command, "--without-gossip", "--without-mingle", "--without-heartbeat"),
            env=environment,
            cwd=HERE,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield log
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_a_worker_runs_what_was_sent_through_a_queue(python, environment, worker, live, tmp_path):
    code = "from celery_app import write\nfor n in range(3): write.delay(f'{n}.txt', f'done {n} \\u2713')"

    subprocess.run((python, "-c", code), env=environment, cwd=HERE, check=True, timeout=120)

    def written() -> list[str]:
        return sorted(file.read_text() for file in tmp_path.glob("*.txt") if file.stat().st_size)

    try:
        eventually(written, lambda found: len(found) == 3, within_s=90, every_s=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{worker.read_text()}") from None
    assert written() == ["done 0 ✓", "done 1 ✓", "done 2 ✓"]
    sqs = live.client("sqs")
    url = sqs.get_queue_url(QueueName="celery-lab")["QueueUrl"]

    def left() -> int:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    eventually(left, lambda count: count == 0, within_s=60, every_s=0.5)
    assert os.path.exists(worker)
