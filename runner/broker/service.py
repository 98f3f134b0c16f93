"""What may be asked of the broker, and its books: which worker holds which container.

One container belongs to the worker that had it started, and ends with it at the latest. A container that the engine
does not let go of costs its slot until a later try succeeds: counted, logged, and the others run on.
"""

import logging
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from core import clock
from runner.broker import containers
from runner.broker.containers import Order
from runner.broker.engine import Engine, EngineTrouble, Image
from runner.broker.protocol import Message
from runner.broker.slots import NoSlot, Slots
from runner.broker.wire import Wire

log = logging.getLogger(__name__)
CONFIG_SIZE = 16 * 1024
STARTS_PER_CORE = 2  # more at once are slower, all together
START_PATIENCE_S = 20.0
ROOM_S = 10.0  # a worker asks for the next sandbox as soon as it has told an old one to end
OOM_PATIENCE_S = 0.15  # the engine hears of it a moment after the worker
RETRY_S = 30.0
WIRE_S = 10.0  # PID 1 says over which stream it speaks as soon as its interpreter has started
BY_ITSELF_S = 0.5  # what a container has to end by itself once its stream is closed, which costs least
MEMORY_MB_MAX = 64 * 1024


class Refused(Exception):
    """The request is not allowed, or cannot be fulfilled; the text says why."""


