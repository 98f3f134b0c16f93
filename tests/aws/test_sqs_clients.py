"""Queues by the ``aws`` command and by Terraform."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.test_lambda_terraform import APPLY, HEADER, NO_DIFFERENCE, PLUGINS, shutil, terraform

__all__ = ["terraform"]

STACK = (
    HEADER
    + """
resource "aws_sqs_queue" "dead" {
  name                      = "dead-letters"
  message_retention_seconds = 1209600
}
resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 60
  receive_wait_time_seconds  = 20
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 4 })
  tags = { course = "cloud" }
}
resource "aws_sqs_queue" "ordered" {
  name                        = "ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
}
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage"
      Resource = aws_sqs_queue.orders.arn
    }]
  })
}
"""
)


@pytest.mark.clients
@pytest.mark.once
@pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed")
@pytest.mark.skipif(not PLUGINS, reason="PUPITRE_TF_PLUGIN_DIR names no mirror of Terraform's providers")
def test_terraform_makes_queues_sees_no_difference_and_removes_them(terraform, ada_boto):
    sqs = ada_boto.client("sqs")
    terraform("init", "-input=false", stack=STACK)

    terraform(*APPLY)
    assert terraform(*NO_DIFFERENCE) == 0
    attributes = sqs.get_queue_attributes(QueueUrl="orders", AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 4
    assert json.loads(attributes["Policy"])["Statement"][0]["Action"] == "sqs:SendMessage"
    terraform("destroy", "-auto-approve", "-input=false")
    assert "QueueUrls" not in sqs.list_queues()


def test_the_aws_command_sends_receives_and_deletes(ada_boto, tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": ada_boto.key.id,
        "AWS_SECRET_ACCESS_KEY": ada_boto.key.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def aws(*words):
        # Version 1 of the command takes the address from its own list of old names of SQS, unless it is told it in words.
        command = (str(Path(sys.executable).with_name("aws")), "--endpoint-url", ada_boto.endpoint, "sqs", *words)
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    url = aws("create-queue", "--queue-name", "orders", "--attributes", "VisibilityTimeout=60")["QueueUrl"]
    sent = aws("send-message", "--queue-url", url, "--message-body", '{"number": 1}')
    (message,) = aws("receive-message", "--queue-url", url, "--attribute-names", "All")["Messages"]
    aws("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])

    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], '{"number": 1}')
    assert aws("receive-message", "--queue-url", url) == {}
