"""The endpoint is killed amid uploads and publications: a function is the old one or the new one, never half of each."""

import base64
import hashlib
import io
import json
import random
import threading
import urllib.request
import zipfile
from collections.abc import Callable

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.faults.conftest import KILLS
from tests.faults.test_kill import API, kill
from tests.labs.hands import Boto3
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults")]
FILES = 200  # so that unpacking takes a while
CODE = "import lib.m{last}\ndef lambda_handler(event, context):\n    return [{number}, lib.m{last}.NUMBER]\n"


def package(number: int) -> bytes:
    """A package all of whose files say ``number``; some megabytes, which do not shrink."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("lambda_function.py", CODE.format(number=number, last=FILES - 1))
        archive.writestr("lib/__init__.py", "")
        archive.writestr("lib/ballast", random.Random(number).randbytes(4 * 2**20))
        for index in range(FILES):
            archive.writestr(f"lib/m{index}.py", f"NUMBER = {number}\n")
    return data.getvalue()


class Deployer(threading.Thread):
    """Uploads one package after another and publishes each, whatever happens to the endpoint."""

    def __init__(self, live: Live, packages: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.client, self.packages = live.client("lambda"), packages
        self.uploads, self.over = 0, threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            data = self.packages[self.uploads % len(self.packages)]
            self.uploads += 1
            try:
                self.client.update_function_code(FunctionName="deployed", ZipFile=data)
                self.client.publish_version(FunctionName="deployed")
            except (BotoCoreError, ClientError):
                self.over.wait(0.2)


def test_a_function_is_the_old_one_or_the_new_one_whenever_its_upload_is_cut_off(product: Live):
    packages = [package(number) for number in range(4)]
    digests = {base64.b64encode(hashlib.sha256(data).digest()).decode(): n for n, data in enumerate(packages)}
    client = Boto3(product).client
    client.create_function(
        FunctionName="deployed",
        Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/LabRole",
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": packages[0]},
        Timeout=30,
    )
    deployer = Deployer(product, packages)
    deployer.start()
    for _ in range(KILLS):
        before = deployer.uploads
        eventually(lambda: deployer.uploads, lambda number: number > before + 1, within_s=120, every_s=0.001)  # noqa: B023
        kill(product, API)
    deployer.over.set()
    deployer.join(60)

    versions = eventually(lambda: _attempt(client.list_versions_by_function, FunctionName="deployed"), bool)["Versions"]
    assert [one["Version"] for one in versions[1:]] == [str(number) for number in range(1, len(versions))]
    for version in versions:
        number = digests[version["CodeSha256"]]
        held = client.get_function(FunctionName="deployed", Qualifier=version["Version"])["Code"]["Location"]
        with urllib.request.urlopen(held) as answer:
            assert answer.read() == packages[number]
    for version in {one["CodeSha256"]: one for one in versions}.values():
        answer = client.invoke(FunctionName="deployed", Qualifier=version["Version"])
        number = digests[version["CodeSha256"]]
        assert json.load(answer["Payload"]) == [number, number]


def _attempt(operation: Callable[..., dict[str, object]], **members: str) -> dict[str, object] | None:
    try:
        return operation(**members)
    except (BotoCoreError, ClientError):
        return None
