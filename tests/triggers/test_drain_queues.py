"""Queues as triggers: messages become events, and are deleted when the function has done its work, never before."""

import json
import threading
from collections import Counter

import pytest

from functions.services.concurrency import put_function_concurrency
from functions.services.functions import update_function_configuration
from queues import selectors as queue_selectors
from queues.contents import AttributeValue, Draft
from queues.services import create_queue, send_message
from runner.models import Invocation
from tests.runner.fakes import Raises
from triggers import selectors
from triggers.draining import Drainer
from triggers.errors import MappingExists, MappingInvalid, MappingNotFound, RoleLacksPermission, VisibilityTooShort
from triggers.models import EventSourceMapping
from triggers.services import mappings


@pytest.fixture
def drainer(engine):
    made = Drainer()
    made.start()
    yield made
    made.stop(10)


@pytest.fixture
def source(ada, make_function):
    """Ada's function ``hello`` and a queue ``input``."""
    make_function(ada)
    return create_queue(account=ada, name="input", given={"VisibilityTimeout": "30"}, tags={})


@pytest.fixture
def make_mapping(ada, source):
    def make(**given):
        return mappings.create_event_source_mapping(account=ada, function="hello", source_arn=source.arn, **given)

    return make


@pytest.fixture
def drained(source, until):
    """Wait until nothing is left in the queue."""

    def wait(queue=None):
        until(lambda: sum(counts_of(queue or source)) == 0)

    return wait


def counts_of(queue):
    counts = queue_selectors.counts(queue)
    return counts.visible, counts.not_visible, counts.delayed


def send(queue, *bodies, **more):
    return [send_message(queue=queue, draft=Draft(body=body, **more)).message_id for body in bodies]


# -- the event -------------------------------------------------------------------------------------


