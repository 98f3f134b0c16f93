"""The lectures' labs with events of other services, chains, the bottleneck and the IoT button, as a student does them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from tests.journeys.acting import add_trigger, is_empty, make_queue, open_newest_run, receive, send
from tests.labs.conftest import SLIDES, slide
from tests.labs.test_at_001_chains import ORDERS
from tests.labs.test_at_001_sources import ANY_SOURCE
from tests.labs.test_at_003_2 import BY_TOPIC, CLICK, CUT_OFF, LISTENER, replaced

pytestmark = [
    *(pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox),
    pytest.mark.usefixtures("left_as_found"),
]


# -- AT-001-2 --------------------------------------------------------------------------------------

SEEN_OF = {
    "SQS": "Hello from SQS!",
    "Amazon S3 Put": "example-bucket",
    "Amazon SNS Topic Notification": "sns",
    "CloudWatch Scheduled Event": "Scheduled Event",
    "Amazon Kinesis Data Stream": "kinesis",
}


def test_events_of_other_services_are_chosen_from_many_templates(student, function):
    """AT-001-2: one function, and what five services would send to it."""
    page, name = student.page, function("any-source", ANY_SOURCE)
    student.open(name)
    assert page.locator("#event-choice option").count() > 60
    for label, words in SEEN_OF.items():
        page.locator("#event-choice").select_option(label=label)
        student.test()
        assert "Execution result: succeeded" in student.result, label
        assert words in student.result, label


def test_the_slides_event_of_a_queue_is_pasted_with_its_comment_and_put_right(student, function):
    """AT-000-4: the editor points at the comment, takes it out by a button, and the function reads the record."""
    page = student.page
    student.open(function("reads-a-queue", ANY_SOURCE))
    student.write((SLIDES / "at_000_4.json").read_text(), "#event-editor")
    page.wait_for_selector("#event-problem >> text=JSON has no comments")
    student.test()
    assert "Not run" in student.result
    page.get_by_role("button", name="Put it right").click()
    expect(page.locator("#event-problem")).to_be_hidden()
    student.test()
    assert "Execution result: succeeded" in student.result
    assert "19dd0b57-b21e-4ac1-bd88-01bbb068cb78" in student.result
    assert "Hello from SQS!" in student.result


# -- AT-001-7 --------------------------------------------------------------------------------------

EVENTS = 20
SLOW = """import boto3

sqs = boto3.client("sqs")


def lambda_handler(event, context):
    if event["number"] == 0:  # stands until it is told to go on
        gate = sqs.get_queue_url(QueueName="GATE")["QueueUrl"]
        while "Messages" not in sqs.receive_message(QueueUrl=gate, WaitTimeSeconds=20):
            pass
"""
FLOOD = """import boto3, json

client = boto3.client('lambda')


def lambda_handler(event, context):
    for number in range(EVENTS):
        client.invoke(FunctionName='CONSUMER', InvocationType='Event', Payload=json.dumps({'number': number}))
    return 'all of them accepted'
"""


def test_a_bottleneck_is_seen_while_it_lasts_and_loses_nothing(student, function):
    """AT-001-7: one producer, one consumer at a time. The events wait, each knows its place, and all end well."""
    page, mark = student.page, clock.epoch_ms()  # metrics go by names, and a queue's is not free again for a minute
    gate, consumer = f"gate-{mark}", f"consumer-{mark}"
    function(consumer, SLOW.replace("GATE", gate), timeout=600)
    function("producer", FLOOD.replace("EVENTS", f"{EVENTS}").replace("CONSUMER", consumer), timeout=120)
    make_queue(student, gate)
    page.goto(f"{student.home}functions/{consumer}/configuration/concurrency/")
    page.locator("input[value=reserved]").check()
    page.locator("#id_reserved").fill("1")
    page.keyboard.press("Enter")
    student.sees("Saved.")
    student.open("producer")
    student.test()
    assert "all of them accepted" in student.result

    page.goto(f"{student.home}functions/{consumer}/monitor/")
    expect(page.locator("#backlog dd")).to_contain_text([f"{EVENTS - 1}", "0", "1", "s"])
    page.locator("#backlog").get_by_role("link").click()
    page.locator("tbody tr").first.get_by_role("link").click()
    student.sees(f"{EVENTS - 2} events are before it", within=".timeline")
    page.goto(f"{student.home}functions/{consumer}/monitor/")
    student.reload_until(
        lambda: page.locator("#chart-throttles .num").inner_text() != ""
    )  # who comes meanwhile stays in line

    send(student, gate, "go on")
    page.goto(f"{student.home}functions/{consumer}/monitor/")
    expect(page.locator("#backlog dd")).to_have_text(["0", "0", "0", "–"])
    student.reload_until(lambda: page.locator("#chart-invocations .num").inner_text() == f"{EVENTS}")
    student.sees("Success rate 100 %", within="#chart-errors")
    page.get_by_role("link", name="As tables").click()
    expect(page.locator("#chart-age td.num").first).to_be_visible()
    assert set(page.locator("#chart-concurrency td.num").all_inner_texts()) == {"1"}
    expect(page.locator("#chart-throttles td.num").first).to_be_visible()


# -- AT-001-8 --------------------------------------------------------------------------------------

FIRST = "def lambda_handler(event, context):\n    return {'made': 42}\n"
SECOND = "def lambda_handler(event, context):\n    print('GOT', event.get('responsePayload'))\n"


def test_two_clocks_do_not_hand_over_what_a_destination_does(student, function, teacher_moves_the_clock):
    """AT-001-8: at 12:00 and 12:20 both run, and the second has nothing of the first; then by a destination."""
    page = student.page
    first, second = function("at-noon", FIRST), function("twenty-past", SECOND)
    for name, expression in ((first, "cron(0 12 * * ? *)"), (second, "cron(20 12 * * ? *)")):
        form = add_trigger(student, name, "Schedule")
        form.get_by_label("Name").fill(f"{name}-daily")
        form.get_by_label("Schedule").fill(expression)
        page.keyboard.press("Enter")
        student.sees("The trigger is on.")
        page.locator(".overview").get_by_role("link", name=expression).wait_for()
    page.goto(f"{student.home}clock/")
    page.locator("#id_to").fill(f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}T12:30:00")
    page.keyboard.press("Enter")
    page.wait_for_selector("#clock-banner")
    open_newest_run(student, first)
    student.sees('"made": 42', within="#invocation")
    open_newest_run(student, second)
    student.sees("GOT None", within="#log-text")

    page.locator(".overview").get_by_role("link", name=f"{second}-daily").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/schedules/")
    page.goto(f"{student.home}functions/{first}/configuration/asynchronous/")
    page.get_by_label("On success", exact=True).select_option(label=second)
    page.get_by_role("button", name="Save").click()
    student.sees("Saved.")
    page.locator(".overview").get_by_role("link", name=second).wait_for()
    page.locator(".overview").get_by_role("link", name=f"{first}-daily").click()
    page.get_by_role("button", name="Run now").click()
    student.sees("By hand", within="#happened")
    page.locator("#happened tr", has_text="By hand").get_by_role("link", name="Invocation").click()
    student.sees("Record sent to the destination", within=".timeline")
    page.locator(".timeline").get_by_role("link", name=second).click()
    page.wait_for_url(f"**/functions/{second}/")
    open_newest_run(student, second, by="lambda · ")
    student.sees("GOT {'made': 42}", within="#log-text")


# -- AT-002-4 --------------------------------------------------------------------------------------

STORE = """import boto3, json

