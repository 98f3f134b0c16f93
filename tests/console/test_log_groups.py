import asyncio

import pytest
from django.test import AsyncClient

from console.pages import log_groups
from logs.models import LogGroup
from logs.services import create_log_group
from logs.tailing import open_tail
from tests.console.conftest import HTMX, text

GROUPS, GROUP = "/ada/logs/", "/ada/logs/group/"
NAME = "/aws/lambda/hello"


def test_an_account_without_logs_is_told_where_they_come_from(ada, at_browser):
    assert "No logs yet" in text(at_browser(ada).get(GROUPS))


def test_groups_are_listed_and_found_by_name(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada))
    create_log_group(account=ada, name="my/own")
    client = at_browser(ada)
    page = text(client.get(GROUPS))
    assert NAME in page and "my/own" in page
    found = text(client.get(GROUPS, {"q": "OWN"}, headers=HTMX | {"HX-Target": "section#groups"}))
    assert "my/own" in found and NAME not in found


def test_a_group_shows_its_events_and_its_streams(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada), lines=("a needle\n", "<b>hay</b>\n"))
    client = at_browser(ada)
    page = text(client.get(GROUP, {"name": NAME}))
    assert "a needle" in page and "&lt;b&gt;hay" in page
    assert "hay" not in text(client.get(GROUP, {"name": NAME, "q": "needle"})).split('id="events"')[1]
    assert "[$LATEST]" in text(client.get(GROUP, {"name": NAME, "view": "streams"}))


def test_a_pattern_that_cannot_be_read_is_told_and_kept(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada))
    page = text(at_browser(ada).get(GROUP, {"name": NAME, "q": "{ $.a = "}))
    assert "Invalid filter pattern" in page and 'value="{ $.a ="' in page


def test_the_retention_is_set_and_taken_away(ada, at_browser):
    create_log_group(account=ada, name="kept")
    client = at_browser(ada)
    client.post(f"{GROUP}retain/", {"name": "kept", "days": "7"})
    assert LogGroup.objects.get(name="kept").retention_days == 7
    client.post(f"{GROUP}retain/", {"name": "kept", "days": "0"})
    assert LogGroup.objects.get(name="kept").retention_days is None
    assert client.post(f"{GROUP}retain/", {"name": "kept", "days": "8"}).status_code == 400


def test_a_deleted_group_is_gone(ada, at_browser):
    create_log_group(account=ada, name="gone")
    answer = at_browser(ada).post(f"{GROUP}delete/", {"name": "gone"})
    assert answer.url == GROUPS and not LogGroup.objects.exists()


def test_another_account_s_group_is_not_found(ada, mallory, at_browser):
    create_log_group(account=ada, name="hers")
    assert at_browser(mallory).get("/mallory/logs/group/", {"name": "hers"}).status_code == 404
    assert at_browser(mallory).get(GROUP, {"name": "hers"}).status_code == 404


def test_a_page_that_changes_something_is_not_for_reading(ada, at_browser):
    assert at_browser(ada).get(f"{GROUP}delete/").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_looking_on_shows_lines_as_they_come_and_ends_when_none_do(ada, make_function, make_invocation, monkeypatch):
    monkeypatch.setattr(log_groups, "EVERY_S", 0.001)
    monkeypatch.setattr(log_groups, "IDLE_S", 0.001)
    tail = open_tail(account=ada, groups=[NAME], must_exist=False)
    make_invocation(make_function(ada), lines=("<i>live</i>\n",))

    async def gather() -> str:
        return b"".join([part async for part in log_groups.look_on(tail, "en")]).decode()

    sent = asyncio.run(gather())
    assert "&lt;i&gt;live&lt;/i&gt;" in sent
    assert "looking on has ended" in sent


def test_the_stream_needs_somebody_signed_in(ada):
    answer = asyncio.run(AsyncClient().get("/ada/logs/tail/", {"name": NAME}))
    assert answer.status_code in (302, 404)
