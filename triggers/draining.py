"""Queues are drained for functions: received, filtered, invoked, and deleted when the function has done its work.

One event loop in each worker process does it for all mappings, so nothing that waits holds a thread: not for messages,
not for a batch to fill, not for a function. It hears of messages from every process at once, and looks for itself once a
second. What a worker was doing when it died comes back by the visibility timeout; a message is deleted after its
function has succeeded and never before.

Source: Lambda developer guide, "Using Lambda with Amazon SQS": five batches at once to begin with, then five more a
second as long as messages wait.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from accounts.models import Account
from core import clock, database, failpoints, ids, limits
from core.errors import ServiceError, TooManyRequests
from queues import storage, waiting
from queues.services import Received, receive_when_available
from queues.services.ending import changing_batch, deleting_batch
from queues.work import performed
from runner import leases, meeting
from runner.leases import Allowance
from runner.services import invoke
from triggers import plans, records
from triggers.plans import Plan

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
_MORE_PER_S = 5
_BACK_AFTER_THROTTLE_S = 5
_LINE_S = 60.0


class Drain:
    """One mapping, in this process. Lives in the event loop alone."""

    def __init__(self, plan: Plan, host: "Drainer") -> None:
        self.plan = plan
        self.busy = 0
        self._host = host
        self._pumping = self._again = False
        self._full_since: float | None = None  # messages wait since then, for want of room
        self._ceiling = float(limits.MAPPING_CONCURRENCY_MAX)  # lower after throttles
        self.is_over = False

    def kick(self) -> None:
        """There may be messages, or room."""
        if self._pumping:
            self._again = True
        elif not self.is_over:
            self._pumping = True
            self._host.begin(self._pump())

    @property
    def is_waiting(self) -> bool:
        """Whether there was no room for what waits."""
        return self._full_since is not None

    def _room(self) -> int:
        """How many more batches may begin: five to begin with, five more for each second that messages wait."""
        waited = clock.monotonic() - self._full_since if self._full_since is not None else 0.0
        allowed = limits.MAPPING_CONCURRENCY_FIRST + int(waited * _MORE_PER_S)
        return min(allowed, self.plan.most, max(1, int(self._ceiling))) - self.busy

    async def _pump(self) -> None:
        try:
            while not self.is_over:
                self._again = False
                if self._room() <= 0 or not self._host.has_room(self.plan.account_id):
                    self._full_since = self._full_since or clock.monotonic()
                    return
                if not await self._take_batch() and not self._again:
                    self._full_since = None
                    return
        except ServiceError as error:
            log.info("Queue %s cannot be read: %s", self.plan.queue.name, error.text)
        except (DatabaseError, InterfaceError) as error:
            log.warning("Messages wait: %s", error)
        finally:
            self._pumping = False

    async def _take_batch(self) -> bool:
        """Receive a batch and begin with it; False when there was nothing to begin with."""
        batch_id = ids.request_id()
        if not await self._host.acquire(self.plan, batch_id):
            return False
        messages: list[Received] = []
        self.busy += 1
        try:
            messages = await self._gather()
        finally:
            if messages:
                self._host.begin(self._work(messages, batch_id))
            else:
                await self._done(batch_id)
        return bool(messages)

    async def _gather(self) -> list[Received]:
        """Up to a batch of messages; with a window, whatever comes until it is over."""
        plan = self.plan
        messages = await receive_when_available(queue=plan.queue, limit=plan.batch_size, wait_s=0, bounded=False)
        if not messages or not plan.window_s:
            return messages
        until = clock.monotonic() + plan.window_s
        while len(messages) < plan.batch_size and (left := until - clock.monotonic()) > 0 and not self.is_over:
            missing = plan.batch_size - len(messages)
            messages += await receive_when_available(queue=plan.queue, limit=missing, wait_s=left, bounded=False)
        return messages

    async def _done(self, batch_id: str) -> None:
        self.busy -= 1
        await self._host.release(self.plan, batch_id)

    # -- one batch ---------------------------------------------------------------------------------

    async def _work(self, messages: list[Received], batch_id: str) -> None:
        try:
            await self._process(messages)
        except ServiceError as error:
            log.info("A batch of %s goes back: %s", self.plan.queue.name, error.text)
        except Exception:
            log.exception("A batch of %s goes back", self.plan.queue.name)
        finally:
            await self._done(batch_id)
            self._host.has_freed()
            self.kick()

    async def _process(self, messages: list[Received]) -> None:
        plan, begun = self.plan, clock.monotonic()
        handles = {message.message_id: message.handle for message in messages}
        entries = [records.record(one, queue_arn=plan.queue.arn, region=plan.queue.region) for one in messages]
        wanted = [entry for entry in entries if records.fits(entry, plan.filters)]
        unwanted = {entry["messageId"] for entry in entries} - {entry["messageId"] for entry in wanted}
        if unwanted:
            await self._delete(handles[message_id] for message_id in unwanted)
        trace = next((message.trace for message in messages if message.trace), "")
        for payload, in_event in records.events(wanted):
            failed = await self._invoke(payload, in_event, trace, begun, handles)
            failpoints.reach("drain-delete")
            await self._delete(handles[message_id] for message_id in in_event if message_id not in failed)

    async def _invoke(
        self, payload: bytes, in_event: list[str], trace: str, begun: float, handles: dict[str, str]
    ) -> set[str]:
        """The messages that were not processed. A throttled function is asked again while the messages are held."""
        plan, pause = self.plan, 0.1
        while True:
            try:
                answer = await invoke(
                    account=Account(pk=plan.account_id),
                    reference=plan.function_arn,
                    payload=payload,
                    source="sqs",
                    trace=trace,
                )
            except TooManyRequests:
                self._ceiling = max(1.0, min(self._ceiling, self.busy) - 1)
                slack = plan.queue.visibility_timeout_s - plan.timeout_s - (clock.monotonic() - begun)
                if slack < pause or self.is_over:
                    await self._give_back(handles[message_id] for message_id in in_event)
                    return set(in_event)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            self._ceiling = min(self._ceiling + 1, float(limits.MAPPING_CONCURRENCY_MAX))
            if answer.function_error:
                return set(in_event)
            return records.failures(answer.payload, in_event) if plan.reports_failures else set()

    async def _delete(self, handles: Iterable[str]) -> None:
        if listed := list(handles):
            await performed(deleting_batch(queue=self.plan.queue, handles=listed))

    async def _give_back(self, handles: Iterable[str]) -> None:
        changes = [(handle, _BACK_AFTER_THROTTLE_S) for handle in handles]
        await performed(changing_batch(queue=self.plan.queue, changes=changes))


class Drainer:
    """All mappings of this process, on an event loop of its own thread."""

    def __init__(self) -> None:
        self._drains: dict[UUID, Drain] = {}
        self._by_queue: dict[int, list[Drain]] = {}  # replaced whole, as other threads read it
        self._tasks: set[asyncio.Task[Any]] = set()
        self._most = max(1, settings.WORKER_CONCURRENCY * 3 // 4)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._over = False
        self._ended = asyncio.Event()  # the same within the loop, where the pause between two looks waits for it
        self._thread = threading.Thread(target=self._run, name="mappings", daemon=True)

    def start(self) -> None:
        """Begin; returns when messages are listened for."""
        self._thread.start()
        self._ready.wait(30)
        waiting.hear(self._hear)

    def stop(self, patience_s: float) -> None:
        """Receive nothing more, and give what is being worked on some time to end."""
        self._over = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)
        self._thread.join(patience_s)

    def look(self) -> None:
        """Look for changed mappings and waiting messages now; from any thread."""
        if self._loop is not None and not self._over:
            self._loop.call_soon_threadsafe(lambda: self.begin(self._look()))

    # -- for drains --------------------------------------------------------------------------------

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run it beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def has_room(self, account_id: str) -> bool:
        """Whether another batch may begin: an account leaves a quarter to the others while they have something."""
        busy = sum(drain.busy for drain in self._drains.values())
        if busy >= self._most:
            return False
        of_account = [drain for drain in self._drains.values() if drain.plan.account_id == account_id]
        others = any(drain.busy or drain.is_waiting for drain in self._drains.values() if drain not in of_account)
        return not others or sum(drain.busy for drain in of_account) < max(1, self._most * 3 // 4)

    def has_freed(self) -> None:
        """A batch has ended: whoever works on fewest and has some waiting goes on first."""
        for drain in sorted((one for one in self._drains.values() if one.is_waiting), key=lambda one: one.busy):
            drain.kick()

    async def acquire(self, plan: Plan, batch_id: str) -> bool:
        """The right to work on one more batch of a mapping whose concurrency is bounded over all workers."""
        if not plan.shares_most:
            return True
        seconds = plan.timeout_s + plan.window_s + _LINE_S
        return await asyncio.to_thread(leases.acquire, _allowance(plan), request_id=batch_id, seconds=seconds)

    async def release(self, plan: Plan, batch_id: str) -> None:
        """Give it back."""
        if plan.shares_most:
            await asyncio.to_thread(leases.release, _allowance(plan).key, batch_id)

    # -- the loop ----------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await meeting.open_for_this_loop()
        self._ready.set()
        while not self._over:
            await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), LOOK_EVERY_S)
        while any(drain.busy for drain in self._drains.values()):
            await asyncio.sleep(0.05)
        meeting.close_of_this_loop()

    async def _look(self) -> None:
        """Read the mappings again, and see which of their queues have something."""
        try:
            found, ready = await asyncio.to_thread(_read, {pk: drain.plan for pk, drain in self._drains.items()})
        except (DatabaseError, InterfaceError, ServiceError) as error:
            log.warning("Mappings wait: %s", error)
            return
        except Exception:  # a mapping that nobody can read must not end the loop that serves the others
            log.exception("Mappings wait")
            return
        if self._over:
            return
        self._renew(found)
        for queue_id in ready:
            for drain in self._by_queue.get(queue_id, ()):
                drain.kick()

    def _renew(self, found: dict[UUID, Plan]) -> None:
        for pk in [pk for pk in self._drains if pk not in found]:
            self._drains.pop(pk).is_over = True
        for pk, plan in found.items():
            if pk in self._drains:
                self._drains[pk].plan = plan
            else:
                self._drains[pk] = Drain(plan, self)
        by_queue: dict[int, list[Drain]] = {}
        for drain in self._drains.values():
            by_queue.setdefault(drain.plan.queue.pk, []).append(drain)
        self._by_queue = by_queue

    def _hear(self, queue_id: int, visible_ms: int) -> None:
        """A message was sent, here or in another process; on whatever thread."""
        if self._loop is None or self._over or queue_id not in self._by_queue:
            return
        try:
            self._loop.call_soon_threadsafe(self._heard, queue_id, visible_ms)
        except RuntimeError:
            log.debug("The event loop of the mappings has ended.")

    def _heard(self, queue_id: int, visible_ms: int) -> None:
        wait_s = (visible_ms - clock.epoch_ms()) / 1000
        if wait_s > LOOK_EVERY_S:
            return  # the look will find it
        for drain in self._by_queue.get(queue_id, ()):
            if wait_s > 0:
                asyncio.get_running_loop().call_later(wait_s + 0.001, drain.kick)
            else:
                drain.kick()

    def _end_all(self) -> None:
        self._ended.set()
        for drain in self._drains.values():
            drain.is_over = True


def _allowance(plan: Plan) -> Allowance:
    return Allowance(f"lease:mapping:{plan.id}", plan.most, True)


def _read(known: dict[UUID, Plan]) -> tuple[dict[UUID, Plan], list[int]]:
    with database.borrowed():
        found = plans.load(known)
        queue_ids = sorted({plan.queue.pk for plan in found.values()})
        return found, storage.ready(queue_ids, clock.epoch_ms()) if queue_ids else []
