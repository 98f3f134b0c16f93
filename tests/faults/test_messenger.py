"""Redis freezes, forgets everything, or is far away: it is the messenger, and no event depends on it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from tests.faults.conftest import EVENTS, answers, hurtable
from tests.faults.ledger import check
from tests.faults.proxy import Proxy
from tests.faults.sources import Schedules
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-messenger")]
FEWER = EVENTS // 4


class Messenger:
    """A Redis server, and the way to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.far = folder, folder / "far"
        program = shutil.which("redis-server") or pytest.skip("redis-server is not installed")
        self.server = subprocess.Popen(
            (program, "--port", "0", "--unixsocket", self.far, "--dir", folder, "--save", "", "--appendonly", "yes"),
            stdout=subprocess.DEVNULL,
        )
        self.proxy = Proxy(folder / "near", to=self.far)

    def forget_everything(self) -> None:
        redis.Redis(unix_socket_path=str(self.far)).flushall()

    def freeze(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.server.pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def messenger() -> Iterator[Messenger]:
    folder = Path(tempfile.mkdtemp(prefix="pupitre-net-"))
    made = Messenger(folder)
    with made.proxy:
        yield made
    made.server.kill()
    made.server.wait()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def product(messenger: Messenger) -> Iterator[Live]:
    with hurtable(REDIS_URL=f"unix://{messenger.proxy.path}?db=0") as running:
        yield running


def test_no_event_is_lost_when_redis_forgets_everything_again_and_again(product, messenger, ledger, storm):
    with storm(FEWER) as clients:
        for number in range(10):
            clients.reach((number + 0.5) / 10)
            messenger.forget_everything()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)


def test_no_event_is_lost_when_redis_freezes(product, messenger, ledger, storm):
    with storm(FEWER) as clients:
        clients.reach(0.1)
        messenger.freeze()
        try:
            clients.reach(0.7)  # nobody who sends an event waits for it
        finally:
            messenger.thaw()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)


def test_every_schedule_fires_once_when_redis_freezes_and_forgets(product, messenger, ledger):
    """I5: what rings the bell each second goes through Redis, and finds its way again."""
    schedules = Schedules.make(product, "ticks", 20)
    messenger.freeze()
    try:
        eventually(lambda: schedules.first_at < datetime.now(UTC), bool, within_s=120, every_s=0.2)
    finally:
        messenger.thaw()
    messenger.forget_everything()
    schedules.check(ledger)


def test_no_event_is_lost_when_redis_is_far_away(product, messenger, ledger, storm):
    messenger.proxy.delay_s = 0.05
    try:
        with storm(FEWER) as clients:
            pass
        ledger.settle(clients.function)
        answers(product, clients.function)
    finally:
        messenger.proxy.delay_s = 0
    check(ledger, clients.history, clients.function)


@pytest.mark.parametrize("trouble", ["cut", "half_close", "go_silent"])
def test_no_event_is_lost_when_connections_to_redis_break(product, messenger, ledger, storm, trouble):
    """Reset, half closed, or dead without a word: new ones are made.

    The function has little time, since a call that was lost is given up when its time is over.
    """
    with storm(FEWER, timeout=3) as clients:
        clients.reach(0.3)
        getattr(messenger.proxy, trouble)()
    ledger.settle(clients.function)
    check(ledger, clients.history, clients.function)
    answers(product, clients.function)
