"""Terraform applies, sees no difference, updates and destroys.

Needs ``terraform`` on the path and its AWS provider in a filesystem mirror named by ``PUPITRE_TF_PLUGIN_DIR``.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from functions import archives

PLUGINS = os.environ.get("PUPITRE_TF_PLUGIN_DIR", "")

pytestmark = [
    pytest.mark.once,
    pytest.mark.clients,
    pytest.mark.xdist_group("terraform"),
    pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed"),
    pytest.mark.skipif(not PLUGINS, reason="PUPITRE_TF_PLUGIN_DIR names no mirror of Terraform's providers"),
]

HEADER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "memory" { default = 128 }
provider "aws" { region = "us-east-1" }
"""

STACK = (
    HEADER
    + """
resource "aws_iam_role" "hello" {
  name = "hello-role"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}
resource "aws_lambda_layer_version" "numbers" {
  layer_name          = "numbers"
  filename            = "layer.zip"
  source_code_hash    = filebase64sha256("layer.zip")
  compatible_runtimes = ["python3.13"]
}
resource "aws_lambda_function" "hello" {
  function_name    = "hello"
  filename         = "code.zip"
  source_code_hash = filebase64sha256("code.zip")
  runtime          = "python3.13"
  handler          = "lambda_function.lambda_handler"
  role             = aws_iam_role.hello.arn
  layers           = [aws_lambda_layer_version.numbers.arn]
  memory_size      = var.memory
  timeout          = 60
  publish          = true
  environment { variables = { foo = "bar" } }
  tags = { team = "red" }
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.hello.function_name
  function_version = aws_lambda_function.hello.version
}
resource "aws_lambda_permission" "s3" {
  statement_id  = "from-s3"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hello.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "s3.amazonaws.com"
  source_arn    = "arn:aws:s3:::bucket"
}
resource "aws_lambda_function_event_invoke_config" "hello" {
  function_name          = aws_lambda_function.hello.function_name
  maximum_retry_attempts = 0
}
"""
)

# The slide's function as it stands there; then a queue with its dead letters, and all that can set a function off.
EVENTS = (
    HEADER
    + """
resource "aws_lambda_function" "first" {
  function_name = "first_lambda"
  filename      = "code.zip"
  runtime       = "python3.8"
  memory_size   = var.memory
  timeout       = 60
  role          = "arn:aws:iam::147552475298:role/LabRole"
  handler       = "lambda_function.lambda_handler"
  environment { variables = { foo = "bar" } }
}
resource "aws_lambda_function" "worker" {
  function_name = "worker"
  filename      = "code.zip"
  runtime       = "python3.13"
  timeout       = 10
  memory_size   = var.memory
  role          = "arn:aws:iam::147552475298:role/LabRole"
  handler       = "lambda_function.lambda_handler"
}
resource "aws_sqs_queue" "dead" {
  name                      = "dead"
  message_retention_seconds = 1209600
}
resource "aws_sqs_queue" "input" {
  name                       = "input"
  visibility_timeout_seconds = 60
  receive_wait_time_seconds  = 20
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 4 })
  tags                       = { course = "cloud" }
}
resource "aws_sqs_queue" "ordered" {
  name                        = "ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
}
resource "aws_sqs_queue_policy" "ordered" {
  queue_url = aws_sqs_queue.ordered.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage"
      Resource = aws_sqs_queue.ordered.arn
    }]
  })
}
resource "aws_lambda_event_source_mapping" "input" {
  event_source_arn        = aws_sqs_queue.input.arn
  function_name           = aws_lambda_function.worker.arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config { maximum_concurrency = 2 }
  filter_criteria {
    filter { pattern = jsonencode({ body = { kind = ["order"] } }) }
  }
}
resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
  tags                = { team = "red" }
}
resource "aws_cloudwatch_event_target" "hourly" {
  rule  = aws_cloudwatch_event_rule.hourly.name
  arn   = aws_lambda_function.worker.arn
  input = jsonencode({ warm = true })
}
resource "aws_lambda_permission" "hourly" {
  statement_id  = "hourly"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.worker.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.hourly.arn
}
resource "aws_cloudwatch_event_bus" "shop" { name = "shop" }
resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ source = ["my.shop"] })
}
resource "aws_scheduler_schedule_group" "lab" { name = "lab" }
resource "aws_scheduler_schedule" "nightly" {
  name                         = "nightly"
  group_name                   = aws_scheduler_schedule_group.lab.name
  schedule_expression          = "cron(0 3 * * ? *)"
  schedule_expression_timezone = "Europe/Paris"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_lambda_function.worker.arn
    role_arn = replace(aws_lambda_function.worker.role, "147552475298", data.aws_caller_identity.me.account_id)
    input    = jsonencode({ night = true })
  }
}
data "aws_caller_identity" "me" {}
resource "aws_sns_topic" "news" { name = "news" }
"""
)


