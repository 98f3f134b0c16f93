"""CloudWatch by boto3 in both of its protocols, and live tails of logs."""

import threading
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.httpsession
import botocore.parsers
import botocore.serialize
import botocore.session
import pytest

from accounts.models import Account
from core import clock
from runner.models import Invocation, InvocationType, State
from tests.aws.conftest import Boto, Form, Json
from tests.factories import write_log

DIMENSIONS = [{"Name": "Page", "Value": "home"}]


@pytest.fixture(params=["json", "query"])
def cloudwatch(request, ada_boto):
    if request.param == "json":
        return Json(ada_boto, "cloudwatch")
    model = botocore.session.get_session().get_service_model("cloudwatch")
    return Form(ada_boto, model, signed_for="monitoring")


def span(now: datetime) -> dict[str, datetime]:
    return {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=1)}


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def put(call, now, *values):
    call(
        "PutMetricData",
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Orders", "Dimensions": DIMENSIONS, "Timestamp": now, "Value": value, "Unit": "Count"}
            for value in values
        ],
    )


def test_values_that_were_put_are_read_by_statistic(cloudwatch, now):
    put(cloudwatch, now, 1.0, 4.5)

    answer = cloudwatch(
        "GetMetricStatistics",
        Namespace="Shop",
        MetricName="Orders",
        Dimensions=DIMENSIONS,
        Period=60,
        Statistics=["Sum", "Average", "SampleCount"],
        ExtendedStatistics=["p100"],
        **span(now),
    )

    (point,) = answer["Datapoints"]
    assert answer["Label"] == "Orders"
    assert point["Timestamp"] == now.replace(second=0)
    assert (point["Sum"], point["Average"], point["SampleCount"], point["Unit"]) == (5.5, 2.75, 2.0, "Count")
    assert point["ExtendedStatistics"]["p100"] == pytest.approx(4.5, rel=0.01)
    assert "Maximum" not in point


def test_many_metrics_are_read_at_once_with_an_expression(cloudwatch, now):
    put(cloudwatch, now, 3.0)
    metric = {"Namespace": "Shop", "MetricName": "Orders", "Dimensions": DIMENSIONS}

    answer = cloudwatch(
        "GetMetricData",
        MetricDataQueries=[
            {"Id": "orders", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
            {"Id": "twice", "Expression": "orders * 2", "Label": "Twice"},
        ],
        **span(now),
    )

    results = {one["Id"]: one for one in answer["MetricDataResults"]}
    assert results["orders"]["Values"] == [3.0]
    assert results["twice"]["Values"] == [6.0]
    assert results["twice"]["Label"] == "Twice"
    assert results["twice"]["Timestamps"] == [now.replace(second=0)]
    assert results["twice"]["StatusCode"] == "Complete"


def test_a_large_put_that_the_client_compresses_is_stored(ada_boto, now):
    call = Json(ada_boto, "cloudwatch")
    put(call, now, *[1.0] * 1000)

    answer = call(
        "GetMetricStatistics",
        Namespace="Shop",
        MetricName="Orders",
        Dimensions=DIMENSIONS,
        Period=60,
        Statistics=["Sum"],
        **span(now),
    )

    assert [point["Sum"] for point in answer["Datapoints"]] == [1000.0]


def test_metrics_are_listed(cloudwatch, now):
    put(cloudwatch, now, 1.0)

    answer = cloudwatch("ListMetrics", Namespace="Shop", Dimensions=[{"Name": "Page"}])

    assert answer["Metrics"] == [{"Namespace": "Shop", "MetricName": "Orders", "Dimensions": DIMENSIONS}]


def test_errors_have_the_codes_that_clients_know(cloudwatch, now):
    def code_of(name, **members):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            cloudwatch(name, **members)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return refused.value.response["Error"]["Code"]

    asked = {"Namespace": "Shop", "MetricName": "Orders", "Period": 60, "Statistics": ["Sum"]}
    long = {"StartTime": now - timedelta(days=3), "EndTime": now}
    assert code_of("GetMetricStatistics", **asked, **long) == "InvalidParameterCombination"
    assert code_of("GetMetricStatistics", **(asked | {"Period": 7}), **span(now)) == "InvalidParameterValue"
    assert code_of("PutMetricData", Namespace="AWS/Mine", MetricData=[{"MetricName": "m", "Value": 1.0}]) == (
        "InvalidParameterValue"
    )
    assert code_of("GetMetricData", MetricDataQueries=[{"Id": "a", "Expression": "SEARCH(1)"}], **span(now)) == (
        "ValidationError"
    )
    assert code_of("ListMetrics", NextToken="no") == "InvalidNextToken"


def test_an_operation_that_is_not_there_is_named(ada_boto):
    with pytest.raises(botocore.exceptions.ClientError, match=r"cloudwatch\.DescribeAlarms is not available"):
        ada_boto.client("cloudwatch").describe_alarms()


def test_what_functions_did_is_in_their_metrics(ada_boto, now):
    ended = clock.now()
    for failed in (False, True):
        Invocation.objects.create(
            id=uuid.uuid4(),
            account=ada_boto.account,
            function_name="hello",
            version="$LATEST",
            invocation_type=InvocationType.REQUEST_RESPONSE,
            state=State.FAILED if failed else State.SUCCEEDED,
            asked_at=ended,
            started_at=ended,
            finished_at=ended,
            duration_ms=12.5,
        )

    answer = ada_boto.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "hello"}],
        Period=3600,
        Statistics=["Sum", "SampleCount"],
        **span(now),
    )

    assert [(point["Sum"], point["SampleCount"]) for point in answer["Datapoints"]] == [(1.0, 2.0)]


