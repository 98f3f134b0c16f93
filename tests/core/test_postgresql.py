"""What strangers write is kept, whichever database keeps it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from core.postgresql.base import dump_json
from logs.models import LogGroup, Metric

ANYTHING = st.text(alphabet='a\\\0u0"\ufffdé')
JSON = st.recursive(ANYTHING, lambda inside: st.lists(inside) | st.dictionaries(ANYTHING, inside, max_size=1))


def without_nul(value: object) -> object:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            return {without_nul(name): without_nul(inside) for name, inside in value.items()}
        case list():
            return [without_nul(inside) for inside in value]
    return value


@given(JSON)
def test_json_loses_nothing_but_nul(value: object):
    assert json.loads(dump_json(value, None)) == without_nul(value)


@pytest.mark.parametrize("text", ["before\0after", "\0", "\\u0000"])
def test_whatever_is_stored_is_found_by_the_same_words(ada: Account, text: str):
    LogGroup.objects.create(account=ada, name=text, tags={text: [text]})
    stored = LogGroup.objects.get(account=ada, name=text)
    assert without_nul(stored.tags) == {without_nul(text): [without_nul(text)]}
    assert list(Metric.objects.filter(name=text)) == []
