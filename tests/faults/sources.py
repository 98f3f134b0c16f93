"""What makes functions run by themselves, to be hurt: a queue that is drained, and schedules that come round."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults.conftest import make_function
from tests.faults.history import Verdict, out_of_order
from tests.faults.ledger import Ledger, judged
from tests.faults.storm import Storm, group_of, message_in_order_to, message_to
from tests.live import Live, eventually
from tests.schedules import create_schedules, once, schedulers

PASSES_ON = """
import boto3
sqs = boto3.client("sqs")
def lambda_handler(event, context):
    entries = [{{"Id": str(n), "MessageBody": one["body"]}} for n, one in enumerate(event["Records"])]
    assert not sqs.send_message_batch(QueueUrl="{url}", Entries=entries).get("Failed")
"""
HELD_S = 10  # a message is held so long; by whom died, too
SETTLES_WITHIN_S = 300
SPREAD_S = 5  # over so many seconds the schedules come round


@dataclass(frozen=True)
class Queue:
    """A queue, and a function that passes its messages on to another one: what it printed may be lost with its worker."""

    live: Live
    name: str
    url: str
    done: str  # the other queue's name, which keeps no order but that in which its messages came

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @classmethod
    def make(cls, live: Live, name: str) -> "Queue":
        """One whose name ends in ``.fifo`` has groups."""
        base, _, kind = name.partition(".")
        sqs, done = live.client("sqs"), f"{base}-done"
        code = PASSES_ON.format(url=sqs.create_queue(QueueName=done)["QueueUrl"])
        function = make_function(live, base, code=code, timeout=HELD_S)
        attributes = {"VisibilityTimeout": str(HELD_S)} | ({"FifoQueue": "true"} if kind else {})
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        live.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=10)
        return cls(live, name, url, done)

    def storm(self, count: int) -> Storm:
        """Messages, each with its number."""
        door = message_in_order_to(self.url) if self.is_fifo else message_to(self.url)
        return Storm(self.live, self.name, count=count, door=door)

    def check(self, ledger: Ledger, storm: Storm) -> Verdict:
        """I6: all that were sent were processed and are gone; a message may come twice when its worker died.

        I7 where there are groups: within each they were processed in the order in which they were sent.
        """
        eventually(
            lambda: ledger.messages_in(self.name), lambda left: left == 0, within_s=SETTLES_WITHIN_S, every_s=0.2
        )
        passed_on = [int(body) for body in ledger.bodies_in(self.done)]
        verdict = judged(self.name, storm.history, set(passed_on))
        assert ledger.strays() == 0
        print(f"{self.name}: {len(passed_on) - storm.count} deliveries more than messages")
        if self.is_fifo:
            assert _overtakers(passed_on, storm.count) == []
        return verdict


def _overtakers(passed_on: list[int], count: int) -> list[int]:
    by_group = defaultdict(list)
    for value in passed_on:
        by_group[group_of(value)].append(value)
    sent = {group: [value for value in range(count) if group_of(value) == group] for group in by_group}
    return [value for group, came in by_group.items() for value in out_of_order(sent[group], came)]


@dataclass(frozen=True)
class Schedules:
    """Schedules for moments that lie close together, and the function that each of them invokes once."""

    function: str
    count: int
    first_at: datetime

    @classmethod
    def make(cls, live: Live, name: str, count: int) -> "Schedules":
        """Returns before the first of them comes round."""
        function = make_function(live, name)
        arn = live.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
        clients, far = schedulers(live), datetime.now(UTC) + timedelta(days=1)
        begun = time.monotonic()
        create_schedules(clients, [once(f"{name}-later-{number}", far, arn, "{}") for number in range(len(clients))])
        round_s = time.monotonic() - begun  # so long it takes here when each makes one
        moment = datetime.now(UTC) + timedelta(seconds=3 + round_s * count)
        rounds = [(number, moment + timedelta(seconds=number % SPREAD_S)) for number in range(count)]
        create_schedules(clients, [once(f"{name}-{number}", at, arn, f'{{"n": {number}}}') for number, at in rounds])
        return cls(function, count, moment)

    def reach(self, ledger: Ledger, share: float) -> None:
        """Wait until more than this share has come round: the moment for a fault."""
        eventually(
            lambda: len(ledger.events(self.function)),
            lambda number: number > share * self.count,
            within_s=180,
            every_s=0.02,
        )

    def check(self, ledger: Ledger) -> None:
        """I5: one tick for each schedule, and one invocation for each tick."""
        eventually(
            lambda: len(ledger.events(self.function)),
            lambda number: number >= self.count,
            within_s=SETTLES_WITHIN_S,
            every_s=0.2,
        )
        ledger.settle(self.function)
        ticks = ledger.ticks(f"{self.function}-%")
        assert Counter(state for _timetable, state in ticks) == {"fired": self.count}
        assert len({timetable for timetable, _state in ticks}) == self.count
        events = ledger.events(self.function)
        assert Counter(event.state for event in events) == {"succeeded": self.count}
        assert len({event.payload for event in events}) == self.count
