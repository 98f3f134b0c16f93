"""Queues by the ``aws`` command; by Terraform: ``test_terraform.py``."""

import json
import os
import subprocess
import sys
from pathlib import Path


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
