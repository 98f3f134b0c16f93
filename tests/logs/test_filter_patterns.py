"""CloudWatch's filter pattern language."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logs import filter_patterns
from logs.errors import InvalidFilterPattern, InvalidParameter

APACHE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "a name": "x",
        "user": {"id": 7, "email": "ada@example.org"},
        "ms": 12.5,
    }
)


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("ERROR", "[ERROR] x", True),
        ("ERROR", "error", False),
        ("ERROR ARGUMENTS", "ERROR MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR", False),
        ("?ERROR ?WARN", "WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ("ERROR -EXITING", "ERROR here", True),
        ("ERROR -EXITING", "ERROR EXITING", False),
        ("-EXITING", "hello", True),
        ('"INTERNAL SERVER"', "500 INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER"', "INTERNAL", False),
        ('-"time out"', "a time out", False),
        (r'"say \"hi\""', 'say "hi"', True),
        ("ERROR ?WARN", "ERROR", True),
    ],
)
def test_words(pattern, message, matches):
    assert filter_patterns.compile(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.sourceIPAddress = 111.111.* }", True),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[2] = "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.user.email EXISTS }", True),
        ("{ $['a name'] = x }", True),
        ("{ $.ms > 12 && $.ms <= 12.5 }", True),
        ("{ $.ms > 1e3 }", False),
        ('{ $.user.id = "7" }', False),
        ("{ ($.user.id = 1) || ($.user.id = 7) && $.eventType = UpdateTrail }", True),
        ("{($.user.id=1||$.user.id=7)&&$.eventType=Nothing}", False),
        ("{ $.missing != 1 }", False),
        ("{ $.ThisFlag = 1 }", False),
    ],
)
def test_properties_of_a_json_message(pattern, matches):
    assert filter_patterns.compile(pattern)(EVENT) is matches


@pytest.mark.parametrize("message", ["", "plain", "[1]", "{", '{"a": NaN}', '{"a":' * 5000])
def test_a_message_that_is_no_json_object_has_no_properties(message):
    assert not filter_patterns.compile("{ $.a NOT EXISTS }")(message)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username]", False),
        ("[..., status_code, bytes > 1000]", True),
        ("[ip, ..., bytes]", True),
        ("[ip, user, username, timestamp, request =*html*, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code = 5*, bytes]", False),
        ("[ip = 127.0.0.1, ...]", True),
        ("[..., status = 404 || status = 410, bytes]", True),
        ("[..., status != 404 && status != 410, bytes]", False),
        ("[..., (status = 404) && (status < 500), bytes >= 1534]", True),
        ("[a, b, c, d, e, f, g, ...]", True),
        ("[a, b, c, d, e, f, g, h, ...]", False),
    ],
)
def test_columns_between_spaces(pattern, matches):
    assert filter_patterns.compile(pattern)(APACHE) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        '"open', "-", "?", "%regex%", "{", "{}", "{ $ }", "{ $.a }", "{ $.a = }", "{ $.a ~ 1 }", "{ $.a = 1 } x", "{ $.a > x }",
        "{ $.a IS MAYBE }", "{ $.a[x] = 1 }", "{ a = 1 }", "[", "[]", "[a,]", "[..., ...]", "[a b]", "[a = ]", "[a > x]",
        "{" + "(" * 500 + "$.a = 1" + ")" * 500 + "}", "x" * 1025, "{ $.a = %b% }",
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_read_is_refused(pattern):
    with pytest.raises(InvalidFilterPattern):
        filter_patterns.compile(pattern)


_SYNTAX = st.text(alphabet='{}[]()$.,=!<>&|*?-"\\% abIS NULLEXT019é\x00', max_size=60)


@settings(max_examples=500, deadline=None)
@given(pattern=_SYNTAX, message=st.one_of(_SYNTAX, st.just(EVENT), st.text(max_size=60)))
def test_whatever_is_typed_is_answered_or_refused(pattern, message):
    try:
        matches = filter_patterns.compile(pattern)
    except InvalidParameter:
        return
    assert matches(message) in (True, False)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.sampled_from(["a", "b", "*", "ab"]), max_size=8), message=st.text(alphabet="ab", max_size=12))
def test_a_star_stands_for_anything(pieces, message):
    from fnmatch import fnmatchcase

    from logs.filter_patterns.values import Glob

    pattern = "".join(pieces)
    assert Glob(pattern).matches(message) == fnmatchcase(message, pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ('{ $.a = "' + "*a" * 400 + '*b" }', json.dumps({"a": "a" * 200_000})),
        ("[w = " + "*a" * 400 + "*b]", "a" * 200_000),
        ("[a, ...]", "[ " * 100_000),
        ("[a, ...]", '" ' * 100_001),
        ('"' + "a" * 500 + 'b"', "a" * 200_000),
        ("{ $.a = 1 }", "{" + '"a":[' * 60_000),
    ],
)
def test_a_pattern_that_stops_a_backtracking_matcher_is_answered(pattern, message):
    assert filter_patterns.compile(pattern)(message) in (True, False)
