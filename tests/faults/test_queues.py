"""Queues, their triggers and schedules while parts are killed: no message is lost, and each tick comes once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.conftest import EVENTS, KILLS, make_function
from tests.faults.ledger import Ledger
from tests.faults.storm import Storm, message_to
from tests.faults.test_kill import API, BEAT, REDIS, WORKER, kill
from tests.labs.hands import SLIDE_ROLE
from tests.live import Live, eventually

pytestmark = [pytest.mark.live, pytest.mark.sandbox, pytest.mark.xdist_group("faults-queues")]
PRINTS = "def lambda_handler(event, context):\n    for record in event['Records']:\n        print(record['body'])\n"
SCHEDULES = EVENTS // 20
PREPARATION_S = 20  # in which the schedules are made, before the moment for which they are set
VICTIMS = [(WORKER,), (API,), (REDIS,), (BEAT, WORKER)]


def test_every_message_reaches_its_function_and_leaves_the_queue(product: Live, ledger: Ledger):
    """I6: what was sent is processed and deleted; a message may come twice when its worker died, and none gets lost."""
    sqs, function = product.client("sqs"), make_function(product, "reads", code=PRINTS, timeout=5)
    url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    product.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, BatchSize=10)
    with Storm(product, function, count=EVENTS, door=message_to(url)) as clients:
        for number in range(KILLS + 1):
            clients.reach((number + 0.5) / (KILLS + 1))
            kill(product, *VICTIMS[number % len(VICTIMS)])
    eventually(lambda: ledger.messages_in("work"), lambda left: left == 0, within_s=300, every_s=0.2)
    wanted = set(clients.history.acknowledged().values())
    eventually(lambda: wanted - printed(ledger, function), lambda missing: not missing, within_s=60, every_s=0.5)
    verdict = clients.history.judge(printed(ledger, function))
    assert verdict.is_sound, verdict
    assert ledger.strays() == 0
    print(verdict, len(ledger.printed(function)) - EVENTS, "deliveries more than messages")


def printed(ledger: Ledger, function: str) -> set[int]:
    return {int(line) for line in ledger.printed(function)}


def test_every_schedule_fires_once_at_its_moment_whoever_is_killed(product: Live, ledger: Ledger):
    """I5: one tick for each schedule, and one invocation for each tick."""
    function = make_function(product, "ticks")
    arn = product.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    moment = datetime.now(UTC) + timedelta(seconds=PREPARATION_S)
    clients = [product.client("scheduler") for _ in range(4)]

    def schedule(number: int) -> None:
        clients[number % len(clients)].create_schedule(
            Name=f"tick-{number}",
            ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": SLIDE_ROLE, "Input": f'{{"n": {number}}}'},
        )

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(schedule, range(SCHEDULES)))
    for share in (0, 0.3, 0.6):
        eventually(
            lambda: len(ledger.events(function)),
            lambda number, most=share * SCHEDULES: number > most,
            within_s=180,
            every_s=0.02,
        )
        kill(product, BEAT, WORKER)
    eventually(lambda: len(ledger.events(function)), lambda number: number >= SCHEDULES, within_s=180, every_s=0.2)
    ledger.settle(function)
    ticks = ledger.rows("SELECT timetable_id, state FROM triggers_firing")
    assert Counter(state for _timetable, state in ticks) == {"fired": SCHEDULES}
    assert len({timetable for timetable, _state in ticks}) == SCHEDULES
    assert Counter(event.state for event in ledger.events(function)) == {"succeeded": SCHEDULES}
    assert len({event.payload for event in ledger.events(function)}) == SCHEDULES
