"""Lab: a function that is triggered periodically; the same rule by the console's words, boto3's and the CLI's."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.wiring import Wiring
from tests.live import Reachable

pytestmark = [pytest.mark.places("boto3"), pytest.mark.once]

ECHO = "import json\ndef lambda_handler(event, context): print('EVENT ' + json.dumps(event))"


def events_in(lines):
    return [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]


def aws(live: Reachable, *words: str):
    command = (str(Path(sys.executable).with_name("aws")), *words)
    done = subprocess.run(command, env=live.client_environment(), capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else {}


def test_a_rule_and_a_schedule_run_a_function_minute_after_minute(make, wiring: Wiring, live: Reachable, log_of):
    """AT-000-7, AT-001-3. The schedule of Scheduler begins at once, so two runs of it take a minute."""
    arn = wiring.function_arn(make("Periodic", ECHO))
    rule = aws(live, "events", "put-rule", "--name", "each-minute", "--schedule-expression", "rate(1 minute)")[
        "RuleArn"
    ]
    permit = ("--statement-id", "minute", "--action", "lambda:InvokeFunction", "--principal", "events.amazonaws.com")
    aws(live, "lambda", "add-permission", "--function-name", "Periodic", *permit, "--source-arn", rule)
    aws(live, "events", "put-targets", "--rule", "each-minute", "--targets", f"Id=1,Arn={arn}")
    target = json.dumps({"Arn": arn, "RoleArn": f"arn:aws:iam::{wiring.account}:role/LabRole"})
    window = ("--flexible-time-window", "Mode=OFF", "--target", target)
    aws(live, "scheduler", "create-schedule", "--name", "minutely", "--schedule-expression", "rate(1 minute)", *window)
    try:
        events = events_in(log_of("Periodic", runs=3, within_s=240))
    finally:
        aws(live, "scheduler", "delete-schedule", "--name", "minutely")
        aws(live, "events", "remove-targets", "--rule", "each-minute", "--ids", "1")
        aws(live, "events", "delete-rule", "--name", "each-minute")
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    by_rule = [event for event in events if event["source"] == "aws.events"]
    by_scheduler = [event for event in events if event["source"] == "aws.scheduler"]
    assert by_rule[0]["resources"] == [rule]
    assert len(by_scheduler) >= 2
