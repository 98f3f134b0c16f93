"""JSON from strangers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import strict_json
from core.strict_json import BadJson, loads, too_deep

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
)


@given(json_values)
def test_whatever_json_can_say_is_read_as_it_is(value: object) -> None:
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        "-1e999",
        "9" * 5_000,
        "-" + "9" * 5_000,
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        '"\t"',
        "\ufeff{}",
        b"\xff",
        b'"\xed\xa0\x80"',
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_not_plain_json_is_refused_with_one_error(text: str | bytes) -> None:
    with pytest.raises(BadJson):
        loads(text)


def test_the_place_of_a_mistake_is_told() -> None:
    with pytest.raises(BadJson) as mistake:
        loads('{\n  "a": tru\n}')

    assert (mistake.value.line, mistake.value.column) == (2, 8)


def test_of_a_name_given_twice_the_last_counts() -> None:
    assert loads('{"a": 1, "a": 2}') == {"a": 2}


def test_half_a_surrogate_pair_is_refused_where_text_must_be_stored() -> None:
    assert loads(r'"\ud83d\ude39 \\ud800"', lone_surrogates=False) == "😹 \\ud800"
    assert loads(r'"\ud800"') == "\ud800"
    with pytest.raises(BadJson):
        loads(r'{"a": ["\ud800"]}', lone_surrogates=False)


@given(json_values, st.integers(min_value=0, max_value=6))
def test_depth_is_counted_as_brackets_nest_outside_strings(value: object, limit: int) -> None:
    def depth(value: object) -> int:
        if isinstance(value, dict):
            return 1 + max(map(depth, value.values()), default=0)
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    assert too_deep(json.dumps(value), limit) == (depth(value) > limit)


def test_brackets_in_strings_do_not_count() -> None:
    assert loads(json.dumps(["[" * 1_000, '\\"' + "{" * 1_000])) == ["[" * 1_000, '\\"' + "{" * 1_000]


@given(st.text(alphabet=st.characters()))
def test_stored_text_is_always_utf_8_without_nul(text: str) -> None:
    stored = strict_json.storable(text)

    assert "\x00" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored
