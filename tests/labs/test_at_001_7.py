"""Lab: the bottleneck. Many send at once what one at a time works off: by events, and by a queue in front.

``LAB_EVENTS`` says how many: the lecture's 5,000 take a minute or two, ``make soak`` sends them.
"""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from core import clock
from tests.labs.wiring import Wiring
from tests.live import Live, Reachable, eventually

pytestmark = [pytest.mark.places("boto3"), pytest.mark.once, pytest.mark.timeout(900)]

EVENTS = int(os.environ.get("LAB_EVENTS", "2000"))
SENDERS = 8
# The lecture's consumer takes a second for each: a hundredth of that, one at a time, is as narrow for what is sent.
SLOW = "import time\ndef lambda_handler(event, context): time.sleep(0.01)"
COUNT = "def lambda_handler(event, context): print('BATCH', len(event['Records']))"


@pytest.fixture
def page(live: Live) -> Iterator[Callable[[str], str]]:
    """``page("functions/…/")``: what a person who is signed in sees there."""
    with requests.Session() as session:
        link = live.sign_in_link()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get(link, timeout=60).text)
        assert token is not None
        session.post(link, {"csrfmiddlewaretoken": token[1]}, headers={"Referer": link}, timeout=60)

        def read(path: str) -> str:
            answer = session.get(f"{live.console}/teacher/{path}", timeout=60)
            assert answer.status_code == 200, answer.text[:500]
            return answer.text

        yield read


@pytest.fixture
def metric(live: Reachable) -> Callable[..., float]:
    """``metric("AWS/Lambda", "Invocations", "Sum", FunctionName=…)``: over the last minutes, by GetMetricData."""
    cloudwatch, start = live.client("cloudwatch"), datetime.now(UTC) - timedelta(minutes=1)

    def read(namespace: str, name: str, statistic: str, **dimensions: str) -> float:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        asked = {"Namespace": namespace, "MetricName": name, "Dimensions": named}
        query = {"Id": "asked", "MetricStat": {"Metric": asked, "Period": 60, "Stat": statistic}}
        end = datetime.now(UTC) + timedelta(minutes=2)
        found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end)
        values = found["MetricDataResults"][0]["Values"]
        return float(max(values, default=0.0) if statistic == "Maximum" else sum(values))

    return read


def summary(shown: str, chart: str) -> str:
    """What a chart says beside its title."""
    section = shown.partition(f'id="chart-{chart}"')[2].partition("</section>")[0]
    found = re.search(r'<span class="num quiet">([^<]*)</span>', section)
    return found[1] if found else ""


def spread[T](work: Callable[[int], T], count: int) -> list[T]:
    with ThreadPoolExecutor(SENDERS) as senders:
        return list(senders.map(work, range(count)))


def test_a_bottleneck_delays_events_and_loses_none(make, wiring: Wiring, live, metric, page):
    """AT-001-7: each that was accepted has ended once, well, and is found by its id; metrics and charts show the jam."""
    name = make(f"Bottleneck{clock.epoch_ms()}", SLOW)  # its figures are its own
    wiring.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)

    def send(number: int) -> str:
        answer = wiring.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=f'{{"n": {number}}}')
        assert answer["StatusCode"] == 202
        return str(answer["ResponseMetadata"]["RequestId"])

    accepted = spread(send, EVENTS)
    assert len(set(accepted)) == EVENTS
    assert metric("AWS/Lambda", "AsyncEventsReceived", "Sum", FunctionName=name) == EVENTS

    def ended() -> float:
        return metric("AWS/Lambda", "Invocations", "Sum", FunctionName=name)

    eventually(ended, lambda count: count == EVENTS, within_s=600, every_s=2)
    assert metric("AWS/Lambda", "Errors", "Sum", FunctionName=name) == 0
    assert metric("AWS/Lambda", "AsyncEventsDropped", "Sum", FunctionName=name) == 0
    assert metric("AWS/Lambda", "AsyncEventAge", "Maximum", FunctionName=name) > 0
    assert metric("AWS/Lambda", "ConcurrentExecutions", "Maximum", FunctionName=name) == 1
    assert eventually(lambda: runs(live, name), lambda found: len(found) == EVENTS) == sorted(accepted)

    shown = page(f"functions/{name}/monitor/?table=1")
    assert summary(shown, "invocations") == f"{EVENTS}"
    assert summary(shown, "errors") == "Success rate 100 %"
    assert "Nothing measured" not in shown.partition('id="chart-age"')[2]


def runs(live: Reachable, name: str) -> list[str]:
    """The request id of each run in the function's log."""
    pages = live.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern='"REPORT RequestId"')
    return sorted(event["message"].split()[2] for page in found for event in page["events"])


def test_a_queue_in_front_gathers_what_comes_and_the_function_takes_it_in_batches(make, wiring: Wiring, metric, page):
    """AT-001-7, the way out of it: the same flood into a queue, worked off by ten and by two at a time."""
    name = make("Behind", COUNT)
    queue_name = f"lab-flood-{clock.epoch_ms()}"
    queue = wiring.queue(queue_name)
    url, batches = wiring.url(queue), EVENTS // 20

    def send(number: int) -> int:
        entries = [{"Id": str(place), "MessageBody": f"{number}-{place}"} for place in range(10)]
        return len(wiring.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"])

    assert sum(spread(send, batches)) == batches * 10
    wiring.map(queue, name, BatchSize=10, ScalingConfig={"MaximumConcurrency": 2})

    eventually(lambda: wiring.left(queue), lambda left: left == 0, within_s=300, every_s=1)
    for what in ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"):

        def counted(what: str = what) -> float:
            return metric("AWS/SQS", what, "Sum", QueueName=queue_name)

        eventually(counted, lambda count: count == batches * 10, every_s=0.5)
    assert metric("AWS/Lambda", "Invocations", "Sum", FunctionName=name) <= batches * 10
    shown = page(f"queues/{queue_name}/monitor/?table=1")
    assert summary(shown, "sent") == f"{batches * 10}"
    assert summary(shown, "received") == f"{batches * 10} / {batches * 10}"
