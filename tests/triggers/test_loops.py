"""A function whose queue is its own trigger: the chain is counted through the queue and ends."""

import logging

from queues.contents import Draft
from queues.services import create_queue, send_message
from runner.lineage import HOPS
from triggers.draining import Drainer
from triggers.services import mappings


def test_a_function_that_feeds_its_own_queue_is_stopped_after_sixteen_rounds(
    ada, make_function, engine, world, until, caplog
):
    make_function(ada)
    queue = create_queue(account=ada, name="input", given={"VisibilityTimeout": "3600"}, tags={})
    rounds: list[str] = []

    def feeds_itself(event, request):
        (record,) = event["Records"]
        rounds.append(record["body"])
        draft = Draft(str(len(rounds) + 1), trace=request.trace_id)  # as the endpoint takes it from the SDK's header
        send_message(queue=queue, draft=draft)

    world.handler = feeds_itself
    mappings.create_event_source_mapping(account=ada, function="hello", source_arn=queue.arn, batch_size=1)
    drainer = Drainer()
    drainer.start()
    try:
        with caplog.at_level(logging.INFO, logger="triggers.draining"):
            send_message(queue=queue, draft=Draft("1"))
            until(lambda: "A batch of input goes back" in caplog.text)
    finally:
        drainer.stop(10)

    assert rounds == [str(number) for number in range(1, HOPS + 1)]
