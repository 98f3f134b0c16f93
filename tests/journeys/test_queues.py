"""A queue by hand: made, sent to, received from, its dead letters moved back, all without leaving the console."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.live]

HOSTILE = "<img src=x onerror=alert(1)> {{ 7*7 }} <b hx-get='/evil' hx-trigger='load'>bold</b>"


def test_a_queue_is_used_by_hand(student, live):
    page = student.page
    page.goto(f"{student.home}queues/")
    page.get_by_role("link", name="Create a queue").first.click()
    page.get_by_label("Queue name").fill("by-hand")
    page.get_by_role("button", name="Create the queue").click()
    page.wait_for_url("**/queues/by-hand/messages/")

    page.get_by_label("Message body").fill(HOSTILE)
    page.locator("#send").get_by_role("button", name="Send").click()
    page.wait_for_selector("text=The message is sent.")
    expect(page.locator("#depth dd").first).to_have_text(
        "1", timeout=20_000
    )  # the page forbids eval to scripts as well
    page.locator("#received").get_by_role("button", name="Receive").click()
    page.wait_for_selector(".message-body")
    assert page.locator(".message-body").inner_text() == HOSTILE
    assert page.locator(".message-body *").count() == 0
    assert student.accessibility() == []
    page.get_by_role("button", name="Delete", exact=True).first.click()
    page.wait_for_selector("text=The message is deleted.")
    expect(page.locator("#depth dd")).to_have_text(["0", "0", "0"], timeout=20_000)
    student.check()


def test_dead_letters_are_moved_back_by_hand(student, live):
    sqs = live.client("sqs")
    dead = sqs.create_queue(QueueName="by-hand-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    work = sqs.create_queue(QueueName="by-hand-work", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=work["QueueUrl"], MessageBody="poison")
    for _ in range(2):
        sqs.receive_message(QueueUrl=work["QueueUrl"])
    page = student.page

    page.goto(f"{student.home}queues/by-hand-dead/dead-letters/")
    page.get_by_role("button", name="Move 1 message").click()
    page.wait_for_selector("text=Done", timeout=60_000)

    found = sqs.get_queue_attributes(QueueUrl=work["QueueUrl"], AttributeNames=["ApproximateNumberOfMessages"])
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "1"
    student.check()
