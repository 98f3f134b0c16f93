"""Policies as their definition says: patterns against regular expressions, decisions against a slow reading of them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.policies import patterns
from tests.accounts.test_policies import decide, policies


def reference(pattern: str, text: str) -> bool:
    """The same by regular expressions: right, and slow for hostile patterns."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


@given(st.text("ab*?:é", max_size=12), st.text("ab:é\n", max_size=12))
def test_a_pattern_matches_what_its_definition_says(pattern, text):
    assert patterns.matches(pattern, text) is reference(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 2000 + "b", "a" * 2048),
        ("*" + "a?" * 2000 + "b*", "a" * 2048),
        ("?*" * 3000, "a" * 2048),
        ("*" * 6000 + "b", "a" * 2048),
    ],
)
def test_a_hostile_pattern_takes_a_bounded_number_of_steps(pattern, text):
    """As many as the text has characters, whatever the pattern: regular expressions would not end here."""
    assert not patterns.matches(pattern, text)


SLOW_ACTIONS = st.sampled_from(["a:X", "a:Y", "b:X", "a:*", "*", "b:?", "A:x"])
SLOW_RESOURCES = st.sampled_from(["r1", "r2", "r*", "*", "q"])


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(st.sampled_from(["Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        action: draw(st.lists(SLOW_ACTIONS, min_size=1, max_size=3)),
        resource: draw(st.lists(SLOW_RESOURCES, min_size=1, max_size=3)),
    }
    if draw(st.booleans()):
        statement["Condition"] = {"StringEquals": {"k": draw(st.sampled_from(["1", "2"]))}}
    return statement


def holds(statement: dict[str, Any], action: str, resource: str, value: str | None) -> bool:
    def covers(member: str, text: str, fold: Any = str) -> bool:
        inverted = f"Not{member}" in statement
        listed = statement[f"Not{member}" if inverted else member]
        return any(reference(fold(pattern), fold(text)) for pattern in listed) is not inverted

    wanted = statement.get("Condition", {}).get("StringEquals", {}).get("k")
    return covers("Action", action, str.lower) and covers("Resource", resource) and wanted in (None, value)


@given(
    identity=st.lists(statements(), max_size=4),
    boundary=st.none() | st.lists(statements(), max_size=2),
    session=st.none() | st.lists(statements(), max_size=2),
    action=st.sampled_from(["a:X", "a:Y", "b:X"]),
    resource=st.sampled_from(["r1", "r2", "q"]),
    value=st.none() | st.sampled_from(["1", "2"]),
)
def test_decisions_are_those_of_the_definition(identity, boundary, session, action, resource, value):
    layers = [layer for layer in (identity, boundary, session) if layer is not None]
    hits = [[one["Effect"] for one in layer if holds(one, action, resource, value)] for layer in layers]
    expected = not any("Deny" in effects for effects in hits) and all("Allow" in effects for effects in hits)

    decision = decide(
        *identity,
        action=action,
        on=resource,
        boundary=None if boundary is None else policies(*boundary),
        session=None if session is None else policies(*session),
        context={"k": value},
    )
    assert decision.allowed is expected
    assert decision.explicit is any("Deny" in effects for effects in hits)
