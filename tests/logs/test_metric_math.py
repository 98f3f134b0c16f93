"""Several queries at once, expressions of them, and what is aggregated against a slow reference."""

import math
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.errors import ServiceError
from logs import metrics
from logs.metrics import Datum, MetricId, Query, expressions
from logs.metrics.sketch import BASE, Sketch
from logs.metrics.summary import Summary
from logs.models import Metric
from tests.logs.measuring import NAME, data, put


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
