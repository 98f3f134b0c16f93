"""boto3's CloudWatch Logs client and the AWS CLI against the endpoint."""

import os
import subprocess
import sys
from pathlib import Path

import botocore.exceptions
import pytest

from core import clock
from tests.factories import write_log

GROUP = "/aws/lambda/hello"


def refused_with(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


@pytest.fixture
def logs(cloud, ada):
    return cloud.boto(ada, "logs")


def test_a_group_lives_as_terraform_makes_it_live(logs, ada):
    logs.create_log_group(logGroupName="app", tags={"a": "b"})
    logs.put_retention_policy(logGroupName="app", retentionInDays=7)

    (group,) = logs.describe_log_groups(logGroupNamePrefix="app")["logGroups"]
    assert (group["retentionInDays"], group["storedBytes"], group["logGroupClass"]) == (7, 0, "STANDARD")
    assert group["arn"] == f"arn:aws:logs:us-east-1:{ada.id}:log-group:app:*"
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}
    logs.tag_resource(resourceArn=group["logGroupArn"], tags={"c": "d"})
    logs.untag_resource(resourceArn=group["logGroupArn"], tagKeys=["a"])
    assert logs.list_tags_log_group(logGroupName="app")["tags"] == {"c": "d"}
    logs.delete_retention_policy(logGroupName="app")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    logs.delete_log_group(logGroupName="app")
    assert logs.describe_log_groups()["logGroups"] == []


def test_events_are_put_and_read(logs):
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    now = clock.epoch_ms()
    events = [{"timestamp": now, "message": "één"}, {"timestamp": now, "message": "twee\n"}]
    put = logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=events)

    assert "rejectedLogEventsInfo" not in put
    read = logs.get_log_events(logGroupName="app", logStreamName="s", startFromHead=True)
    assert [event["message"] for event in read["events"]] == ["één", "twee\n"]
    again = logs.get_log_events(
        logGroupName="app", logStreamName="s", startFromHead=True, nextToken=read["nextForwardToken"]
    )
    assert (again["events"], again["nextForwardToken"]) == ([], read["nextForwardToken"])
    (stream,) = logs.describe_log_streams(logGroupName="app", orderBy="LastEventTime", descending=True)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now, now)


def test_events_that_are_too_old_are_reported(logs):
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")

    put = logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=[{"timestamp": 1, "message": "x"}])

    assert put["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


def test_what_functions_print_is_found_by_pattern_and_page(logs, ada):
    write_log(ada, "START", "ERROR one", "END", stream="a")
    write_log(ada, "START", "ERROR two", "END", stream="b")

    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, filterPattern="ERROR", PaginationConfig={"PageSize": 1}
    )
    events = [event for page in pages for event in page["events"]]
    assert [(event["logStreamName"], event["message"]) for event in events] == [("a", "ERROR one"), ("b", "ERROR two")]
    assert len({event["eventId"] for event in events}) == 2
    assert all(event["ingestionTime"] for event in events)


def test_mistakes_have_the_codes_that_tools_look_for(logs):
    logs.create_log_group(logGroupName="app")

    assert refused_with(logs.create_log_group, logGroupName="app") == (
        "ResourceAlreadyExistsException",
        400,
        "The specified log group already exists",
    )
    assert refused_with(logs.filter_log_events, logGroupName="none") == (
        "ResourceNotFoundException",
        400,
        "The specified log group does not exist.",
    )
    assert refused_with(logs.get_log_events, logGroupName="app", logStreamName="none")[2] == (
        "The specified log stream does not exist."
    )
    for call, arguments in [
        (logs.filter_log_events, {"logGroupName": "app", "filterPattern": "{"}),
        (logs.filter_log_events, {"logGroupName": "app", "nextToken": "x"}),
        (logs.describe_log_groups, {"nextToken": "x"}),
        (logs.create_log_group, {"logGroupName": "a b"}),
        (logs.create_log_group, {"logGroupName": "b", "deletionProtectionEnabled": True}),
        (logs.put_retention_policy, {"logGroupName": "app", "retentionInDays": 2}),
        (logs.describe_log_streams, {}),
    ]:
        assert refused_with(call, **arguments)[:2] == ("InvalidParameterException", 400)


def test_mallory_sees_nothing_of_ada(cloud, ada, mallory, logs):
    write_log(ada, "secret")
    other = cloud.boto(mallory, "logs")
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    stream = {"logGroupName": GROUP, "logStreamName": "2026/11/23/[$LATEST]aa"}

    assert other.describe_log_groups()["logGroups"] == []
    for call, arguments in [
        (other.filter_log_events, {"logGroupName": GROUP}),
        (other.filter_log_events, {"logGroupIdentifier": arn}),
        (other.get_log_events, stream),
        (other.put_log_events, {**stream, "logEvents": [{"timestamp": clock.epoch_ms(), "message": "x"}]}),
        (other.describe_log_streams, {"logGroupName": GROUP}),
        (other.delete_log_stream, stream),
        (other.delete_log_group, {"logGroupName": GROUP}),
        (other.put_retention_policy, {"logGroupName": GROUP, "retentionInDays": 1}),
        (other.list_tags_for_resource, {"resourceArn": arn}),
        (other.tag_resource, {"resourceArn": arn, "tags": {"a": "b"}}),
    ]:
        assert refused_with(call, **arguments)[:2] == ("ResourceNotFoundException", 400)
    assert len(logs.filter_log_events(logGroupName=GROUP)["events"]) == 1


def test_the_command_line_shows_what_a_function_printed(cloud, ada, tmp_path):
    write_log(ada, "START\n", "hello from the function\n", "END\n")
    key = cloud.key(ada)
    aws = Path(sys.executable).parent / "aws"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    command = [str(aws), "logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", "hello"]
    answer = subprocess.run(
        [*command, "--query", "events[].message", "--output", "text"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert answer.stdout.strip() == "hello from the function", answer.stderr