def code(answer: int) -> bytes:
    return archives.pack({"lambda_function.py": f"def lambda_handler(event, context):\n    return {answer}\n".encode()})


@pytest.fixture
def terraform(ada_boto, tmp_path: Path) -> Callable[..., int]:
    """Runs terraform in a folder of its own as ada; returns its exit code, or fails with what it printed."""
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{PLUGINS}" }}\n}}\n')
    (folder / "code.zip").write_bytes(code(1))
    (folder / "layer.zip").write_bytes(archives.pack({"python/numbers_of_mine.py": b"ONE = 1\n"}))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TF_CLI_CONFIG_FILE": str(folder / "rc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_ENDPOINT_URL": ada_boto.endpoint,
        "AWS_ACCESS_KEY_ID": ada_boto.key.id,
        "AWS_SECRET_ACCESS_KEY": ada_boto.key.secret,
    }

    def run(*arguments: str, stack: str = "", allowed: tuple[int, ...] = (0,)) -> int:
        if stack:
            (folder / "main.tf").write_text(stack)
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in allowed, done.stdout + done.stderr
        return done.returncode

    run.folder = folder  # type: ignore[attr-defined]
    return run


NO_DIFFERENCE = ("plan", "-input=false", "-detailed-exitcode")
APPLY = ("apply", "-auto-approve", "-input=false")


def test_a_stack_is_applied_changed_and_destroyed_without_a_trace(terraform, ada_boto):
    client = ada_boto.lambda_
    terraform("init", "-input=false", stack=STACK)

    terraform(*APPLY)
    assert terraform(*NO_DIFFERENCE) == 0
    assert client.get_alias(FunctionName="hello", Name="live")["FunctionVersion"] == "1"
    assert client.list_tags(Resource=client.get_function(FunctionName="hello")["Configuration"]["FunctionArn"])[
        "Tags"
    ] == {"team": "red"}

    (terraform.folder / "code.zip").write_bytes(code(2))
    terraform(*APPLY, "-var=memory=256")
    assert terraform(*NO_DIFFERENCE, "-var=memory=256") == 0
    live = client.get_function_configuration(FunctionName="hello", Qualifier="live")
    assert (live["Version"], live["MemorySize"]) == ("2", 256)

    terraform("destroy", "-auto-approve", "-input=false", "-var=memory=256")
    assert client.list_functions()["Functions"] == []
    assert client.list_layers()["Layers"] == []


def test_the_slides_function_and_all_that_sets_functions_off_are_applied_and_destroyed(terraform, ada_boto):
    client, sqs = ada_boto.lambda_, ada_boto.client("sqs")
    terraform("init", "-input=false", stack=EVENTS)

    terraform(*APPLY)

    assert terraform(*NO_DIFFERENCE) == 0
    assert client.get_function_configuration(FunctionName="first_lambda")["Runtime"] == "python3.8"
    [mapping] = client.list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (5, {"MaximumConcurrency": 2})
    attributes = sqs.get_queue_attributes(QueueUrl="input", AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 4
    attributes = sqs.get_queue_attributes(QueueUrl="ordered.fifo", AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["Policy"])["Statement"][0]["Action"] == "sqs:SendMessage"
    assert ada_boto.client("events").list_targets_by_rule(Rule="hourly")["Targets"][0]["Input"] == '{"warm":true}'
    schedule = ada_boto.client("scheduler").get_schedule(Name="nightly", GroupName="lab")
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Paris"
    terraform("destroy", "-auto-approve", "-input=false")
    assert client.list_functions()["Functions"] == client.list_event_source_mappings()["EventSourceMappings"] == []
    assert ada_boto.client("events").list_rules()["Rules"] == []
    assert "QueueUrls" not in sqs.list_queues()
