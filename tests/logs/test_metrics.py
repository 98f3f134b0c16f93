"""Values that accounts send: stored by the minute, answered as CloudWatch answers them."""

import math
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services import create_account
from core import clock
from core.errors import ServiceError
from logs import metrics
from logs.metrics import Datum, MetricId, Query, StatisticSet, expressions, store
from logs.metrics.recorder import Recorder
from logs.metrics.sketch import BASE, Sketch
from logs.metrics.summary import Summary
from logs.models import Metric, MetricPoint

NAME = MetricId.of("App", "Latency", [("Page", "home")])


def put(account, *values, ago=0, name=NAME, unit="", resolution=60):
    metrics.put_metric_data(
        account=account,
        namespace=name.namespace,
        data=[
            Datum(
                name=name.name,
                dimensions=name.dimensions,
                at=clock.now() - timedelta(seconds=ago),
                value=value,
                unit=unit,
                resolution=resolution,
            )
            for value in values
        ],
    )


def get(account, *, name=NAME, seconds=3600, period=60, statistics=("Sum",), extended=(), unit=""):
    now = clock.now()
    return metrics.get_metric_statistics(
        account=account,
        metric=name,
        start=now - timedelta(seconds=seconds),
        end=now + timedelta(seconds=60),
        period=period,
        statistics=statistics,
        extended=extended,
        unit=unit,
    )


def data(account, *queries, seconds=3600, **more):
    now = clock.now()
    return metrics.get_metric_data(
        account=account,
        queries=queries,
        start=now - timedelta(seconds=seconds),
        end=now + timedelta(seconds=60),
        ascending=True,
        **more,
    )


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


# -- several at once, and expressions --------------------------------------------------------------


def test_an_expression_is_computed_of_other_queries(ada, frozen_clock):
    errors, calls = MetricId.of("App", "Errors"), MetricId.of("App", "Calls")
    put(ada, 1.0, name=errors)
    put(ada, 4.0, name=calls)

    (rate,), _ = data(
        ada,
        Query("e", errors, "Sum", 60, return_data=False),
        Query("c", calls, "Sum", 60, return_data=False),
        Query("rate", expression="100 * e / c", label="Error rate"),
    )

    assert (rate.id, rate.label) == ("rate", "Error rate")
    assert rate.points == [(clock.now(), 25.0)]


def test_a_page_of_values_goes_on_with_the_next(ada, frozen_clock):
    for _ in range(3):
        put(ada, 1.0)
        put(ada, 2.0, name=MetricId.of("App", "Second"))
        frozen_clock.advance(minutes=1)
    queries = Query("a", NAME, "Sum", 60), Query("b", MetricId.of("App", "Second"), "Sum", 60)

    values, token, pages = defaultdict(list), None, 0
    while pages == 0 or token:
        results, token = data(ada, *queries, max_datapoints=2, token=token)
        for result in results:
            values[result.id] += [value for _, value in result.points]
        pages += 1

    assert values == {"a": [1, 1, 1], "b": [2, 2, 2]}
    assert pages == 3


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        ([Query("A", NAME, "Sum", 60)], "is not matching the expected pattern"),
        ([Query("a", NAME, "Sum", 60), Query("a", NAME, "Sum", 60)], "are not unique"),
        ([Query("a")], "mutually exclusive and you have specified neither"),
        ([Query("a", NAME, "Sum", 60, expression="1")], "mutually exclusive and you have specified both"),
        ([Query("a", NAME, "tm90", 60)], "The value tm90 for parameter MetricDataQueries.member.1.MetricStat.Stat"),
        ([Query("a", NAME, "Sum", 7)], "MetricDataQueries.member.1.Period"),
        ([Query("a", expression="b + 1"), Query("b", expression="a + 1")], "in a circle"),
        ([Query("a", NAME, "Sum", 60, return_data=False)], "must return data"),
        ([Query("a", expression="ANOMALY_DETECTION_BAND(1)")], "the function ANOMALY_DETECTION_BAND is not available"),
        ([Query("a", expression="(" * 1000 + "1" + ")" * 1000)], "nested too deeply"),
    ],
)
def test_queries_that_make_no_sense_are_refused(ada, queries, text):
    with pytest.raises(ServiceError) as refused:
        data(ada, *queries)

    assert refused.value.legacy_code == "ValidationError"
    assert text in refused.value.text


