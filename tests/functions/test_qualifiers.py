from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from core.errors import InvalidParameterValue
from functions import errors, qualifiers
from functions.models import Alias, Version
from functions.references import Reference, choose, combine, parse_reference, version_number
from functions.services.aliases import create_alias

OWN = Account(id="123456789012", slug="own", name="Own")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:hello"


@pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        ("hello", "hello", ""),
        ("hello:live", "hello", "live"),
        ("hello:$LATEST", "hello", "$LATEST"),
        ("function:hello", "hello", ""),
        ("123456789012:function:hello", "hello", ""),
        ("123456789012:function:hello:3", "hello", "3"),
        (ARN, "hello", ""),
        (f"{ARN}:live", "hello", "live"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:hello:$LATEST", "hello", "$LATEST"),
    ],
)
def test_a_name_may_be_written_in_four_ways(text, name, qualifier):
    assert parse_reference(text, account=OWN) == Reference(name, qualifier)


def test_another_accounts_arn_means_ones_own_function_and_says_so():
    parsed = parse_reference("arn:aws:lambda:us-east-1:675696485075:function:hello", account=OWN)

    assert parsed.name == "hello"
    assert "675696485075" in parsed.note and "123456789012" in parsed.note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "hello\n",
        "hello:",
        ":x",
        "hello:a:b",
        "x" * 65,
        "a/b",
        "../x",
        "ﬁle",
        "\u0430",
        "a\x00",
        "arn:aws:sqs:us-east-1:123456789012:x",
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(errors.MemberInvalid):
        parse_reference(text, account=OWN)


def test_a_qualifier_said_twice_must_be_the_same():
    assert combine(Reference("f", "1"), "1") == "1"
    assert combine(Reference("f"), "live") == "live"
    with pytest.raises(InvalidParameterValue, match="does not match the specified qualifier"):
        combine(Reference("f", "1"), "2")
    with pytest.raises(errors.MemberInvalid):
        combine(Reference("f"), "a b")


@given(st.text(max_size=200))
def test_any_text_is_refused_or_a_clean_name(text):
    try:
        parsed = parse_reference(text, account=OWN)
    except errors.MemberInvalid:
        return
    assert parsed.name.isascii() and 1 <= len(parsed.name) <= 64
    assert all(char.isalnum() or char in "-_" for char in parsed.name)


@given(st.text(max_size=20))
def test_any_qualifier_is_latest_a_number_or_a_name(text):
    number = version_number(text)

    assert number is None or text in ("", "$LATEST") or str(number) == text


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_a_weighted_alias_picks_one_of_its_two_versions_by_its_weight(weight, draw):
    assert choose(1, {"2": weight}, draw=draw) == (2 if draw < weight else 1)


def test_what_is_invoked_is_named_as_it_was_asked_for(ada, make_function):
    make_function(ada, publish=True)
    create_alias(account=ada, name="hello", alias="live", version="1")

    resolved = qualifiers.resolve(account=ada, reference="hello:live")

    assert resolved.version.label == "1"
    assert resolved.invoked_arn == f"arn:aws:lambda:us-east-1:{ada.id}:function:hello:live"
    assert qualifiers.resolve(account=ada, reference="hello").invoked_arn.endswith(":function:hello")


def test_a_weighted_alias_sends_to_both(ada, make_function, monkeypatch):
    version = make_function(ada, publish=True)
    Version.objects.create(function=version.function, number=2, package=version.package, role_arn="r")
    Alias.objects.create(function=version.function, name="live", version_number=1, weights={"2": 0.3})
    draws = iter([n / 10 for n in range(10)])
    monkeypatch.setattr("random.random", lambda: next(draws))

    picked = Counter(
        qualifiers.resolve(account=ada, reference="hello", qualifier="live").version.number for _ in range(10)
    )

    assert picked == {2: 3, 1: 7}


@pytest.mark.parametrize("qualifier", ["2", "live", "0", "007"])
def test_a_version_or_alias_that_is_not_there_is_not_found(ada, make_function, qualifier):
    make_function(ada, publish=True)

    with pytest.raises(errors.FunctionNotFound) as caught:
        qualifiers.resolve(account=ada, reference="hello", qualifier=qualifier)

    assert caught.value.text.endswith(f":function:hello:{qualifier}")


def test_nobody_reaches_anothers_function(ada, mallory, make_function):
    make_function(ada)

    with pytest.raises(errors.FunctionNotFound):
        qualifiers.resolve(account=mallory, reference=f"arn:aws:lambda:us-east-1:{ada.id}:function:hello")