# -- live tail -------------------------------------------------------------------------------------


GROUP = "/aws/lambda/hello"


def tail_of(boto: Boto, **more):
    """Begin a live tail; the stream."""
    config = botocore.config.Config(inject_host_prefix=False, retries={"max_attempts": 0})
    client = boto3.client(
        "logs",
        endpoint_url=boto.endpoint,
        region_name="us-east-1",
        aws_access_key_id=boto.key.id,
        aws_secret_access_key=boto.key.secret,
        config=config,
    )
    arn = f"arn:aws:logs:us-east-1:{boto.account.pk}:log-group:{GROUP}"
    return client.start_live_tail(logGroupIdentifiers=[arn], **more)["responseStream"]


def first_update(stream):
    """The first update that has events."""
    return next(
        event["sessionUpdate"]
        for event in stream
        if "sessionUpdate" in event and event["sessionUpdate"]["sessionResults"]
    )


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr("aws.services.logs.tail.EVERY_S", 0.02)


def test_a_live_tail_shows_what_arrives_after_it_began(ada_boto, fast):
    account: Account = ada_boto.account
    write_log(account, "before")

    with closing(tail_of(ada_boto)) as stream:
        events = iter(stream)
        started = next(events)["sessionStart"]
        write_log(account, "one", "two")
        update = first_update(events)

    assert started["logGroupIdentifiers"] == [f"arn:aws:logs:us-east-1:{account.pk}:log-group:{GROUP}"]
    assert [event["message"] for event in update["sessionResults"]] == ["one", "two"]
    assert update["sessionMetadata"] == {"sampled": False}
    assert {"logStreamName", "logGroupIdentifier", "timestamp", "ingestionTime"} < set(update["sessionResults"][0])


def test_a_live_tail_shows_only_what_matches_its_pattern_and_streams(ada_boto, fast):
    account = ada_boto.account
    write_log(account, "before")

    with closing(tail_of(ada_boto, logEventFilterPattern="ERROR", logStreamNamePrefixes=["a/"])) as stream:
        events = iter(stream)
        next(events)
        write_log(account, "ERROR elsewhere", stream="b/1")
        write_log(account, "fine", "ERROR here", stream="a/1")
        update = first_update(events)

    assert [event["message"] for event in update["sessionResults"]] == ["ERROR here"]


def test_more_events_than_an_update_holds_are_sampled(ada_boto, fast):
    account = ada_boto.account
    write_log(account, "before")

    with closing(tail_of(ada_boto)) as stream:
        events = iter(stream)
        next(events)
        write_log(account, *(f"{n}" for n in range(1200)))
        update = first_update(events)

    assert update["sessionMetadata"] == {"sampled": True}
    assert 200 < len(update["sessionResults"]) <= 500


def test_a_live_tail_ends_after_three_hours(ada_boto, fast, monkeypatch):
    monkeypatch.setattr("aws.services.logs.tail.SESSION_S", 0.05)
    write_log(ada_boto.account, "before")

    with pytest.raises(botocore.exceptions.EventStreamError, match="SessionTimeoutException"):
        list(tail_of(ada_boto))


def test_a_live_tail_that_nobody_listens_to_ends(ada_boto, fast):
    from aws.services.logs import tail

    write_log(ada_boto.account, "before")
    stream = tail_of(ada_boto)
    next(iter(stream))
    assert tail._sessions[ada_boto.account.pk] == 1

    stream.close()

    end = clock.monotonic() + 60
    while tail._sessions[ada_boto.account.pk]:
        assert clock.monotonic() < end, "it did not end"
        threading.Event().wait(0.01)


def test_live_tails_see_no_other_accounts_groups_and_are_few(ada_boto, mallory_boto, fast, monkeypatch):
    write_log(ada_boto.account, "before")

    with pytest.raises(botocore.exceptions.ClientError) as refused:
        tail_of(mallory_boto)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    monkeypatch.setattr("aws.services.logs.tail.SESSIONS_PER_ACCOUNT", 0)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        tail_of(ada_boto)
    assert refused.value.response["Error"]["Code"] == "LimitExceededException"
