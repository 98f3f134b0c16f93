"""A queue that keeps order, in front of a function: each group's messages come in the order in which they were sent."""

from collections import defaultdict

import pytest

from core import clock
from tests.labs.wiring import Wiring
from tests.live import Reachable, eventually

pytestmark = pytest.mark.places("boto3")

GROUPS, EACH, FAILS_AT = 6, 8, "3"
CODE = f"""import time

def lambda_handler(event, context):
    for record in event["Records"]:
        told = record["attributes"]
        if record["body"] == "{FAILS_AT}" and told["ApproximateReceiveCount"] == "1":
            raise ValueError("not yet")
    for record in event["Records"]:
        print("SEEN", time.time_ns(), record["attributes"]["MessageGroupId"], record["body"])
"""


def test_groups_keep_their_order_also_where_a_message_fails_at_first(make, wiring: Wiring, live: Reachable):
    """Groups go side by side; one with a message that failed waits for it, and nothing of it overtakes.

    A message may come twice, as at AWS, where the function takes longer than the queue waits for it.
    """
    name = make("InOrder", CODE, timeout=5)  # what has failed is back after five seconds
    queue = wiring.queue(f"order-{clock.epoch_ms()}.fifo", FifoQueue="true", VisibilityTimeout="5")
    url = wiring.url(queue)
    for number in range(EACH):
        entries = [
            {
                "Id": group,
                "MessageBody": f"{number}",
                "MessageGroupId": group,
                "MessageDeduplicationId": group + f"{number}",
            }
            for group in map(str, range(GROUPS))
        ]
        assert len(wiring.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == GROUPS
    wiring.map(queue, name, BatchSize=3)
    eventually(lambda: wiring.left(queue), lambda left: left == 0)

    expected = {str(group): [str(number) for number in range(EACH)] for group in range(GROUPS)}
    assert eventually(lambda: seen(live, name), lambda found: found == expected) == expected


def seen(live: Reachable, name: str) -> dict[str, list[str]]:
    """What the function has worked off of each group, in the order of the first time, by its own clock."""
    pages = live.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="SEEN")
    lines = sorted(
        (event["message"].split()[1:] for page in found for event in page["events"]), key=lambda words: int(words[0])
    )
    groups: dict[str, list[str]] = defaultdict(list)
    for _at, group, number in lines:
        if number not in groups[group]:
            groups[group].append(number)
    return dict(groups)
