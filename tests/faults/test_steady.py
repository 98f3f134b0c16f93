"""Thousands of invocations later the processes hold no more than before (I12)."""

import concurrent.futures

import pytest

from tests.faults import machine
from tests.faults.conftest import EVENTS, make_function
from tests.faults.ledger import Ledger
from tests.faults.storm import Storm
from tests.faults.test_kill import API, WORKER
from tests.labs.hands import Boto3
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults")]
AT_ONCE = 4  # each environment that is warm has descriptors of its own: as many in the end as in the beginning
SLACK = 12  # threads that came and have not gone yet, each with a connection
GROWTH_MB = 64  # of memory: what two thousand invocations leave if each leaves 32 KB


def test_neither_descriptors_nor_memory_grow_with_invocations(product: Live, ledger: Ledger):
    function = make_function(product, "steady", reserved=AT_ONCE)
    pids = {name: product.process_with(name) for name in (API, WORKER)}
    invoke(product, ledger, function)
    before = {name: (machine.open_files(pid), machine.memory_mb(pid)) for name, pid in pids.items()}
    invoke(product, ledger, function)
    for name, pid in pids.items():
        files, memory = before[name]
        now = eventually(lambda pid=pid: machine.open_files(pid), lambda number, most=files + SLACK: number <= most)
        print(f"{name}: {files} descriptors and {memory} MB before, {now} and {machine.memory_mb(pid)} MB after")
        assert machine.memory_mb(pid) < memory + GROWTH_MB


def invoke(product: Live, ledger: Ledger, function: str) -> None:
    """Events and calls, through the endpoint."""
    with Storm(product, function, count=EVENTS // 2):
        pass
    ledger.settle(function)
    hands = [Boto3(product) for _ in range(AT_ONCE)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda n: hands[n % AT_ONCE].invoke(function, {"n": n}), range(EVENTS // 4)))
    assert {answer.status for answer in answers} == {200}
