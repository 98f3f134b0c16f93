"""What runs functions by itself, in the console: a queue, a schedule and a topic as triggers, and events that fail."""

import pytest
from playwright.sync_api import expect

from tests.journeys.acting import add_trigger, open_newest_run

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

FAILS = "def lambda_handler(event, context):\n    raise ValueError('no luck')\n"


def test_a_queue_becomes_a_trigger_and_a_message_runs_the_function(student, function):
    """AT-001-4 by hand, from nothing at all: the form for a queue leads to making one."""
    page, name = student.page, function("queue-listener")
    if (form := add_trigger(student, name, "Queue")).locator("a").count():
        form.get_by_role("link", name="Create a queue").click()
    else:  # there are queues of other journeys
        page.goto(f"{student.home}queues/new/")
    page.get_by_label("Queue name").fill("for-listener")
    page.get_by_role("button", name="Create the queue").click()
    page.wait_for_url("**/queues/for-listener/messages/")

    form = add_trigger(student, name, "Queue")
    form.get_by_label("Queue").select_option("for-listener")
    form.get_by_role("button", name="Add trigger").click()
    page.wait_for_selector("text=The trigger is on.")
    assert student.accessibility() == []
    page.goto(f"{student.home}functions/{name}/")
    page.locator("#overview, .overview").get_by_role("link", name="for-listener").wait_for()

    page.goto(f"{student.home}queues/for-listener/messages/")
    page.get_by_label("Message body").fill("Hello from SQS!")
    page.locator("#send").get_by_role("button", name="Send").click()
    page.wait_for_selector("text=The message is sent.")
    expect(page.locator("#depth dd")).to_have_text(["0", "0", "0"], timeout=60_000)
    open_newest_run(student, name)
    assert "Hello from SQS!" in page.locator("#log-text").inner_text()
    assert "aws:sqs" in page.locator("#log-text").inner_text()
    student.check()


def test_a_schedule_shows_its_next_five_times_and_runs_now(student, function):
    """AT-000-7, AT-001-3 by hand."""
    page, name = student.page, function("by-the-clock")
    form = add_trigger(student, name, "Schedule")
    form.get_by_label("Name").fill("each-workday")
    form.get_by_label("Schedule").press_sequentially("cron(0 18 ? * MON-FRI *)")
    expect(page.locator("#next time")).to_have_count(5, timeout=20_000)
    assert all("18:00:00 UTC" in text for text in page.locator("#next time").all_inner_texts())
    form.get_by_role("button", name="Add trigger").click()
    page.get_by_role("link", name="each-workday", exact=True).click()
    page.wait_for_url("**/schedules/**")
    assert page.locator("section[aria-labelledby=when-title] time").count() == 5
    assert student.accessibility() == []

    page.get_by_role("button", name="Run now").click()
    page.wait_for_selector("#happened >> text=By hand")
    page.wait_for_selector("#happened >> text=Delivered")
    page.locator("#happened").get_by_role("link", name="Invocation").click()
    page.wait_for_selector("#invocation .result-bar.ok")
    assert "Scheduled Event" in page.locator("#event-text").inner_text()
    student.check()


def test_a_topic_tells_a_function_and_a_queue(student, function, live):
    page, name = student.page, function("topic-listener")
    live.client("sqs").create_queue(QueueName="topic-copies")
    page.goto(f"{student.home}topics/")
    page.get_by_label("Topic name").fill("news")
    page.get_by_role("button", name="Make a topic").click()
    page.wait_for_url("**/topics/news/")
    for subscriber in (name, "topic-copies"):
        page.get_by_label("Function or queue").select_option(label=subscriber)
        page.get_by_role("button", name="Subscribe").click()
        page.locator("#subscribers").get_by_role("link", name=subscriber).wait_for()
    assert student.accessibility() == []

    page.get_by_label("Subject").fill("Lecture")
    page.locator("#publish-form").get_by_label("Message").fill("moved to room 4")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_selector("text=Published")
    page.locator("#subscribers").get_by_role("link", name="topic-copies").click()
    page.locator("#received").get_by_role("button", name="Receive").click()
    assert "moved to room 4" in page.locator(".message-body").inner_text()
    open_newest_run(student, name)
    assert "moved to room 4" in page.locator("#log-text").inner_text()
    assert "aws:sns" in page.locator("#event-text").inner_text()
    student.check()


def test_an_event_that_fails_is_followed_through_its_retries_to_its_destination(
    student, function, live, teacher_moves_the_clock
):
    page, name = student.page, function("unlucky", FAILS)
    live.client("sqs").create_queue(QueueName="failed-events")
    page.goto(f"{student.home}functions/{name}/configuration/asynchronous/")
    page.get_by_label("On failure", exact=True).select_option(label="failed-events")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=Saved")

    client = live.client("lambda")
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"order": 7}')
    request_id = answer["ResponseMetadata"]["RequestId"]
    page.goto(f"{student.home}functions/{name}/invocations/{request_id}/")
    for attempt, pause in ((1, "60s"), (2, "120s")):
        page.wait_for_selector(f".timeline >> text=Handler, attempt {attempt}")
        page.wait_for_selector(".timeline li.pause:last-child >> text=due at")
        assert student.accessibility() == []
        teacher_moves_the_clock(pause)
    page.wait_for_selector(".timeline >> text=Given up and sent on")
    steps = page.locator(".timeline .what").all_inner_texts()
    assert sum("Handler, attempt" in step for step in steps) == 3
    assert "failed-events" in steps[-1]

    page.goto(f"{student.home}queues/failed-events/messages/")
    page.locator("#received").get_by_role("button", name="Receive").click()
    record = page.locator(".message-body").inner_text()
    assert '"condition":"RetriesExhausted"' in record and '"order":7' in record
    student.check()
