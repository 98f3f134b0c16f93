"""Lab: a function may call another one as soon as its role says so, and not before."""

import json

import pytest

from tests.labs.conftest import everywhere
from tests.live import Reachable

pytestmark = everywhere

CALLER = """
import boto3, json
from botocore.exceptions import ClientError

def lambda_handler(event, context):
    try:
        answer = boto3.client("lambda").invoke(FunctionName="Listener9", Payload=json.dumps({"file": "path"}))
        return {"heard": json.loads(answer["Payload"].read())}
    except ClientError as error:
        return error.response["Error"]
"""
LISTENER = "def lambda_handler(event, context): return event"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
MAY_CALL = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:*:*:function:Listener9"}


def document(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def role(live: Reachable):
    """The name of a role that may only write its log."""
    iam = live.client("iam")
    iam.create_role(RoleName="caller-9", AssumeRolePolicyDocument=document(TRUST))
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="caller-9", PolicyArn=basic)
    yield "caller-9"
    iam.detach_role_policy(RoleName="caller-9", PolicyArn=basic)
    for name in iam.list_role_policies(RoleName="caller-9")["PolicyNames"]:
        iam.delete_role_policy(RoleName="caller-9", PolicyName=name)
    iam.delete_role(RoleName="caller-9")


def test_the_listener_hears_the_caller_when_the_role_has_the_permission(make, hand, live: Reachable, role):
    make("Listener9", LISTENER)
    name = make("Caller9", CALLER)
    lambda_ = live.client("lambda")
    own = live.client("sts").get_caller_identity()["Account"]
    lambda_.update_function_configuration(FunctionName=name, Role=f"arn:aws:iam::{own}:role/{role}")

    refused = hand.invoke(name).payload
    assert refused["Code"] == "AccessDeniedException"
    assert (
        f":assumed-role/{role}/{name} is not authorized to perform: lambda:InvokeFunction on resource: "
        in (refused["Message"])
    )
    assert refused["Message"].endswith("because no identity-based policy allows the lambda:InvokeFunction action")

    live.client("iam").put_role_policy(RoleName=role, PolicyName="call", PolicyDocument=document(MAY_CALL))
    assert hand.invoke(name).payload == {"heard": {"file": "path"}}


def test_a_chain_that_comes_back_to_a_function_is_ended_after_sixteen_rounds(make, live: Reachable):
    """As if the function called itself: each call carries the trace that the one before was given."""
    name = make("Ouroboros", "import os\ndef lambda_handler(event, context): return os.environ['_X_AMZN_TRACE_ID']")
    client, trace = live.client("lambda"), {"X-Amzn-Trace-Id": ""}
    client.meta.events.register("before-call.lambda.Invoke", lambda params, **_: params["headers"].update(trace))

    for _round in range(16):
        trace["X-Amzn-Trace-Id"] = json.load(client.invoke(FunctionName=name)["Payload"])
    with pytest.raises(client.exceptions.RecursiveInvocationException):
        client.invoke(FunctionName=name)