def test_a_message_becomes_an_event_and_is_deleted(ada, drainer, source, make_mapping, world, drained):
    seen = []
    world.handler = lambda event, request: seen.append(event)
    make_mapping()
    drainer.look()
    attributes = {"colour": AttributeValue("String", "red"), "raw": AttributeValue("Binary", b"\x00\xff")}
    [message_id] = send(source, "Hello from SQS!", attributes=attributes)

    drained()

    [event] = seen
    [record] = event["Records"]
    assert record["receiptHandle"]
    told = record.pop("attributes")
    assert told.pop("ApproximateReceiveCount") == "1"
    assert set(told) >= {"SentTimestamp", "ApproximateFirstReceiveTimestamp"}
    assert all(isinstance(value, str) for value in told.values())
    assert record == {
        "messageId": message_id,
        "receiptHandle": record["receiptHandle"],
        "body": "Hello from SQS!",
        "messageAttributes": {
            "colour": {"stringValue": "red", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "raw": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfBody": record["md5OfBody"],
        "md5OfMessageAttributes": record["md5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source.arn,
        "awsRegion": "us-east-1",
    }


def test_a_batch_is_no_larger_than_asked(drainer, source, make_mapping, world, drained):
    sizes = []
    world.handler = lambda event, request: sizes.append(len(event["Records"]))
    send(source, *map(str, range(25)))
    make_mapping(batch_size=10)
    drainer.look()
    drained()
    assert sum(sizes) == 25
    assert max(sizes) <= 10


def test_a_window_gathers_what_comes_one_by_one(drainer, source, make_mapping, world, drained):
    sizes = []
    world.handler = lambda event, request: sizes.append(len(event["Records"]))
    make_mapping(batch_size=5, window_s=20)
    drainer.look()
    for number in range(5):
        send(source, str(number))
    drained()
    assert sizes == [5]


# -- failures --------------------------------------------------------------------------------------


def test_what_a_function_fails_on_stays_in_the_queue_until_its_visibility_timeout(
    drainer, source, make_mapping, world, until
):
    def fail(event, request):
        raise Raises("always")

    world.handler = fail
    make_mapping()
    drainer.look()
    send(source, "one")
    until(lambda: len(world.executions) == 1)
    until(lambda: counts_of(source) == (0, 1, 0))


def test_only_the_messages_that_a_function_reports_stay(drainer, source, make_mapping, world, until):
    def report(event, request):
        bad = [record["messageId"] for record in event["Records"] if record["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in bad]}

    world.handler = report
    send(source, "good", "bad", "good")
    make_mapping(reports_failures=True)
    drainer.look()
    until(lambda: counts_of(source) == (0, 1, 0))


def test_without_being_asked_to_a_report_means_nothing(drainer, source, make_mapping, world, drained):
    world.handler = lambda event, request: {
        "batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
    }
    send(source, "bad")
    make_mapping()
    drainer.look()
    drained()


def test_messages_that_fit_no_filter_are_deleted_unseen(drainer, source, make_mapping, world, drained):
    seen = []
    world.handler = lambda event, request: seen.extend(record["body"] for record in event["Records"])
    send(source, '{"kind": "order"}', '{"kind": "noise"}', "no json")
    make_mapping(filters=['{"body": {"kind": ["order"]}}'])
    drainer.look()
    drained()
    assert seen == ['{"kind": "order"}']


def test_a_throttled_function_gets_its_messages_later_and_all_of_them(
    ada, drainer, source, make_mapping, world, drained
):
    seen, lock = Counter(), threading.Lock()

    def count(event, request):
        with lock:
            seen.update(record["body"] for record in event["Records"])

    world.handler = count
    put_function_concurrency(account=ada, name="hello", reserved=1)
    send(source, *map(str, range(40)))
    make_mapping(batch_size=1)
    drainer.look()
    drained()
    assert seen == Counter(map(str, range(40)))


# -- order and number ------------------------------------------------------------------------------


def test_a_group_is_worked_on_in_its_order(ada, drainer, source, world, drained, until):
    queue = create_queue(
        account=ada, name="in.fifo", given={"FifoQueue": "true", "ContentBasedDeduplication": "true"}, tags={}
    )
    seen, lock = [], threading.Lock()

    def note(event, request):
        with lock:
            seen.extend((one["attributes"]["MessageGroupId"], one["body"]) for one in event["Records"])

    world.handler = note
    for number in range(12):
        send(queue, f"{number:02}", group_id=f"g{number % 2}")
    mappings.create_event_source_mapping(account=ada, function="hello", source_arn=queue.arn, batch_size=2)
    drainer.look()
    drained(queue)
    for group in ("g0", "g1"):
        bodies = [body for of, body in seen if of == group]
        assert bodies == sorted(bodies)
        assert len(bodies) == 6


def test_no_more_batches_run_at_once_than_the_mapping_allows(drainer, source, make_mapping, world, drained):
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def hold(event, request):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()  # two run at once; a third would have been counted
        with lock:
            running -= 1

    world.handler = hold
    send(source, *map(str, range(8)))
    make_mapping(batch_size=1, maximum_concurrency=2)
    drainer.look()
    drained()
    assert most == 2


# -- switches --------------------------------------------------------------------------------------


def test_a_disabled_mapping_reads_nothing_until_it_is_enabled(ada, drainer, source, make_mapping, world, drained):
    mapping = make_mapping(enabled=False)
    send(source, "one")
    drainer.look()
    assert not Invocation.objects.exists()
    mappings.update_event_source_mapping(account=ada, uuid=str(mapping.pk), enabled=True)
    drainer.look()
    drained()


def test_a_queue_that_is_gone_is_said_so(ada, drainer, source, make_mapping, until):
    from queues.services import delete_queue

    mapping = make_mapping()
    delete_queue(account=ada, name="input")
    drainer.look()
    until(lambda: "queue does not exist" in EventSourceMapping.objects.get(pk=mapping.pk).problem)


# -- refused ---------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestCreating:
    def test_a_visibility_timeout_below_the_functions_is_refused(self, ada, source, make_mapping):
        update_function_configuration(account=ada, name="hello", timeout=60)
        with pytest.raises(VisibilityTooShort) as error:
            make_mapping()
        assert error.value.text == "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"

    def test_one_that_cannot_work_any_more_can_be_switched_off_and_not_on(self, ada, source, make_mapping):
        mapping = make_mapping()
        update_function_configuration(account=ada, name="hello", timeout=60)
        off = mappings.update_event_source_mapping(account=ada, uuid=str(mapping.pk), enabled=False)
        assert off.state == EventSourceMapping.State.DISABLED
        with pytest.raises(VisibilityTooShort):
            mappings.update_event_source_mapping(account=ada, uuid=str(mapping.pk), enabled=True)

    def test_a_queue_is_a_source_of_a_function_once(self, ada, source, make_mapping):
        mapping = make_mapping()
        with pytest.raises(MappingExists, match=str(mapping.pk)):
            make_mapping()

    def test_the_functions_role_must_be_allowed_to_read(self, ada, source, make_mapping):
        from tests.factories import make_role

        update_function_configuration(account=ada, name="hello", role_arn=make_role(ada).arn)
        with pytest.raises(RoleLacksPermission, match="does not have permissions to call ReceiveMessage on SQS"):
            make_mapping()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"batch_size": 11}, "Maximum batch window in seconds must be greater than 0"),
            ({"filters": ["{"]}, "Invalid filter pattern definition"),
            ({"filters": ["{}"] * 6}, "Number of filters"),
            ({"maximum_concurrency": 1}, "between 2 and 1000"),
        ],
    )
    def test_what_cannot_be_is_refused(self, source, make_mapping, given, message):
        with pytest.raises(MappingInvalid, match=message):
            make_mapping(**given)

    def test_somebody_elses_mapping_is_not_there(self, ada, mallory, make_mapping):
        mapping = make_mapping()
        with pytest.raises(MappingNotFound):
            selectors.get_mapping(account=mallory, uuid=str(mapping.pk))


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "nobody"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"other": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": "a"}, {"a", "b"}),
        ("text", {"a", "b"}),
        ({"statusCode": 200}, set()),
    ],
)
def test_a_report_that_makes_no_sense_fails_the_whole_batch(answer, failed):
    from triggers.records import failures

    assert failures(json.dumps(answer).encode(), ["a", "b"]) == failed
