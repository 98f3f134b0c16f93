"""The deployment that people really use: it runs functions, shows nobody more than it must, and loses nothing."""

import io
import json
import urllib.request
import zipfile

import pytest

from tests.deployment import Deployment
from tests.live import eventually

pytestmark = [pytest.mark.engine, pytest.mark.live, pytest.mark.xdist_group("compose")]
HANDLER = """
import boto3

def handler(event, context):
    print("got", event["number"])
    return [event["number"], boto3.client("sts").get_caller_identity()["Account"]]
"""


def package() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", HANDLER)
    return data.getvalue()


@pytest.fixture(scope="module")
def function(deployment: Deployment) -> str:
    account = deployment.client("sts").get_caller_identity()["Account"]
    deployment.client("lambda").create_function(
        FunctionName="hello",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{account}:role/LabRole",
        Handler="app.handler",
        Code={"ZipFile": package()},
        Timeout=20,
    )
    return "hello"


def invoke(deployment: Deployment, function: str, number: int) -> list[object]:
    answer = deployment.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"number": number}))
    assert "FunctionError" not in answer
    value: list[object] = json.load(answer["Payload"])
    return value


def test_a_function_runs_and_its_own_aws_calls_are_answered(deployment: Deployment, function: str):
    account = deployment.client("sts").get_caller_identity()["Account"]
    assert invoke(deployment, function, 1) == [1, account]


def test_the_console_answers_on_a_port_of_its_own(deployment: Deployment):
    with urllib.request.urlopen(f"http://127.0.0.1:{deployment.console_port}/") as answer:
        assert "text/html" in answer.headers["Content-Type"]


def test_the_broker_alone_has_the_engines_socket_and_nobody_can_reach_it(deployment: Deployment):
    containers = deployment.containers()
    holders = {
        name
        for name, one in containers.items()
        if any("docker.sock" in mount["Destination"] for mount in one["Mounts"])
    }
    assert holders == {"broker"}
    assert containers["broker"]["HostConfig"]["NetworkMode"] == "none"


def test_two_ports_are_published_and_the_database_and_the_messenger_have_no_network(deployment: Deployment):
    containers = deployment.containers()
    published = {name for name, one in containers.items() if one["HostConfig"]["PortBindings"]}
    assert published == {"console", "api"}
    for name in ("redis", "postgres", "beat"):
        assert containers[name]["HostConfig"]["NetworkMode"] == "none"


def test_a_functions_container_sees_nothing_of_the_deployment(deployment: Deployment, function: str):
    invoke(deployment, function, 2)
    sandboxes = deployment.sandboxes()
    assert sandboxes
    for sandbox in sandboxes:
        assert sandbox["HostConfig"]["NetworkMode"] == "none"
        assert sandbox["HostConfig"]["CapDrop"] == ["ALL"]
        of_etc = {f"/etc/{name}" for name in ("passwd", "group", "hosts", "resolv.conf")}
        assert {mount["Destination"] for mount in sandbox["Mounts"]} <= {
            "/var/task",
            "/opt",
            "/var/wire",
            "/tmp",
            *of_etc,
        }
        assert not any(mount["RW"] for mount in sandbox["Mounts"] if mount["Type"] == "bind")


def test_events_that_were_accepted_before_everything_was_killed_are_executed_afterwards(
    deployment: Deployment, function: str
):
    lambda_, logs = deployment.client("lambda"), deployment.client("logs")
    deployment.compose("stop", "worker-events")
    for number in range(100, 120):
        accepted = lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps({"number": number}))
        assert accepted["StatusCode"] == 202
    deployment.compose("kill")
    deployment.up()
    expected = {f"got {number}" for number in range(100, 120)}

    def executed() -> set[str]:
        found = logs.filter_log_events(logGroupName="/aws/lambda/hello", filterPattern="got", limit=1000)
        return {event["message"].strip() for event in found["events"]} & expected

    assert eventually(executed, lambda seen: seen == expected, within_s=120, every_s=1) == expected
    assert invoke(deployment, function, 3)[0] == 3


def test_when_it_is_taken_down_no_container_is_left(deployment: Deployment, function: str):
    invoke(deployment, function, 4)
    deployment.compose("stop")
    assert deployment.sandboxes() == []
    deployment.up()
    assert invoke(deployment, function, 5)[0] == 5
