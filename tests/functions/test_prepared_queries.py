"""Queries whose SQL is made once."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, AccountClock
from core.prepared import Prepared
from functions.models import Function, Version


def values(row):
    """What a row holds, and what the rows that came with it hold."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return fields | {name: values(one) for name, one in row._state.fields_cache.items() if one is not None}


def test_it_gives_the_same_objects_as_the_query(ada, make_function):
    function = make_function(ada).function
    query = Version.objects.select_related("function", "package").filter(function__name="hello", number=0)
    prepared = Prepared(
        lambda name, number: Version.objects.select_related("function", "package").filter(
            function__name=name, number=number
        ),
        name=str,
        number=int,
    )
    (found,) = prepared(name="hello", number=0)
    assert values(found) == values(query.get())
    assert found == query.get() and found.function == function
    assert prepared(name="hello", number=1) == prepared(name="hello", number=10**30) == []


def test_it_asks_with_one_statement_that_is_made_once(ada, make_function):
    function = make_function(ada).function
    made = []
    prepared = Prepared(lambda at: made.append(at) or Function.objects.filter(pk=at), at=uuid.UUID)
    with CaptureQueriesContext(connection) as asked:
        assert [prepared.one(at=function.pk), prepared.one(at=uuid.uuid4())] == [function, None]
    assert (len(made), len(asked)) == (1, 2)


def test_what_is_not_there_beside_it_is_none(ada, grace):
    AccountClock.objects.create(account=ada)
    prepared = Prepared(lambda slug: Account.objects.select_related("clock").filter(slug=slug), slug=str)
    with_clock, without = prepared.one(slug="ada"), prepared.one(slug="grace")
    assert with_clock.clock.changes == 0
    with CaptureQueriesContext(connection) as asked, pytest.raises(AccountClock.DoesNotExist):
        _ = without.clock
    assert len(asked) == 0


def test_what_is_saved_of_it_is_an_update(ada, make_function):
    pk = make_function(ada).function.pk
    prepared = Prepared(lambda at: Function.objects.filter(pk=at), at=uuid.UUID)
    found = prepared.one(at=pk)
    found.tags = {"course": "lambda"}
    found.save()
    assert prepared.one(at=pk).tags == {"course": "lambda"}


def test_a_value_that_the_query_does_not_compare_with_is_refused(db):
    prepared = Prepared(lambda name: Function.objects.filter(name=name[:0]), name=str)
    with pytest.raises(TypeError, match="name"):
        prepared(name="hello")
