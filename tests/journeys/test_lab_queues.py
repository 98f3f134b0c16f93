"""The lecture's labs with queues, as a student does them: forms, keys and slide code that is pasted as it is."""

import pytest
from playwright.sync_api import expect

from tests.journeys.acting import add_trigger, is_empty, make_queue, open_newest_run, receive, send
from tests.labs.conftest import slide

pytestmark = [
    *(pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox),
    pytest.mark.usefixtures("left_as_found"),
]

SUM = """import json

import boto3

sqs = boto3.client("sqs")


def lambda_handler(event, context):
    url = sqs.get_queue_url(QueueName="sums")["QueueUrl"]
    for record in event["Records"]:
        numbers = json.loads(record["body"])
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(numbers["number1"] + numbers["number2"]))
"""


def test_a_queue_that_hides_messages_too_briefly_is_refused_in_awss_words_and_put_right(student, function):
    """AT-000-5: the slide's numbers are 60 and 60, and a new queue has 30."""
    page, name = student.page, function("first_lambda", timeout=60)
    make_queue(student, "input_queue")
    form = add_trigger(student, name, "Queue")
    form.get_by_label("Queue", exact=True).select_option("input_queue")
    form.get_by_label("Batch size").fill("5")
    page.keyboard.press("Enter")
    student.sees("Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds")
    expect(form.get_by_label("Batch size")).to_have_value("5")
    expect(form.get_by_label("Queue", exact=True).locator("option:checked")).to_have_text("input_queue")
    assert student.accessibility_in_both_themes() == []

    form.get_by_role("link", name="Change the visibility timeout of input_queue").click()
    page.get_by_label("Visibility timeout").fill("60")
    page.keyboard.press("Enter")
    student.sees("Saved.")
    form = add_trigger(student, name, "Queue")
    form.get_by_label("Queue", exact=True).select_option("input_queue")
    expect(form.get_by_label("Batch size")).to_have_value("5")  # as it was typed before
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")
    student.sees("AWS recommends six times the function’s timeout, 360 s", within="#section")
    assert student.accessibility_in_both_themes() == []
    page.locator("#section").get_by_role("link", name="input_queue", exact=True).click()
    page.wait_for_url("**/queues/input_queue/messages/")


def test_the_slides_function_sends_on_to_a_queue_of_somebody_elses_address(student):
    """AT-000-6: pasted unchanged, with its author's account; that it reads one record of a batch is said."""
    page = student.page
    for queue in ("lab-input-queue", "lab-output-queue"):
        make_queue(student, queue)
    student.create("pass-on", "From scratch")
    student.write(slide("at_000_6"))
    student.sees("Only the first record is read. A queue sends up to ten at once: the others are lost.")
    page.keyboard.press("Control+s")
    page.wait_for_selector("[data-saved]:not([hidden])")
    form = add_trigger(student, "pass-on", "Queue")
    form.get_by_label("Queue", exact=True).select_option("lab-input-queue")
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")

    send(student, "lab-input-queue", '{"data": "12"}')
    assert receive(student, "lab-output-queue") == '{"body": 12}'
    open_newest_run(student, "pass-on")
    student.sees('"statusCode": 200')
    student.sees("aws:sqs", within="#event-text")


def test_two_numbers_from_one_queue_are_a_sum_in_another(student):
    """AT-000-8: the code is typed, saved by Ctrl+S, and the queue is empty afterwards."""
    page = student.page
    for queue in ("numbers", "sums"):
        make_queue(student, queue)
    student.create("adder", "Sum two numbers from a queue")
    student.write(SUM)
    page.keyboard.press("Control+s")
    page.wait_for_selector("[data-saved]:not([hidden])")
    form = add_trigger(student, "adder", "Queue")
    form.get_by_label("Queue", exact=True).select_option("numbers")
    form.get_by_role("button", name="Add trigger").click()
    student.sees("The trigger is on.")
    page.goto(f"{student.home}functions/adder/")
    page.locator(".overview").get_by_role("link", name="numbers").wait_for()

    send(student, "numbers", '{"number1": 2, "number2": 3}')
    assert receive(student, "sums") == "5"
    is_empty(student, "numbers")
