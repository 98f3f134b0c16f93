"""Event patterns: every operator, AWS's reasons for refusing one, and linear time."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triggers.patterns import InvalidPattern, compile

EVENT = {
    "id": "1",
    "source": "my.shop",
    "detail-type": "order",
    "resources": ["arn:one", "arn:two"],
    "detail": {
        "total": 12.5,
        "count": 300,
        "paid": True,
        "note": None,
        "name": "Röda Bilar",
        "file": "photos/2026/cat.jpg",
        "ip": "10.0.0.17",
        "empty": [],
        "tags": ["red", "blue"],
        "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
    },
}


def fits(**detail):
    return compile(json.dumps({"detail": detail})).matches(EVENT)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["my.shop"]}, True),
        ({"source": ["other", "my.shop"], "detail-type": ["order"]}, True),
        ({"source": ["my.shop"], "detail-type": ["parcel"]}, False),
        ({"resources": ["arn:two"]}, True),
        ({"resources": [{"prefix": "arn:"}]}, True),
        ({"missing": ["x"]}, False),
        ({"detail": {"total": [12.5]}}, True),
        ({"detail": {"count": [3.0e2]}}, True),
        ({"detail": {"count": ["300"]}}, False),
        ({"detail": {"paid": [True]}}, True),
        ({"detail": {"paid": [1]}}, False),
        ({"detail": {"count": [True]}}, False),
        ({"detail": {"note": [None]}}, True),
        ({"detail": {"note": [""]}}, False),
        ({"detail": {"tags": ["blue"]}}, True),
        ({"detail": {"items": {"sku": ["a"], "n": [1]}}}, True),
        ({"detail": {"items": {"sku": ["a"], "n": [2]}}}, False),  # not of the same item
        ({"detail": ["x"]}, False),
        ({"detail": {"name": [{"prefix": "Röda"}]}}, True),
        ({"detail": {"name": [{"prefix": {"equals-ignore-case": "RÖDA"}}]}}, True),
        ({"detail": {"file": [{"suffix": ".jpg"}]}}, True),
        ({"detail": {"file": [{"suffix": {"equals-ignore-case": ".JPG"}}]}}, True),
        ({"detail": {"file": [{"suffix": ".png"}]}}, False),
        ({"detail": {"name": [{"equals-ignore-case": "röda bilar"}]}}, True),
        ({"detail": {"count": [{"prefix": "3"}]}}, False),
        ({"detail": {"total": [{"numeric": [">", 12, "<=", 12.5]}]}}, True),
        ({"detail": {"total": [{"numeric": ["=", 12]}]}}, False),
        ({"detail": {"paid": [{"numeric": ["=", 1]}]}}, False),
        ({"detail": {"total": [{"exists": True}]}}, True),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"total": [{"exists": False}]}}, False),
        ({"detail": {"empty": [{"exists": True}]}}, False),
        ({"other": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}, False),
        ({"detail": {"name": [{"cidr": "::/0"}]}}, False),
        ({"detail": {"file": [{"wildcard": "photos/*/cat.*"}]}}, True),
        ({"detail": {"file": [{"wildcard": "*"}]}}, True),
        ({"detail": {"file": [{"wildcard": "photos/*.png"}]}}, False),
        ({"detail": {"file": [{"wildcard": "photos/2026/cat.jpg"}]}}, True),
        ({"detail": {"file": [{"wildcard": "photos\\*"}]}}, False),
        ({"detail": {"count": [{"anything-but": 5}]}}, True),
        ({"detail": {"count": [{"anything-but": [5, 300]}]}}, False),
        ({"detail": {"tags": [{"anything-but": "red"}]}}, True),  # blue is something else
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"file": [{"anything-but": {"prefix": "photos/"}}]}}, False),
        ({"detail": {"file": [{"anything-but": {"suffix": [".png", ".gif"]}}]}}, True),
        ({"detail": {"file": [{"anything-but": {"wildcard": "*/cat.*"}}]}}, False),
        ({"detail": {"name": [{"anything-but": {"equals-ignore-case": "RÖDA BILAR"}}]}}, False),
        ({"$or": [{"source": ["x"]}, {"detail": {"count": [300]}}]}, True),
        ({"source": ["my.shop"], "$or": [{"id": ["2"]}, {"id": ["3"]}]}, False),
        ({"detail": {"$or": [{"count": [1]}, {"total": [{"numeric": ["<", 20]}]}]}}, True),
    ],
    ids=json.dumps,
)
def test_a_pattern_fits_what_it_says(pattern, expected):
    assert compile(json.dumps(pattern)).matches(EVENT) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ("{", "at line: 1"),
        ('{"source": "x"}', '"source" must be an object or an array'),
        ('{"source": []}', "Empty arrays are not allowed"),
        ('{"detail": {}}', "Empty objects are not allowed"),
        ('{"source": [["x"]]}', "Match value must be String, number, true, false, or null"),
        ('{"source": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"source": [{"prefx": "a"}]}', "Unrecognized match type prefx"),
        ('{"source": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"source": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"numeric": ["<>", 1]}]}', "Unrecognized numeric range operator: <>"),
        ('{"a": [{"numeric": [">", "1"]}]}', "Value of > must be numeric"),
        ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": [">", 1e300]}]}', "inclusive"),
        ('{"a": [{"cidr": "10.0.0.0"}]}', None),
        ('{"a": [{"cidr": "nowhere/8"}]}', "Malformed CIDR"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 1"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"anything-but": []}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": {"numeric": [">", 1]}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"$or": [{"a": ["x"]}]}', "at least 2 Objects in $or"),
        ('{"a": ["' + "x" * 5000 + '"]}', "exceeds 4096 characters"),
        ("[" * 5000, "exceeds"),
        ('{"a":' * 500 + '["x"]' + "}" * 500, "nests deeper"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_with_the_reason(text, reason):
    if reason is None:
        compile(text)  # a single address is a network of one
        return
    with pytest.raises(InvalidPattern) as error:
        compile(text)
    assert reason in str(error.value)


def test_matching_takes_linear_time_whatever_the_pattern():
    pattern = compile(json.dumps({"a": [{"wildcard": "*".join("ab" * 60) + "*c"}]}))
    begin = time.thread_time()
    assert not pattern.matches({"a": "ab" * 250_000})
    assert time.thread_time() - begin < 5


_scalars = st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.text(max_size=5))
_events = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner)),
    max_size=3,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(event=_events, value=_scalars)
def test_whatever_a_field_is_it_exists_or_it_does_not_and_one_of_two_opposites_fits(event, value):
    there = compile('{"a": [{"exists": true}]}').matches(event)
    assert there is not compile('{"a": [{"exists": false}]}').matches(event)
    if compile(json.dumps({"a": [value]})).matches(event):
        assert there