sqs = boto3.client("sqs")


def lambda_handler(event, context):
    url = sqs.get_queue_url(QueueName="stored")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"stored": event["detail"]["id"]}))
"""


def test_orders_go_through_two_functions_into_the_store(student, function):
    """AT-002-4: a queue runs the first function, its event the second one and goes into an archive, a queue of its own;
    what is refused is not stored.
    """
    page = student.page
    check, store = function("check-order", ORDERS), function("store-order", STORE)
    for queue in ("orders", "stored", "archive"):
        make_queue(student, queue)
    form = add_trigger(student, check, "Queue")
    form.get_by_label("Queue", exact=True).select_option("orders")
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")
    form = add_trigger(student, store, "Events")
    form.get_by_label("Name").fill("accepted-orders")
    form.get_by_label("Event pattern").fill('{"source": ["my.shop"], "detail-type": ["order accepted"]}')
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")
    page.locator(".overview").get_by_role("link", name="accepted-orders").click()
    page.get_by_label("Send to").select_option("archive")
    page.get_by_text("Something else than the whole event").click()
    page.get_by_label("A part of the event").fill("$.detail")
    page.get_by_role("button", name="Add target").click()
    expect(page.get_by_role("row", name="archive")).to_contain_text("It may send there")
    assert student.accessibility() == []

    for order in ({"id": 1, "total": 2000}, {"id": 2, "total": 20}):
        send(student, "orders", json.dumps(order))
    is_empty(student, "orders")
    assert receive(student, "stored") == '{"stored": 2}'
    assert json.loads(receive(student, "archive"))["id"] == 2
    open_newest_run(student, store)
    student.sees("order accepted", within="#event-text")


# -- AT-003-2 --------------------------------------------------------------------------------------


def test_the_iot_buttons_handler_is_put_right_by_buttons_and_publishes(student, function, live):
    """AT-003-2, as far as it exists: Python 2 and lost underscores by a click each, the rest of the slide by hand."""
    page, listener = student.page, function("button-listener", LISTENER)
    topic = live.client("sns").create_topic(Name="iotprocessed")["TopicArn"]
    form = add_trigger(student, listener, "Topic")
    form.get_by_label("Topic").select_option("iotprocessed")
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")
    student.create("iot-button", "From scratch")
    student.write(slide("at_003_2"))
    page.locator("#code-problem").get_by_role("button", name="Add the parentheses").click()
    page.locator("#code-problem").get_by_role("button", name="Put the underscores back").click()
    expect(page.locator(".pane-code .file:not([hidden]) .cm-content")).to_contain_text("def lambda_handler(")
    text = page.locator(".pane-code .file:not([hidden]) code-editor").evaluate("editor => editor.value")
    student.write(replaced(text, CUT_OFF))
    student.write(json.dumps(CLICK), "#event-editor")
    student.test()
    assert "Execution result: failed" in student.result
    assert "iot" in student.result

    by_topic = replaced(replaced(text, CUT_OFF), BY_TOPIC).replace("os.environ['TOPIC']", repr(topic))
    student.write(by_topic)
    student.test()
    assert "Execution result: succeeded" in student.result
    assert CLICK["serialNumber"] in student.result and "Demo event assembled" in student.result
    open_newest_run(student, listener)
    student.sees("HEARD", within="#log-text")
    student.sees(CLICK["serialNumber"], within="#log-text")