@dataclass(slots=True)
class Held:
    """One container. ``token`` names it, its folder, and the right to it."""

    token: str
    worker: str
    slot: int
    memory_mb: int
    is_slowed: bool = False  # whether it has less than all of the processor

    @property
    def name(self) -> str:
        return f"pupitre-{self.token[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The totals that the broker never exceeds: memory is what the containers may take together, code and not files.

    ``room_s``: for how long somebody waits when they are reached.
    """

    memory_mb: int
    cores: int
    room_s: float = ROOM_S


class Broker:
    """``verbs`` is all that can be asked. Thread-safe."""

    def __init__(
        self,
        *,
        engine: Engine,
        slots: Slots,
        install: str,
        source: str,
        bounds: Bounds,
        in_volume: bool = False,
        wires: bool = False,
    ) -> None:
        self.engine, self.slots, self.install, self._source, self.bounds = engine, slots, install, source, bounds
        self._in_volume = in_volume  # ``source``: where the engine finds the slots' folders
        self._wires = wires
        self.images: dict[str, Image] = {image.runtime: image for image in engine.images()}
        self._mutex = threading.Lock()
        self._held: dict[str, Held] = {}
        self._given_up: dict[str, Held] = {}
        self._workers: set[str] = set()
        self._oom = Counter[str]()
        self._oom_heard = threading.Condition(self._mutex)
        self._freed, self._ended = threading.Condition(self._mutex), 0  # how often something has become free
        self._places = max(2, STARTS_PER_CORE * bounds.cores)  # for starting
        self._starting = threading.BoundedSemaphore(self._places)
        self.counts = Counter[str]()

    # -- workers -----------------------------------------------------------------------------------

    def enrol(self) -> str:
        """A worker has come; the word by which it is known."""
        worker = secrets.token_hex(16)
        with self._mutex:
            self._workers.add(worker)
        return worker

    def dismiss(self, worker: str) -> None:
        """A worker has gone: so does everything it held."""
        with self._mutex:
            self._workers.discard(worker)
            left = [held for held in self._held.values() if held.worker == worker]
        for held in left:
            self._end(held, by_itself=True)

    def close(self) -> None:
        """The broker goes: nothing is started any more, and everything that anybody held ends."""
        with self._mutex:
            self._workers.clear()
        for _ in range(self._places):  # a start that is under way ends when it sees that its worker is not known
            self._starting.acquire(timeout=START_PATIENCE_S)
        for held in list(self._held.values()):
            self._end(held)

    def clean_up(self) -> int:
        """Remove every container and folder of this installation that nobody holds; how many containers."""
        with self._mutex:
            known = {held.name for held in (*self._held.values(), *self._given_up.values())}
            folders = {*self._held, *self._given_up}
        orphans = [name for name in self.engine.ours(self.install) if name not in known]
        for name in orphans:
            try:
                self.engine.remove(name)
            except EngineTrouble as error:
                log.error("A left-over container stays: %s", error)
        for token in self.slots.folders():
            with self._mutex:
                orphaned = token not in folders and token not in self._held
            if orphaned:
                self.slots.remove_folder(token)
        return len(orphans)

    # -- what may be asked -------------------------------------------------------------------------

    def start(self, request: Message, owner: tuple[int, int]) -> tuple[Message, int]:
        """``runtime, config, memory_mb, total_mb, ephemeral_mb, cores`` → ``sandbox, folder, wired`` and the stream:
        the wire, or the attached one.
        """
        worker = self._worker(request)
        image = self.images.get(str(request.get("runtime")))
        if image is None:
            raise Refused(f"There is no image for {request.get('runtime')}.")
        if len(config := str(request.get("config"))) > CONFIG_SIZE:
            raise Refused("The configuration is too large.")
        held = self._reserve_in_time(worker, _number(request, "memory_mb"), owner)
        if not self._starting.acquire(timeout=START_PATIENCE_S):
            self._unreserve(held)
            raise Refused("Too many sandboxes are being started at this moment.")
        wire = None
        try:
            if held.token not in self._held:
                raise Refused("This worker has gone.")
            order = Order(
                image=image.id,
                config=config,
                source=f"{self._source}/{held.token}",
                slot=held.slot,
                user=self.slots.user(held.slot),
                memory_mb=_number(request, "total_mb"),
                ephemeral_mb=_number(request, "ephemeral_mb"),
                cores=self._cores(request),
                install=self.install,
                in_volume=self._in_volume,
            )
            wire = self._wire(held)
            stream = self._launch(held, order)
        except Refused:
            if wire is not None:
                wire.close()
            self._unreserve(held)
            raise
        finally:
            self._starting.release()
        wired = wire.taken(stream, WIRE_S) if wire is not None else None
        if wired is not None:
            os.close(stream)
        answer = {"sandbox": held.token, "folder": str(self.slots.folder(held.token)), "wired": wired is not None}
        return answer, stream if wired is None else wired

    def limit(self, request: Message) -> Message:
        """``sandbox``, and ``memory_mb, total_mb`` or ``cores`` or all: from now on."""
        held = self._holding(request)
        total = _number(request, "total_mb") if "total_mb" in request else None
        if total is not None:
            self._recount(held, _number(request, "memory_mb"))
        cores = self._cores(request) if "cores" in request else None
        self.engine.update(held.name, containers.limit(memory_mb=total, cores=cores))
        held.is_slowed = held.is_slowed or (cores is not None and cores < self.bounds.cores)
        return {}

    def ooms(self, request: Message) -> Message:
        """``sandbox`` → ``kills``: how often the kernel has killed in it for want of memory."""
        held = self._holding(request)
        with self._oom_heard:
            self._oom_heard.wait_for(lambda: self._oom[held.name], OOM_PATIENCE_S)
            return {"kills": self._oom[held.name]}

    def kill(self, request: Message) -> Message:
        """``sandbox`` → ``gone``: whether nothing of it is left; if not, its slot is given up for now.

        The worker has closed its stream already, and PID 1 is about to end everything.
        """
        return {"gone": self._end(self._holding(request), by_itself=True)}

    def runtimes(self, _request: Message) -> Message:
        """``runtimes``: what there are images for."""
        return {
            "runtimes": [
                {"family": image.family, "version": image.version, "executable": image.executable}
                for image in self.images.values()
            ]
        }

    def status(self, _request: Message) -> Message:
        """Figures for operators, and what the engine says of itself."""
        with self._mutex:
            figures = {"running": len(self._held), "given_up": len(self._given_up), "workers": len(self._workers)}
        return {**figures, "counts": dict(self.counts), "engine": _essentials(self.engine.info())}

    def sweep(self, _request: Message) -> Message:
        """``removed``: how many left-over containers there were."""
        return {"removed": self.clean_up()}

    verbs: ClassVar[dict[str, Callable[["Broker", Message], Message]]] = {
        "limit": limit,
        "ooms": ooms,
        "kill": kill,
        "runtimes": runtimes,
        "status": status,
        "sweep": sweep,
    }

    # -- the books ---------------------------------------------------------------------------------

    def _worker(self, request: Message) -> str:
        worker = str(request.get("worker"))
        if worker not in self._workers:
            raise Refused("This worker is not known here.")
        return worker

    def _holding(self, request: Message) -> Held:
        held = self._held.get(str(request.get("sandbox")))
        if held is None or held.worker != self._worker(request):
            raise Refused("There is no such sandbox.")
        return held

    def _reserve_in_time(self, worker: str, memory_mb: int, owner: tuple[int, int]) -> Held:
        """A place among all sandboxes; when there is none, the first that becomes free within a moment."""
        until = clock.monotonic() + self.bounds.room_s
        while True:
            seen = self._ended
            try:
                return self._reserve(worker, memory_mb, owner)
            except Refused:
                with self._freed:
                    if not self._freed.wait_for(lambda: self._ended != seen, until - clock.monotonic()):  # noqa: B023
                        raise

    def _unreserve(self, held: Held) -> None:
        with self._mutex:
            if self._held.pop(held.token, None) is None:
                return
        self._release(held)

    def _reserve(self, worker: str, memory_mb: int, owner: tuple[int, int]) -> Held:
        try:
            slot = self.slots.take()
        except NoSlot as error:
            raise Refused(str(error)) from error
        held = None
        try:
            held = Held(self.slots.make_folder(slot, owner=owner), worker, slot, 0)
            with self._mutex:
                self._count_memory(held, memory_mb)
                self._held[held.token] = held
        except BaseException:
            if held:
                self.slots.remove_folder(held.token)
            self.slots.give_back(slot)
            raise
        return held

    def _recount(self, held: Held, memory_mb: int) -> None:
        with self._mutex:
            self._count_memory(held, memory_mb)

    def _count_memory(self, held: Held, memory_mb: int) -> None:
        others = sum(one.memory_mb for one in self._held.values() if one is not held)
        if others + memory_mb > self.bounds.memory_mb:
            raise Refused(f"The {self.bounds.memory_mb} MB for all sandboxes together are used up.")
        held.memory_mb = memory_mb

    def _cores(self, request: Message) -> float:
        cores = request.get("cores")
        if not isinstance(cores, int | float) or not 0 < cores <= self.bounds.cores:
            raise Refused("cores must be a number of processors that this host has.")
        return float(cores)

    def _wire(self, held: Held) -> Wire | None:
        if not self._wires:
            return None
        try:
            return Wire(self.slots.folder(held.token), user=self.slots.own_user(held.slot))
        except OSError as error:
            log.warning("No wire for slot %s: %s", held.slot, error)
            return None

    def _launch(self, held: Held, order: Order) -> int:
        self.counts["starts"] += 1
        try:
            stream = self.engine.launch(held.name, containers.configuration(order))
        except EngineTrouble as error:
            self.counts["failed starts"] += 1
            log.error("A container could not be started: %s", error)
            self._end(held)
            raise Refused(f"The container engine could not start it: {error}") from error
        if held.worker not in self._workers:  # it has gone in the meantime
            os.close(stream)
            self._end(held)
            raise Refused("This worker has gone.")
        return stream

    def _end(self, held: Held, *, by_itself: bool = False) -> bool:
        """Remove a container and what belongs to it; False when the engine does not let go of it."""
        with self._mutex:
            if self._held.pop(held.token, None) is None:
                return held.token not in self._given_up
            self._note_end()
        try:
            if not (by_itself and self.engine.wait_gone(held.name, BY_ITSELF_S)):
                self._hurry(held)
                self.engine.remove(held.name)
        except EngineTrouble as error:
            self.counts["given up"] += 1
            log.error("Slot %s is given up until its container has gone: %s", held.slot, error)
            with self._mutex:
                self._given_up[held.token] = held
            return False
        self._release(held)
        return True

    def _hurry(self, held: Held) -> None:
        """Dying takes processor time too, a thousand processes' worth maybe: more than the engine waits for."""
        if held.is_slowed:
            try:
                self.engine.update(held.name, containers.limit(cores=float(self.bounds.cores)))
            except EngineTrouble as error:
                log.info("A container ends with what it has of the processor: %s", error)

    def _release(self, held: Held) -> None:
        self.slots.remove_folder(held.token)
        self.slots.give_back(held.slot)
        with self._mutex:
            self._oom.pop(held.name, None)
            self._note_end()

    def _note_end(self) -> None:
        """Memory or a slot has become free; under the mutex."""
        self._ended += 1
        self._freed.notify_all()

    # -- in the background -------------------------------------------------------------------------

    def retry_given_up(self) -> None:
        """Try once more to remove what the engine did not let go of."""
        for held in list(self._given_up.values()):
            try:
                self.engine.remove(held.name)
            except EngineTrouble as error:
                log.warning("Slot %s stays given up: %s", held.slot, error)
                continue
            with self._mutex:
                del self._given_up[held.token]
            self._release(held)
            log.info("Slot %s is back", held.slot)

    def heed_ooms(self) -> None:
        """Count the kernel's kills as the engine reports them, for as long as it does. Raises ``EngineTrouble``."""
        for name in self.engine.ooms(self.install):
            with self._oom_heard:
                self._oom[name] += 1
                self._oom_heard.notify_all()


def _number(request: Message, name: str) -> int:
    value = request.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MEMORY_MB_MAX:
        raise Refused(f"{name} must be a number of MB.")
    return value


def _essentials(info: Message) -> Message:
    """Of all that the engine says of itself, what the driver's doctor looks at."""
    components = {one["Name"]: one.get("Version", "") for one in info["version"].get("Components", ())}
    kept = ("MemoryLimit", "SwapLimit", "CpuCfsQuota", "PidsLimit", "CgroupVersion", "SecurityOptions", "Warnings")
    return {
        "version": info["version"].get("Version", ""),
        "api_version": info["version"].get("ApiVersion", ""),
        "runc": components.get("runc", ""),
        **{name: info.get(name) for name in kept},
    }
