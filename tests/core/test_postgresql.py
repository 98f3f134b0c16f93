"""What strangers write is kept, whichever database keeps it."""

import json

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from accounts.models import Account
from core.postgresql.base import check, dump_json
from logs.models import LogGroup, Metric
from tests.databases import on_postgresql

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


@pytest.mark.django_db
@pytest.mark.skipif(not on_postgresql(), reason="SQLite has no connections to lose")
def test_when_the_server_has_cut_all_connections_the_first_to_ask_gets_a_new_one():
    with ConnectionPool(connection.pool.conninfo, kwargs=connection.pool.kwargs, min_size=8, check=check) as pool:
        pool.wait()
        lent = [pool.getconn() for _ in range(8)]
        pids = [one.info.backend_pid for one in lent]
        for one in lent:
            pool.putconn(one)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid, 60000) FROM unnest(%s) AS pid", [pids])

        with pool.connection(timeout=10) as found:  # with one at a time, eight would take a quarter of a minute
            assert found.execute("SELECT 1").fetchone() == (1,)
