"""Names that deceive an eye, a log or a careless pattern are refused by whatever gives names."""

import json
from typing import Any

import botocore.exceptions
import pytest

from functions.archives import pack
from tests.aws.conftest import Cloud

CODE = {"ZipFile": pack({"lambda_function.py": b"def lambda_handler(event, context): return event"})}
ODD = {
    "a line end at the end": "ok\n",
    "a line end and a header": "ok\r\nx: y",
    "full-width digits": "ok１２",
    "a ligature": "ﬁle",
    "a Cyrillic letter": "p\u0430ypal",
    "right to left": "ok\u202etxt",
    "nothing to be seen": "ok\u200b",
    "NUL": "ok\0",
    "a space": "ok ok",
    "a way out": "../../ok",
    "markup": "<b>ok</b>",
    "too long": "x" * 600,
}

FINE = {("log group", "a way out")}  # their names have dots and slashes, on AWS too, and are paths nowhere


def givers(cloud: Cloud, account: Any) -> dict[str, Any]:
    """Whatever gives a name, as a call of that name."""
    client = {
        name: cloud.boto(account, name) for name in ("lambda", "sqs", "sns", "events", "scheduler", "iam", "logs")
    }
    role = f"arn:aws:iam::{account.id}:role/LabRole"
    function = {"Runtime": "python3.13", "Role": role, "Handler": "lambda_function.lambda_handler", "Code": CODE}
    function_arn = client["lambda"].create_function(FunctionName="fine", **function)["FunctionArn"]
    schedule = {
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": function_arn, "RoleArn": role},
    }
    allow = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    principal = {"Service": "lambda.amazonaws.com"}
    trust = _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    policy = _document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    return {
        "function": lambda name: client["lambda"].create_function(FunctionName=name, **function),
        "alias": lambda name: client["lambda"].create_alias(FunctionName="fine", Name=name, FunctionVersion="$LATEST"),
        "layer": lambda name: client["lambda"].publish_layer_version(LayerName=name, Content=CODE),
        "statement": lambda name: client["lambda"].add_permission(FunctionName="fine", StatementId=name, **allow),
        "queue": lambda name: client["sqs"].create_queue(QueueName=name),
        "topic": lambda name: client["sns"].create_topic(Name=name),
        "rule": lambda name: client["events"].put_rule(Name=name, ScheduleExpression="rate(1 day)"),
        "bus": lambda name: client["events"].create_event_bus(Name=name),
        "schedule": lambda name: client["scheduler"].create_schedule(Name=name, **schedule),
        "group": lambda name: client["scheduler"].create_schedule_group(Name=name),
        "role": lambda name: client["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=trust),
        "policy": lambda name: client["iam"].create_policy(PolicyName=name, PolicyDocument=policy),
        "log group": lambda name: client["logs"].create_log_group(logGroupName=name),
    }


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_odd_names_are_refused_by_whatever_gives_names(cloud: Cloud, ada):
    taken, failed = [], []
    for thing, give in givers(cloud, ada).items():
        for oddity, name in ODD.items():
            try:
                give(name)
                taken.append((thing, oddity))
            except botocore.exceptions.ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if not 400 <= status < 500:
                    failed.append((thing, oddity, status))
            except botocore.exceptions.ParamValidationError:
                pytest.fail(f"{thing}, {oddity}: the client did not even ask")

    assert failed == []
    assert set(taken) == FINE
