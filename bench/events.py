"""Events: from a message to its function, a thousand schedules at one moment, five thousand events beside a class."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.load import Connection, invocation, percentile, run
from bench.processes import memory_mb, tree
from bench.product import ECHO
from bench.table import Row, Target, at_most
from tests.labs.hands import Boto3
from tests.live import Live, eventually
from tests.schedules import create_schedules, once, schedulers

MESSAGES, SCHEDULES, EVENTS, TESTS, BURST_S, POSTERS = 40, 1_000, 5_000, 200, 5.0, 8
JAM = 2_000  # events of a function that runs one at a time
LATE = "import time\n\ndef lambda_handler(event, context):\n    for record in event['Records']:\n        print('late', time.time() - float(record['body']))\n"
TICK = """import time
from datetime import datetime

def lambda_handler(event, context):
    print("late", time.time() - datetime.fromisoformat(event["due"]).timestamp())
"""
LEAD_S = 10  # before the minute: time for the server to come to rest


def sends(live: Live) -> Iterator[Row]:
    """One message at a time, from ``SendMessage`` to the first line of the handler."""
    Boto3(live).create_function("late", LATE)
    sqs = live.client("sqs")
    url = sqs.create_queue(QueueName="late", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = live.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="late")
    _enabled(live, mapping["UUID"])
    for _ in range(MESSAGES):
        sqs.send_message(QueueUrl=url, MessageBody=str(time.time()))
        time.sleep(0.2)
    late = _late(live, "late", count=MESSAGES)[5:]  # without those that met a cold start
    shown = f"p50 {percentile(late, 50):.0f} ms, p95 {percentile(late, 95):.0f}"
    yield Row("a message's way to its function", shown, *at_most(percentile(late, 50), None, 20, "ms", "p50"))
    live.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])


def _enabled(live: Live, mapping_id: str) -> None:
    client = live.client("lambda")
    eventually(lambda: client.get_event_source_mapping(UUID=mapping_id)["State"], lambda state: state == "Enabled")


def schedules(live: Live) -> Iterator[Row]:
    """All due at the next whole minute."""
    Boto3(live).create_function("tick", TICK)
    arn = live.client("lambda").get_function(FunctionName="tick")["Configuration"]["FunctionArn"]
    live.client("scheduler").create_schedule_group(Name="bench")
    now = time.time()
    due = now - now % 60 + (60 if now % 60 < 25 else 120)
    at, event = datetime.fromtimestamp(due, UTC), '{"due": "<aws.scheduler.scheduled-time>"}'
    wanted = [once(f"tick-{number}", at, arn, event, group="bench") for number in range(SCHEDULES)]
    create_schedules(schedulers(live), wanted)
    if time.time() > due - LEAD_S / 2:
        yield Row(f"{SCHEDULES:,} schedules at one moment", "not measured: making them took too long")
        return
    late = _late(live, "tick", count=SCHEDULES)
    fired = json.loads(live.manage("shell", "-v", "0", "-c", FIRED).splitlines()[-1])
    shown = (
        f"fired p50 {percentile(fired, 50) * 1000:.0f} ms, last {max(fired) * 1000:.0f} ms after its time; "
        f"{len(late):,} ran, p50 {percentile(late, 50):.0f} ms, last {max(late):.0f}"
    )
    yield Row(f"{SCHEDULES:,} schedules at one moment", shown, None, Target("fired ≤ 1 s", max(fired) <= 1))
    live.client("scheduler").delete_schedule_group(Name="bench")


FIRED = """
import json
from triggers.models import Firing
rows = Firing.objects.filter(timetable__schedule__group__name="bench").values_list("nominal_at", "recorded_at")
print(json.dumps([(recorded - nominal).total_seconds() for nominal, recorded in rows]))
"""


def bottleneck(live: Live) -> Iterator[Row]:
    """Events of a function that may run one at a time: how soon one follows another once all of them wait."""
    Boto3(live).create_function("narrow", ECHO)
    live.client("lambda").put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)
    request = invocation(live, "narrow", {"key": "value"}, kind="Event")
    run(_post(live, request, count=JAM))
    moments = eventually(lambda: _moments(live, "narrow"), lambda rows: len(rows) >= JAM, within_s=240, every_s=1)
    last_asked = max(asked for asked, _started, _finished in moments)
    alone = sorted(finished for _asked, _started, finished in moments if finished > last_asked)
    each = (alone[-1] - alone[0]) / (len(alone) - 1) * 1000
    shown = f"{each:.1f} ms for each of the {len(alone):,} that still waited when the last of {JAM:,} was accepted"
    yield Row("events of a function with a concurrency of one", shown, None, Target("≤ 8 ms", each <= 8))


async def _post(live: Live, request: bytes, *, count: int) -> None:
    """So many of it, as fast as they are taken."""

    async def post(number: int) -> None:
        connection = await Connection.to(live.api_port)
        for _ in range(number, count, POSTERS):
            await connection.ask(request)
        connection.close()

    await asyncio.gather(*(post(number) for number in range(POSTERS)))


def beside(live: Live) -> Iterator[Row]:
    """A class that tests, first alone, then beside a burst of asynchronous events of somebody else's making."""
    for name in ("pressed", "burst"):
        Boto3(live).create_function(name, ECHO)
    run(_presses(live))
    alone = run(_presses(live))
    tests, accepted, took = run(_both(live))
    begun = time.perf_counter()
    ended = eventually(lambda: _moments(live, "burst"), lambda rows: len(rows) >= EVENTS, within_s=240, every_s=1)
    rest_s = time.perf_counter() - begun
    p99 = percentile(accepted, 99)
    shown = f"{EVENTS:,} accepted in {took:.1f} s, p50 {percentile(accepted, 50):.1f} ms, p99 {p99:.0f}"
    goal = Target("in 5 s, p99 < 100 ms", took < BURST_S * 1.1 and p99 < 100)
    yield Row(f"{EVENTS:,} events in {BURST_S:.0f} s beside {TESTS} tests", shown, None, goal)
    waited = [started - asked for asked, started, _finished in ended]
    waits = f"{percentile(waited, 50):.1f} s, p95 {percentile(waited, 95):.1f}"
    yield Row("  all of them ended, none lost", f"{rest_s:.1f} s after the last was accepted; wait p50 {waits}")
    factor = percentile(tests, 95) / percentile(alone, 95)
    shown = ", ".join(
        f"{label} p50 {percentile(of, 50):.1f} ms, p95 {percentile(of, 95):.0f}"
        for label, of in (("alone", alone), ("beside them", tests))
    )
    yield Row(f"  the {TESTS} tests", shown, None, Target("p95 ≤ 2 ×", factor <= 2))
    total = sum(memory_mb(process) for process in tree(live.process.pid) if not process.sandboxed)
    yield Row("  memory of all processes after it", f"{total:.0f} MB")


