"""Queues against simple models of what they promise, over random histories."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import Account
from core import clock
from queues import selectors, services
from queues.contents import Draft
from queues.models import DeletedQueue, Message, Queue
from tests.conftest import NOON

BOUNDED = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TIMEOUT_S, RETENTION_S, RECEIVES = 30, 600, 3


class Known:
    """What the model knows of one message."""

    def __init__(self, number: int, visible_at: float, sent_at: float, group: str = "") -> None:
        self.number, self.visible_at, self.sent_at, self.group = number, visible_at, sent_at, group
        self.handle = ""
        self.receives = 0


class Machine(RuleBasedStateMachine):
    """Sends, receives, deletes, gives back and lets time pass; the model says what may be received."""

    account: Account
    given: dict[str, str] = {}
    name = "q"

    def __init__(self) -> None:
        super().__init__()
        self._clock = clock.frozen(NOON)
        self.clock = self._clock.__enter__()
        self.now = 0.0
        Message.objects.all().delete()
        Queue.objects.all().delete()
        DeletedQueue.objects.all().delete()
        given = {"VisibilityTimeout": str(TIMEOUT_S), "MessageRetentionPeriod": str(RETENTION_S)}
        self.queue = services.create_queue(account=self.account, name=self.name, given={**given, **self.given})
        self.messages: dict[int, Known] = {}
        self.sent = 0

    def teardown(self) -> None:
        self._clock.__exit__(None, None, None)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.now += seconds
        gone = [number for number, one in self.messages.items() if one.sent_at + RETENTION_S <= self.now]
        for number in gone:
            del self.messages[number]

    def held(self) -> list[Known]:
        return [one for one in self.messages.values() if one.handle]

    @rule(seconds=st.sampled_from([0.001, 1, 10, 31, 200]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.held()))
        services.delete_message(queue=self.queue, handle=one.handle)
        del self.messages[one.number]

    @precondition(lambda self: self.held())
    @rule(data=st.data(), seconds=st.sampled_from([0, 5, 100]))
    def change(self, data: st.DataObject, seconds: int) -> None:
        one = data.draw(st.sampled_from(self.held()))
        services.change_message_visibility(queue=self.queue, handle=one.handle, seconds=seconds)
        one.visible_at = self.now + seconds

    def take(self, limit: int, allowed: list[Known]) -> list[Known]:
        """Receive; each message must be one of those that may be, and no fewer may come than there are."""
        received = services.receive_message(queue=self.queue, limit=limit)
        numbers = [int(message.body) for message in received]
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= {one.number for one in allowed}
        assert len(numbers) == min(limit, len(allowed))
        for message in received:
            one = self.messages[int(message.body)]
            one.receives += 1
            assert message.receive_count == one.receives
            one.handle, one.visible_at = message.handle, self.now + TIMEOUT_S
        return [self.messages[number] for number in numbers]

    @invariant()
    def nothing_is_lost_and_nothing_is_made_up(self) -> None:
        counts = selectors.counts(self.queue)
        assert counts.visible + counts.not_visible + counts.delayed == len(self.messages)
        assert counts.visible == sum(one.visible_at <= self.now for one in self.messages.values())


class Standard(Machine):
    @rule(delay=st.sampled_from([None, 0, 5, 60]))
    def send(self, delay: int | None) -> None:
        services.send_message(queue=self.queue, draft=Draft(f"{self.sent}", delay_s=delay))
        self.messages[self.sent] = Known(self.sent, self.now + (delay or 0), self.now)
        self.sent += 1

    @rule(limit=st.integers(1, 10))
    def receive(self, limit: int) -> None:
        self.take(limit, [one for one in self.messages.values() if one.visible_at <= self.now])


class Fifo(Machine):
    name, given = "q.fifo", {"FifoQueue": "true"}

    @rule(group=st.sampled_from("abc"))
    def send(self, group: str) -> None:
        draft = Draft(f"{self.sent}", group_id=group, deduplication_id=f"{self.sent}")
        services.send_message(queue=self.queue, draft=draft)
        self.messages[self.sent] = Known(self.sent, self.now, self.now, group)
        self.sent += 1

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, self.sent - 1))
        known = self.messages.get(number)
        if known is None or known.sent_at + 300 <= self.now:
            return
        draft = Draft(f"{number}", group_id=known.group, deduplication_id=f"{number}")
        services.send_message(queue=self.queue, draft=draft)

    def available(self) -> list[Known]:
        """Of each group what stands before everything that is not visible."""
        found, blocked = [], set()
        for one in sorted(self.messages.values(), key=lambda one: one.number):
            if one.visible_at > self.now:
                blocked.add(one.group)
            if one.group not in blocked:
                found.append(one)
        return found

    @rule(limit=st.integers(1, 10))
    def receive(self, limit: int) -> None:
        allowed = self.available()
        taken = self.take(limit, allowed)
        for group in "abc":
            of_group = [one.number for one in taken if one.group == group]
            waiting = [one.number for one in allowed if one.group == group]
            assert of_group == waiting[: len(of_group)]

    def held(self) -> list[Known]:
        """A handle whose time is over is refused, in a FIFO queue."""
        return [one for one in super().held() if one.visible_at > self.now]


class DeadLettered(Standard):
    """With a dead-letter queue, which gets what was received too often, and only that."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = services.create_queue(account=self.account, name="dead")
        policy = f'{{"deadLetterTargetArn": "{self.dead.arn}", "maxReceiveCount": {RECEIVES}}}'
        self.queue = services.set_queue_attributes(account=self.account, name="q", given={"RedrivePolicy": policy})

    @rule(limit=st.integers(1, 10))
    def receive(self, limit: int) -> None:
        before = selectors.counts(self.dead).visible
        visible = {one.number for one in self.messages.values() if one.visible_at <= self.now}
        exhausted = {number for number in visible if self.messages[number].receives == RECEIVES}
        received = services.receive_message(queue=self.queue, limit=limit)
        taken = {int(message.body) for message in received}
        assert taken <= visible - exhausted
        assert len(taken) == min(limit, len(visible - exhausted))
        for message in received:
            one = self.messages[int(message.body)]
            one.receives += 1
            one.handle, one.visible_at = message.handle, self.now + TIMEOUT_S
        buried = {int(body) for body in Message.objects.filter(queue=self.dead).values_list("body", flat=True)}
        for number in buried & set(self.messages):
            assert self.messages[number].receives == RECEIVES
            del self.messages[number]
        assert selectors.counts(self.dead).visible >= before or self.now > RETENTION_S


@pytest.mark.parametrize("machine", [Standard, Fifo, DeadLettered])
def test_a_queue_keeps_its_promises_whatever_happens(machine, ada):
    machine.account = ada

    run_state_machine_as_test(machine, settings=BOUNDED)