A, B = {0: 1.0, 60: 2.0, 120: 3.0}, {0: 10.0, 60: 0.0, 180: 40.0}
EXPRESSIONS = [
    ("a + 1", {0: 2, 60: 3, 120: 4}),
    ("2 - a * 3", {0: -1, 60: -4, 120: -7}),
    ("a + b", {0: 11, 60: 2}),
    ("a / b", {0: 0.1}),
    ("-a ^ 2", {0: -1, 60: -4, 120: -9}),
    ("(a + 1) * 2", {0: 4, 60: 6, 120: 8}),
    ("a - AVG(a)", {0: -1, 60: 0, 120: 1}),
    ("a / MAX(a) * PERIOD(a)", {0: 20, 60: 40, 120: 60}),
    ("SUM([a, b])", {0: 11, 60: 2, 120: 3, 180: 40}),
    ("AVG(METRICS())", {0: 5.5, 60: 1, 120: 3, 180: 40}),
    ('SUM(METRICS("a"))', A),
    ("MIN([a, b])", {0: 1, 60: 0, 120: 3, 180: 40}),
    ("FILL(a, 0) + 1", {0: 2, 60: 3, 120: 4, 180: 1}),
    ("CEIL(a / 2)", {0: 1, 60: 1, 120: 2}),
    ("ABS(0 - a)", A),
]


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_metric_math(text, expected):
    assert expressions.evaluate(text, series={"a": A, "b": B}, metrics=["a", "b"], period=60) == pytest.approx(expected)


@given(st.text(alphabet='ab1.+-*/^()[],"MSU ', max_size=30))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_any_text_is_an_expression_or_a_clear_error(text):
    try:
        points = expressions.evaluate(text, series={"a": A, "b": B}, metrics=["a", "b"], period=60)
    except ServiceError as refused:
        assert refused.legacy_code == "ValidationError"
    else:
        assert all(math.isfinite(value) for value in points.values())


# -- against a slow reference ----------------------------------------------------------------------

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-9)
ARRIVALS = st.lists(st.lists(st.tuples(st.integers(0, 1199), NUMBERS), min_size=1, max_size=6), max_size=6)


@given(calls=ARRIVALS, period=st.sampled_from([60, 120, 300, 1200]))
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_aggregated_equals_what_is_added_up_value_by_value(ada, frozen_clock, calls, period):
    Metric.objects.all().delete()
    for call in calls:
        metrics.put_metric_data(
            account=ada,
            namespace="App",
            data=[Datum(name="M", at=clock.now() + timedelta(seconds=at - 1200), value=value) for at, value in call],
        )

    found = metrics.get_metric_statistics(
        account=ada,
        metric=MetricId.of("App", "M"),
        start=clock.now() - timedelta(seconds=1200),
        end=clock.now(),
        period=period,
        statistics=["SampleCount", "Sum", "Minimum", "Maximum", "Average"],
    )

    buckets = defaultdict(list)
    for at, value in (pair for call in calls for pair in call):
        buckets[at // period].append(value)
    assert len(found) == len(buckets)
    for point, (_, values) in zip(found, sorted(buckets.items()), strict=True):
        total = math.fsum(values)
        assert point.statistics["SampleCount"] == len(values)
        assert (point.statistics["Minimum"], point.statistics["Maximum"]) == (min(values), max(values))
        assert point.statistics["Sum"] == pytest.approx(total, rel=1e-9, abs=1e-3)
        assert point.statistics["Average"] == pytest.approx(total / len(values), rel=1e-9, abs=1e-3)


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.lists(NUMBERS, max_size=60), st.floats(0, 100))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_percentile_of_merged_sketches_is_near_the_true_one(values, more, percent):
    def near(one):
        return pytest.approx(one, rel=(BASE - 1) / 2 + 1e-6, abs=1e-12)

    summary = Summary.of((value, 1) for value in values)
    if more:
        summary = summary.merge(Summary.of((value, 1) for value in more))

    ordered = sorted([*values, *more])
    rank = max(1, math.ceil(percent / 100 * len(ordered) * (1 - 1e-12)))
    assert summary.percentile(percent) == near(ordered[rank - 1])


@given(st.lists(st.floats(-(2.0**360), 2.0**360), min_size=1, max_size=2000))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_a_sketch_of_any_values_stays_small_and_survives_being_stored(values):
    sketch = Sketch.of((value, 1) for value in values)

    assert len(sketch.above) + len(sketch.below) <= 256
    assert Sketch.from_json(sketch.to_json()) == sketch
    assert sketch.quantile(0.5) is not None


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
