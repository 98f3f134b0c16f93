"""Values that accounts send: stored by the minute, answered as CloudWatch answers them."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from accounts.services import create_account
from core import clock
from core.errors import ServiceError
from logs import metrics
from logs.metrics import Datum, MetricId, StatisticSet, store
from logs.metrics.recorder import Recorder
from logs.models import Metric, MetricPoint
from tests.logs.measuring import NAME, get, put

# -- storing and reading ---------------------------------------------------------------------------


def test_values_of_one_minute_are_one_point(ada, frozen_clock):
    put(ada, 1.0, 2.0)
    put(ada, 6.0)

    (point,) = get(ada, statistics=("SampleCount", "Average", "Sum", "Minimum", "Maximum"))

    assert point.at == clock.now()
    assert point.unit == "None"
    assert point.statistics == {"SampleCount": 3, "Average": 3, "Sum": 9, "Minimum": 1, "Maximum": 6}
    assert MetricPoint.objects.count() == 1


def test_another_account_sees_nothing(ada, mallory, frozen_clock):
    put(ada, 1.0)

    assert not get(mallory)
    assert metrics.list_metrics(account=mallory) == ([], None)


def test_dimensions_in_another_order_are_the_same_metric(ada, frozen_clock):
    put(ada, 1.0, name=MetricId.of("App", "M", [("b", "2"), ("a", "1")]))

    (point,) = get(ada, name=MetricId.of("App", "M", [("a", "1"), ("b", "2")]))

    assert point.statistics == {"Sum": 1}


def test_a_metric_without_its_dimensions_is_another_metric(ada, frozen_clock):
    put(ada, 1.0)

    assert not get(ada, name=MetricId.of("App", "Latency"))


def test_units_are_answered_apart(ada, frozen_clock):
    put(ada, 1.0, unit="Seconds")
    put(ada, 10.0, unit="Count")

    assert [(point.unit, point.statistics["Sum"]) for point in get(ada)] == [("Count", 10), ("Seconds", 1)]
    assert [point.statistics["Sum"] for point in get(ada, unit="Count")] == [10]


def test_high_resolution_is_answered_by_the_second(ada, frozen_clock):
    put(ada, 1.0, resolution=1)
    frozen_clock.advance(seconds=10)
    put(ada, 2.0, resolution=1)

    assert [point.statistics["Sum"] for point in get(ada, period=1, seconds=60)] == [1, 2]
    assert [point.statistics["Sum"] for point in get(ada, period=60, seconds=60)] == [3]


def test_the_start_is_rounded_down_to_the_minute_and_the_end_is_not_included(ada, frozen_clock):
    put(ada, 1.0)
    frozen_clock.advance(seconds=59)
    now = clock.now()

    def ask(start, end):
        return metrics.get_metric_statistics(
            account=ada, metric=NAME, start=start, end=end, period=60, statistics=["Sum"]
        )

    assert len(ask(now, now + timedelta(minutes=1))) == 1
    assert not ask(now - timedelta(minutes=2), now - timedelta(seconds=59))


def test_values_with_counts_and_statistic_sets_are_added_up(ada, frozen_clock):
    metrics.put_metric_data(
        account=ada,
        namespace="App",
        data=[
            Datum(name="M", values=[1.0, 5.0], counts=[2.0, 1.0]),
            Datum(name="M", statistics=StatisticSet(count=2, total=20, minimum=8, maximum=12)),
        ],
    )

    (point,) = get(ada, name=MetricId.of("App", "M"), statistics=("SampleCount", "Sum", "Minimum", "Maximum"))

    assert point.statistics == {"SampleCount": 5, "Sum": 27, "Minimum": 1, "Maximum": 12}


def test_percentiles_are_told_only_where_the_spread_is_known(ada, frozen_clock):
    put(ada, *map(float, range(1, 101)))
    metrics.put_metric_data(
        account=ada, namespace="App", data=[Datum(name="Set", statistics=StatisticSet(2, 20, 8, 12))]
    )

    (point,) = get(ada, extended=("p50", "p99"), statistics=())
    (of_set,) = get(ada, name=MetricId.of("App", "Set"), extended=("p50",))

    assert point.extended["p50"] == pytest.approx(50, rel=0.01)
    assert point.extended["p99"] == pytest.approx(99, rel=0.01)
    assert of_set.extended == {}


# -- what is refused -------------------------------------------------------------------------------


REFUSED = [
    (Datum(name="M"), "MissingParameter", "At least one of the parameters MetricData.member.1.Value"),
    (
        Datum(name="M", value=1.0, values=[1.0]),
        "InvalidParameterCombination",
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have "
        "specified both.",
    ),
    (
        Datum(name="M", values=[1.0], counts=[1.0, 2.0]),
        "InvalidParameterValue",
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
    ),
    (Datum(name="M", value=math.nan), "InvalidParameterValue", "MetricData.member.1.Value is invalid"),
    (Datum(name="M", value=2.0**361), "InvalidParameterValue", "MetricData.member.1.Value is invalid"),
    (Datum(name="M", values=[1.0] * 151), "InvalidParameterValue", "must not have a size greater than 150"),
    (Datum(name="M", values=[1.0], counts=[0.0]), "InvalidParameterValue", "MetricData.member.1.Counts is invalid"),
    (Datum(name="M", value=1.0, resolution=5), "InvalidParameterValue", "StorageResolution is invalid"),
    (Datum(name="M", statistics=StatisticSet(0, 0, 0, 0)), "InvalidParameterValue", "SampleCount must be greater"),
    (Datum(name="M", statistics=StatisticSet(1, 1, 2, 1)), "InvalidParameterValue", "Maximum must be greater than"),
    (Datum(name="M", value=1.0, dimensions=[("a", "1"), ("a", "2")]), "InvalidParameterValue", "Dimensions"),
]


@pytest.mark.parametrize(("datum", "code", "text"), REFUSED)
def test_a_datum_that_makes_no_sense_is_refused_in_cloudwatchs_words(ada, datum, code, text):
    with pytest.raises(ServiceError) as refused:
        metrics.put_metric_data(account=ada, namespace="App", data=[datum])

    assert refused.value.legacy_code == code
    assert text in refused.value.text
    assert not Metric.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-15 * 86_400, "within the past two weeks"), (3 * 3600, "no more than two hours in the future")],
)
def test_a_value_of_long_ago_or_of_the_future_is_refused(ada, frozen_clock, seconds, text):
    with pytest.raises(ServiceError, match=text):
        put(ada, 1.0, ago=-seconds)


@pytest.mark.parametrize("namespace", ["AWS/Lambda", ":x"])
def test_nobody_writes_into_the_platforms_namespaces(ada, namespace):
    with pytest.raises(ServiceError, match="for parameter Namespace is invalid"):
        put(ada, 1.0, name=MetricId.of(namespace, "M"))


def test_more_metrics_than_an_account_may_have_are_refused_and_none_is_kept(ada, monkeypatch):
    monkeypatch.setattr(store, "METRICS_PER_ACCOUNT", 2)
    many = [Datum(name=f"M{n}", value=1.0) for n in range(3)]

    with pytest.raises(ServiceError, match="limit of 2 metrics"):
        metrics.put_metric_data(account=ada, namespace="App", data=many)

    assert not Metric.objects.exists()


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"seconds": 86_400 * 2}, "InvalidParameterCombination", "You have requested up to 2,881 datapoints, which exceeds the limit of 1,440."),
        ({"seconds": -60}, "InvalidParameterValue", "StartTime must be less than the parameter EndTime"),
        ({"period": 61}, "InvalidParameterValue", "The parameter Period must be"),
        ({"statistics": ()}, "MissingParameter", "Statistics or ExtendedStatistics"),
        ({"statistics": ("Median",)}, "InvalidParameterValue", "The value Median for parameter Statistics"),
        ({"extended": ("p101",)}, "InvalidParameterValue", "The value p101 for parameter ExtendedStatistics"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_in_cloudwatchs_words(ada, asked, code, text):
    with pytest.raises(ServiceError) as refused:
        get(ada, **asked)

    assert refused.value.legacy_code == code
    assert text in refused.value.text


# -- listing and forgetting ------------------------------------------------------------------------


def test_metrics_are_listed_by_namespace_name_and_dimension(ada, frozen_clock):
    put(ada, 1.0)
    put(ada, 1.0, name=MetricId.of("App", "Latency", [("Page", "shop"), ("Zone", "a")]))
    put(ada, 1.0, name=MetricId.of("Other", "Latency"))

    def listed(**filters):
        return [(one.namespace, dict(one.dimensions)) for one in metrics.list_metrics(account=ada, **filters)[0]]

    assert len(listed()) == 3
    assert listed(namespace="Other") == [("Other", {})]
    assert listed(dimensions=[("Zone", None)]) == [("App", {"Page": "shop", "Zone": "a"})]
    assert listed(dimensions=[("Page", "home")]) == [("App", {"Page": "home"})]
    assert listed(name="Nothing") == []
    frozen_clock.advance(hours=4)
    assert len(listed()) == 3
    assert listed(recently_active=True) == []


def test_more_metrics_than_a_page_holds_come_on_the_next(ada, monkeypatch):
    monkeypatch.setattr("logs.metrics.reading.PAGE", 2)
    for n in range(3):
        put(ada, 1.0, name=MetricId.of("App", f"M{n}"))

    first, token = metrics.list_metrics(account=ada)
    second, end = metrics.list_metrics(account=ada, token=token)

    assert [one.name for one in [*first, *second]] == ["M0", "M1", "M2"]
    assert end is None
    with pytest.raises(ServiceError) as refused:
        metrics.list_metrics(account=ada, token="no")
    assert refused.value.code == "InvalidNextToken"


def test_old_points_are_removed_and_then_their_metrics(ada, frozen_clock):
    put(ada, 1.0, resolution=1)
    frozen_clock.advance(hours=4)

    metrics.sweep()

    assert [point.resolution for point in MetricPoint.objects.all()] == [60]
    frozen_clock.advance(days=15)
    metrics.sweep()
    assert not MetricPoint.objects.exists()
    assert not Metric.objects.exists()


def test_an_account_keeps_a_bounded_number_of_points(ada, frozen_clock, monkeypatch):
    monkeypatch.setattr(store, "POINTS_PER_ACCOUNT", 2)
    for _ in range(4):
        put(ada, 1.0)
        frozen_clock.advance(minutes=1)

    metrics.sweep()

    assert [point.at for point in get(ada)] == [clock.now() - timedelta(minutes=n) for n in (2, 1)]


# -- several writers -------------------------------------------------------------------------------


def test_values_that_come_at_once_from_several_threads_are_all_counted(transactional_db, frozen_clock):
    account = create_account(slug="ada", name="Ada")

    def put_some(_):
        try:
            for _ in range(5):
                put(account, 1.0, 2.0)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put_some, range(4)))

    (point,) = get(account, statistics=("SampleCount", "Sum"))
    assert point.statistics == {"SampleCount": 40, "Sum": 60}


def test_counted_values_are_stored_together(ada, frozen_clock):
    recorder = Recorder(every_s=3600)
    for value in (1.0, 2.0, 3.0):
        recorder.add(account_id=ada.pk, metric=NAME, unit="Count", value=value)

    recorder.flush()
    recorder.flush()

    (point,) = get(ada, statistics=("SampleCount", "Sum"))
    assert point.statistics == {"SampleCount": 3, "Sum": 6}


def test_counted_values_wait_while_the_database_is_away(ada, frozen_clock, monkeypatch):
    def away(samples):
        raise OperationalError("database is locked")

    recorder = Recorder(every_s=3600)
    recorder.add(account_id=ada.pk, metric=NAME, unit="Count", value=1.0)
    with monkeypatch.context() as patched:
        patched.setattr(store, "record", away)
        recorder.flush()
    recorder.add(account_id=ada.pk, metric=NAME, unit="Count", value=2.0)
    recorder.flush()

    assert [point.statistics for point in get(ada)] == [{"Sum": 3}]
