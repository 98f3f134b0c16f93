"""Thousands of invocations later the processes hold no more than before (I12)."""

import concurrent.futures

import pytest

from tests.faults import machine
from tests.faults.conftest import EVENTS
from tests.faults.test_kill import API, WORKER
from tests.labs.hands import Boto3
from tests.live import eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-kill")]
SLACK = 12  # threads that came and have not gone yet, each with a connection


def test_descriptors_do_not_grow_with_invocations(product, ledger, storm):
    pids = {name: product.process_with(name) for name in (API, WORKER)}
    invoke(product, ledger, storm)
    before = {name: (machine.open_files(pid), machine.memory_mb(pid)) for name, pid in pids.items()}
    invoke(product, ledger, storm)
    for name, pid in pids.items():
        files, memory = before[name]
        now = eventually(lambda pid=pid: machine.open_files(pid), lambda number, most=files + SLACK: number <= most)
        print(f"{name}: {files} descriptors and {memory} MB before, {now} and {machine.memory_mb(pid)} MB after")


def invoke(product, ledger, storm) -> None:
    """Events and calls, through the endpoint."""
    with storm(EVENTS // 2) as clients:
        pass
    ledger.settle(clients.function)
    hands = [Boto3(product) for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(len(hands)) as threads:
        answers = list(
            threads.map(lambda n: hands[n % len(hands)].invoke(clients.function, {"n": n}), range(EVENTS // 4))
        )
    assert {answer.status for answer in answers} == {200}