async def _presses(live: Live) -> list[float]:
    """Evenly in time, each on a connection of its own."""
    request, begun = invocation(live, "pressed"), time.perf_counter()

    async def press(number: int) -> float:
        await asyncio.sleep(max(0.0, begun + number * BURST_S / TESTS - time.perf_counter()))
        connection = await Connection.to(live.api_port)
        try:
            return await connection.ask(request)
        finally:
            connection.close()

    return list(await asyncio.gather(*(press(number) for number in range(TESTS))))


async def _both(live: Live) -> tuple[list[float], list[float], float]:
    """What the tests took, what each accept took, and how long it was until all were accepted."""
    request, begun = invocation(live, "burst", {"key": "value"}, kind="Event"), time.perf_counter()

    async def post(first: int) -> list[float]:
        connection, took = await Connection.to(live.api_port), []
        for number in range(first, EVENTS, POSTERS):
            await asyncio.sleep(max(0.0, begun + number * BURST_S / EVENTS - time.perf_counter()))
            took.append(await connection.ask(request))
        connection.close()
        return took

    async def posts() -> tuple[list[float], float]:
        each = await asyncio.gather(*(post(first) for first in range(POSTERS)))
        return [took for part in each for took in part], time.perf_counter() - begun

    tests, (accepted, took) = await asyncio.gather(_presses(live), posts())
    return tests, accepted, took


def _moments(live: Live, name: str) -> list[tuple[float, float, float]]:
    """When each event of the function that succeeded was accepted, begun and ended."""
    rows = json.loads(live.manage("shell", "-v", "0", "-c", MOMENTS.format(name=name)).splitlines()[-1])
    return [(asked, started, finished) for asked, started, finished in rows]


MOMENTS = """
import json
from runner.models import Invocation
rows = Invocation.objects.filter(function_name="{name}", state="succeeded")
rows = rows.values_list("asked_at", "started_at", "finished_at")
print(json.dumps([[moment.timestamp() for moment in row] for row in rows]))
"""


def _late(live: Live, name: str, *, count: int) -> list[float]:
    """What so many runs printed, in milliseconds, oldest first."""
    pages = live.client("logs").get_paginator("filter_log_events")

    def read() -> list[float]:
        try:
            found = list(pages.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="late"))
        except live.client("logs").exceptions.ResourceNotFoundException:
            return []
        return [float(event["message"].split()[1]) * 1000 for page in found for event in page["events"]]

    return eventually(read, lambda found: len(found) >= count, within_s=240, every_s=1)
