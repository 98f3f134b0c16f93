"""The AWS SDK for JavaScript v3, in Node, with nothing set but what ``up`` prints."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.downloads import fetched_once
from tests.labs.conftest import slide
from tests.labs.hands import zipped
from tests.live import Live

HERE = Path(__file__).parent / "js"

pytestmark = pytest.mark.clients


@pytest.fixture(scope="session")
def installed() -> Path:
    """A folder with the SDK that the lock file names: made once for each lock file, and kept."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node with npm: apt-get install nodejs npm")
    lock = (HERE / "package-lock.json").read_bytes()
    try:
        return fetched_once(f"js-{hashlib.sha256(lock).hexdigest()[:12]}", install)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm could not install the SDK: {error.stderr.strip().splitlines()[-1:]}")


def install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    command = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def said(installed: Path, live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every step of ``journey.js`` was answered."""
    package = tmp_path_factory.mktemp("js") / "function.zip"
    package.write_bytes(zipped({"lambda_function.py": slide("at_000_1")}))
    package.with_name("node_modules").symlink_to(installed / "node_modules")
    script = package.with_name("journey.js")
    for name in ("journey.js", "package.json"):
        shutil.copy(HERE / name, package.with_name(name))
    environment = live.client_environment() | {"AWS_REGION": live.region, "NODE_OPTIONS": ""}
    command = ("node", str(script), "from-javascript", str(package))
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr + live.logs()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_it_creates_invokes_and_reads_the_tail(said):
    assert said["invoke"] == {"status": 200, "payload": "value1", "version": "$LATEST"}
    assert "value1 = value1" in said["tail"]
    assert said["arn"] == f"arn:aws:lambda:us-east-1:{said['identity']}:function:from-javascript"


def test_it_sees_a_failed_function(said):
    assert said["failed"] == {"error": "Unhandled", "type": "KeyError"}


def test_an_event_is_accepted_run_and_logged(said):
    assert said["event"] == 202
    assert said["logged"].strip() == "value1 = later"


def test_it_changes_publishes_and_lists(said):
    assert (said["timeout"], said["version"]) == (7, "1")
    assert "from-javascript" in said["listed"]


def test_a_function_that_is_gone_is_the_sdk_s_own_exception(said):
    assert (said["missing"]["name"], said["missing"]["status"]) == ("ResourceNotFoundException", 404)
    assert said["missing"]["message"].endswith("function:from-javascript")


def test_it_finds_the_lab_role(said):
    assert said["role"] == f"arn:aws:iam::{said['identity']}:role/LabRole"


def test_a_message_goes_through_a_queue_unchanged(said):
    assert said["queue"] == {"same": True, "body": "hallå 👋", "colour": "röd", "rest": 0}
    assert said["goneQueue"] == {"name": "QueueDoesNotExist", "status": 400}
