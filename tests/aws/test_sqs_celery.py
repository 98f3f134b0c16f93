"""Celery's own SQS transport: a worker takes tasks from queues here, with nothing set but endpoint, keys and region."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.downloads import fetched_once
from tests.live import eventually

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
    """An environment may be moved as long as it is used by its interpreter."""
    for command in (
        (sys.executable, "-m", "venv", str(folder)),
        (str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *REQUIREMENTS),
    ):
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def environment(ada_boto, tmp_path: Path) -> dict[str, str]:
    foreign = ("AWS_", "PUPITRE_", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "AWS_ENDPOINT_URL": ada_boto.endpoint,
        "AWS_ACCESS_KEY_ID": ada_boto.key.id,
        "AWS_SECRET_ACCESS_KEY": ada_boto.key.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "OUT": str(tmp_path),
        "PYTHONPATH": str(HERE),
    }


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


def test_a_worker_runs_what_was_sent_through_a_queue(python, environment, worker, ada_boto, tmp_path):
    code = "from celery_app import write\nfor n in range(3): write.delay(f'{n}.txt', f'done {n} \\u2713')"

    subprocess.run((python, "-c", code), env=environment, cwd=HERE, check=True, timeout=240)

    def written() -> list[str]:
        return sorted(file.read_text() for file in tmp_path.glob("*.txt") if file.stat().st_size)

    try:
        eventually(written, lambda found: len(found) == 3, within_s=240, every_s=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{worker.read_text()}") from None
    assert written() == ["done 0 ✓", "done 1 ✓", "done 2 ✓"]
    sqs = ada_boto.client("sqs")
    url = sqs.get_queue_url(QueueName="celery-lab")["QueueUrl"]

    def left() -> int:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    eventually(left, lambda count: count == 0, within_s=60, every_s=0.5)
