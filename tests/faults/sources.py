"""What makes functions run by themselves, to be hurt: a queue that is drained, and schedules that come round."""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.conftest import make_function
from tests.faults.history import Verdict
from tests.faults.ledger import Ledger, judged
from tests.faults.storm import Storm, message_to
from tests.labs.hands import SLIDE_ROLE
from tests.live import Live, eventually

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
    done: str  # the other queue's name

    @classmethod
    def make(cls, live: Live, name: str) -> "Queue":
        sqs, done = live.client("sqs"), f"{name}-done"
        code = PASSES_ON.format(url=sqs.create_queue(QueueName=done)["QueueUrl"])
        function = make_function(live, name, code=code, timeout=HELD_S)
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(HELD_S)})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        live.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=10)
        return cls(live, name, url, done)

    def storm(self, count: int) -> Storm:
        """Messages, each with its number."""
        return Storm(self.live, self.name, count=count, door=message_to(self.url))

    def check(self, ledger: Ledger, storm: Storm) -> Verdict:
        """I6: all that were sent were processed and are gone; a message may come twice when its worker died."""
        eventually(
            lambda: ledger.messages_in(self.name), lambda left: left == 0, within_s=SETTLES_WITHIN_S, every_s=0.2
        )
        passed_on = [int(body) for body in ledger.bodies_in(self.done)]
        verdict = judged(self.name, storm.history, set(passed_on))
        assert ledger.strays() == 0
        print(f"{self.name}: {len(passed_on) - storm.count} deliveries more than messages")
        return verdict


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
        clients = [live.client("scheduler") for _ in range(4)]
        far = datetime.now(UTC) + timedelta(days=1)
        begun = time.monotonic()
        for client in clients:  # how long it takes here
            client.create_schedule(**_schedule(f"{name}-later-{id(client)}", far, arn, -1))
        moment = datetime.now(UTC) + timedelta(seconds=3 + (time.monotonic() - begun) * count)

        def schedule(number: int) -> None:
            at = moment + timedelta(seconds=number % SPREAD_S)
            clients[number % len(clients)].create_schedule(**_schedule(f"{name}-{number}", at, arn, number))

        with ThreadPoolExecutor(len(clients)) as threads:
            list(threads.map(schedule, range(count)))
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


def _schedule(name: str, at: datetime, function_arn: str, number: int) -> Mapping[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": function_arn, "RoleArn": SLIDE_ROLE, "Input": f'{{"n": {number}}}'},
    }
