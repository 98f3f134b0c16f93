"""The engine: everything a worker process has for running functions, put together."""

import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from core import clock, database, ids, limits, redis
from core.errors import ServiceError
from functions.models import Version
from functions.runtimes import Family, available
from runner import calls, foresight, presence, runtimes
from runner.calls import Calls
from runner.claims import Claimed
from runner.crew import Crew
from runner.dispatch import Dispatcher
from runner.environment import Environment
from runner.lane import Lane
from runner.pool import Open, Pool
from runner.queued import Events
from runner.runtimes import Interpreter
from runner.sandboxes.base import SandboxDriver, Sdk, make_driver
from runner.stock import Stock
from runner.workshop import Workshop
from runner.writer import Writer

log = logging.getLogger(__name__)

CALLS, EVENTS = "calls", "events"  # the words of WORKER_SERVES
_HEARTBEAT_S = 2.0
_SWITCH_S = 0.0005  # the lane waits no longer for the other threads, such as the writer's
_EVICT_EVERY_S = 5.0
_STARTS_PER_CORE = 2
_FUNCTIONS_LOOKED_AT, _INTERPRETERS_KEPT = 200, 3
_LEFT_FOR_THE_REST_MB = 2048


def memory_budget_mb() -> int:
    """Memory for execution environments: as set, or the machine's (or this container's) less 2 GB."""
    if settings.WORKER_MEMORY_MB:
        return int(settings.WORKER_MEMORY_MB)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        if (limit := _number_in(Path(path))) is not None:
            total = min(total, limit)
    return max(512, total // limits.MIB - _LEFT_FOR_THE_REST_MB)


def _number_in(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


class Engine:
    """Serves the synchronous lane and executes events until ``stop``. One for each worker process."""

    def __init__(self, *, open_environment: Open | None = None) -> None:
        self.id = ids.hex_token(16)
        self._driver: SandboxDriver | None = None
        if open_environment is None:
            self._driver = make_driver(settings.SANDBOX_DRIVER)
            open_environment = partial(_open, self._driver)
        self._open = open_environment
        self._slots = settings.WORKER_CONCURRENCY
        self._call_crew, self._event_crew = Crew("call"), Crew("event")
        self._over = threading.Event()
        self.serves_events = EVENTS in settings.WORKER_SERVES
        self._looks_ahead = (
            self._driver is not None and self._driver.starts_slowly and CALLS in settings.WORKER_SERVES
        ) and settings.PRESTARTED_ENVIRONMENTS > 0

    def start(self) -> None:
        """Prepare the driver (in the calling thread, which should be the main one) and begin.

        Raises ``SandboxUnavailable`` when this host cannot hold functions.
        """
        if self._driver is not None:
            self._driver.prepare()
        sys.setswitchinterval(_SWITCH_S)
        self._make_workshop()
        self.calls = Calls(self.workshop)
        self._lane = Lane(
            crew=self._call_crew,
            slots=self._slots,
            calls=self.calls if CALLS in settings.WORKER_SERVES else None,
            on_bell=self.wake if self.serves_events else None,
        )
        self.events = Events(self.workshop, lane=self._lane, crew=self._event_crew, on_end=self._ended)
        self._dispatcher = Dispatcher(
            run=self.take_event,
            free=self._free_for_events,
            account_share=max(1, self._slots * 3 // 4),
            line=self.events.behind,
            line_up=self.events.line_up,
            calls=lambda: self._call_crew.demand,
        )
        self._lane.start()
        if self.serves_events:
            self._dispatcher.start()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()
        log.info("Worker %s runs functions: %d slots, %d MB", self.id, self._slots, memory_budget_mb())

    def _make_workshop(self) -> None:
        starts = _STARTS_PER_CORE * (os.cpu_count() or 1)
        pool = Pool(budget_mb=memory_budget_mb(), idle_s=settings.ENVIRONMENT_IDLE_S, parallel_starts=starts)
        stock = Stock(
            open_environment=self._open,
            size=settings.PRESTARTED_ENVIRONMENTS,
            starters=(os.cpu_count() or 1) if self._looks_ahead else 1,
            is_slow=self._looks_ahead,
            room=lambda: min(pool.free_mb // 2 // limits.MEMORY_MB_DEFAULT, settings.SANDBOX_COUNT // 3),
        )
        self.workshop = Workshop(pool=pool, stock=stock, writer=Writer())
        if settings.PRESTARTED_ENVIRONMENTS:
            for interpreter in _interpreters_in_use():
                self.workshop.stock.want(interpreter)

    def stop(self, patience_s: float | None = None) -> None:
        """Take nothing more, finish what runs or give it back, write what is known, and remove every sandbox."""
        patience = settings.STOP_PATIENCE_S if patience_s is None else patience_s
        self._lane.stop()
        self._dispatcher.stop()
        _patiently(self.events.put_back)
        until = clock.monotonic() + patience
        self._call_crew.wait_until_done(patience)
        self._event_crew.wait_until_done(max(0.0, until - clock.monotonic()))
        if count := self.events.give_back():
            log.warning("%d events are given back unfinished", count)
        self._over.set()
        self.calls.close()
        self._lane.close()
        self._keeper.join(10)
        self.workshop.writer.close()
        self.workshop.stock.close()
        self.workshop.pool.close()
        if self._driver is not None:
            self._driver.close()
        presence.leave(self.id)

    def wake(self) -> None:
        """Events may be due."""
        self._dispatcher.wake()

    def _ended(self, function_id: uuid.UUID) -> None:
        self._dispatcher.ended(function_id)

    def take_event(self, claimed: Claimed) -> None:
        """Begin with a claimed event; returns at once."""
        self.events.take(claimed)

    def _free_for_events(self) -> int:
        """Calls go first, but a quarter of the slots is always for events.

        Many short calls count as much as a few long ones: somebody waits for each, and for the processor.
        """
        room = max(self._slots // 4, self._slots * 3 // 4 - self._call_crew.demand, 1)
        return room - self._event_crew.busy

    def _keep(self) -> None:
        """Say that this worker is alive, hold what it has claimed, and let idle environments go."""
        renewed = evicted = clock.monotonic()
        while not self._over.wait(_HEARTBEAT_S):
            _patiently(self.beat)
            if self._looks_ahead:
                _patiently(self._look_ahead)
            now = clock.monotonic()
            if now - renewed >= settings.EVENT_LEASE_S / 4:
                renewed = now
                _patiently(self.events.renew)
            if now - evicted >= _EVICT_EVERY_S:
                evicted = now
                self.workshop.pool.evict_idle()
        connection.close()

    def _look_ahead(self) -> None:
        self.workshop.stock.expect(foresight.expected(self.workshop.pool))

    def beat(self) -> None:
        """This worker lives; and the callers of one that does not any more are told."""
        presence.announce(self.id, self.calls.long_running())
        calls.tell_callers_of_the_dead()


def _patiently(act: Callable[[], None]) -> None:
    """One duty of the heartbeat; when it fails the others are still done, and it is tried again with the next beat."""
    try:
        with database.borrowed():
            act()
    except (redis.Unavailable, DatabaseError, InterfaceError) as error:
        log.warning("A heartbeat failed: %s", error)
    except Exception:
        log.exception("The heartbeat stumbled")


def _open(driver: SandboxDriver, interpreter: Interpreter, ephemeral_mb: int, sdk: Sdk) -> Environment:
    return Environment(driver.start(interpreter, ephemeral_mb=ephemeral_mb, sdk=sdk))


def _interpreters_in_use() -> list[Interpreter]:
    """Those of the functions that were changed last, or of the newest Python when there is no function yet."""
    changed = Version.objects.filter(number=0).order_by("-last_modified").values_list("runtime", flat=True)
    identifiers = list(dict.fromkeys(changed[:_FUNCTIONS_LOOKED_AT])) or [_first_python()]
    found: list[Interpreter] = []
    for identifier in identifiers:
        try:
            interpreter = runtimes.interpreter_for(identifier)
        except ServiceError:  # it was there when the function was made
            continue
        if interpreter not in found:
            found.append(interpreter)
    return found[:_INTERPRETERS_KEPT]


def _first_python() -> str:
    return next((one.identifier for one in available() if one.family is Family.PYTHON), "python3.13")
