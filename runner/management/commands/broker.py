"""Run the broker: the one process that may talk to the container engine."""

import hashlib
import logging
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import limits
from runner.broker.engine import Engine, EngineTrouble
from runner.broker.server import Server
from runner.broker.service import Bounds, Broker
from runner.broker.slots import Slots

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the broker: the one process that may talk to the container engine."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until SIGTERM or SIGINT; what is held then ends."""
        try:
            server = Server(Path(settings.SANDBOX_BROKER), make_broker())
        except EngineTrouble as error:
            raise CommandError(f"The container engine at {settings.ENGINE_URL} is of no use: {error}") from error

        def stop(_number: int, _frame: FrameType | None) -> None:
            threading.Thread(target=server.stop).start()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        runtimes = ", ".join(sorted(server.broker.images)) or "none: build their images first"
        log.info("The broker serves at %s; runtimes: %s", server.path, runtimes)
        try:
            server.run()
        finally:
            server.broker.close()


def make_broker() -> Broker:
    """A broker as the settings say, with nothing left of an earlier one. Raises ``EngineTrouble``."""
    engine = Engine(settings.ENGINE_URL)
    info = engine.info()
    root = Path(settings.DATA_DIR) / "slots"
    volume = settings.SANDBOX_VOLUME
    install = installation(volume or str(root))
    mapped = any(name in option for option in info.get("SecurityOptions") or () for name in ("rootless", "userns"))
    broker = Broker(
        engine=engine,
        slots=Slots(root, install=install, count=settings.SANDBOX_COUNT, mapped=mapped),
        install=install,
        source=f"{engine.volume_path(volume)}/slots" if volume else str(root),
        in_volume=bool(volume),
        bounds=Bounds(memory_mb=_for_sandboxes(info["MemTotal"]), cores=info["NCPU"]),
        wires=True,
    )
    if removed := broker.clean_up():
        log.warning("%s containers were left over", removed)
    return broker


def installation(where: str) -> str:
    """What marks the containers of this installation among all on the host."""
    return hashlib.sha256(where.encode()).hexdigest()[:16]


def _for_sandboxes(total: int) -> int:
    """MB that sandboxes may have of a host with ``total`` bytes: all but 1 GB, yet never nothing."""
    return max(1024, total // limits.MIB - 1024)
