"""Functions that invoke themselves through boto3 on the running product: the chain ends where AWS ends it."""

import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from tests.live import Live, eventually

HOPS = 16
ITSELF = """
import json
import boto3
client = boto3.client("lambda")
def lambda_handler(event, context):
    print("round", event["round"])
    again = json.dumps({"round": event["round"] + 1})
    client.invoke(FunctionName=context.function_name, InvocationType="Event", Payload=again)
"""
LISTENER = """
import json
def lambda_handler(event, context):
    print("told", json.dumps(event))
"""


def create(live: Live, code: str) -> str:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("lambda_function.py", code)
    name = f"loop-{uuid.uuid4().hex[:8]}"
    role = live.client("iam").get_role(RoleName="LabRole")["Role"]["Arn"]
    live.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=role,
        Code={"ZipFile": data.getvalue()},
        Timeout=60,
        MemorySize=256,
    )
    return name


def log_of(live: Live, name: str) -> list[str]:
    logs = live.client("logs")
    group = f"/aws/lambda/{name}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"].rstrip("\n") for page in pages for event in page["events"]]


@pytest.fixture(
    params=[
        pytest.param("product", id="bubblewrap"),
        pytest.param("live_on_docker", id="docker", marks=[pytest.mark.engine, pytest.mark.xdist_group("docker")]),
    ]
)
def live(request: pytest.FixtureRequest) -> Live:
    """The product, with functions held in the one way and in the other."""
    found: Live = request.getfixturevalue(request.param)
    return found


def test_a_function_that_sends_itself_events_is_stopped_and_its_destination_gets_the_last(live: Live):
    client, looping, listener = live.client("lambda"), create(live, ITSELF), create(live, LISTENER)
    arn = client.get_function_configuration(FunctionName=listener)["FunctionArn"]
    client.put_function_event_invoke_config(FunctionName=looping, DestinationConfig={"OnFailure": {"Destination": arn}})

    client.invoke(FunctionName=looping, InvocationType="Event", Payload=b'{"round": 1}')
    told = eventually(
        lambda: [line for line in log_of(live, listener) if line.startswith("told ")],
        lambda lines: bool(lines),
        within_s=180,
    )

    record = json.loads(told[0].removeprefix("told "))
    assert record["requestPayload"] == {"round": HOPS + 1}
    assert record["requestContext"]["condition"] == "RecursiveInvocation"
    assert record["requestContext"]["functionArn"].endswith(f":function:{looping}:$LATEST")
    rounds = [line for line in log_of(live, looping) if line.startswith("round ")]
    assert rounds == [f"round {number}" for number in range(1, HOPS + 1)]
    assert dropped(live, looping) == 1


def dropped(live: Live, name: str) -> float:
    """What the metric of stopped loops says about the function."""
    moment = datetime.now(UTC)
    answer = live.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="RecursiveInvocationsDropped",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=moment - timedelta(hours=2),
        EndTime=moment + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))
