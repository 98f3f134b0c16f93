"""The dead letters of a queue, moved back by hand in the console."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.live]


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
