"""From tab to tab of the same thing only what stands in the frame is sent."""

import asyncio

import pytest
from django.test import RequestFactory

from console.handler import Handler, waits
from tests.console.conftest import HTMX, text

PART = HTMX | {"HX-Boosted": "true", "HX-Target": "main#main"}
TABS = ("", "monitor/", "invocations/", "logs/", "configuration/general/", "configuration/layers/", "versions/")


@pytest.mark.parametrize("path", TABS)
def test_a_tab_is_sent_without_the_frame(ada, at_browser, make_function, path):
    make_function(ada)
    answer = at_browser(ada).get(f"/ada/functions/hello/{path}", headers=PART)
    page = text(answer)
    assert page.startswith("<title>hello") and '<main id="main"' in page and 'aria-current="page"' in page
    assert "<html" not in page and "sidebar" not in page


def test_the_browser_keeps_a_part_and_its_whole_page_apart(ada, at_browser, make_function):
    make_function(ada)
    for headers in (PART, {}):
        assert "HX-Target" in at_browser(ada).get("/ada/functions/hello/logs/", headers=headers)["Vary"]


def test_whoever_goes_back_gets_the_whole_page(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).get("/ada/functions/hello/logs/", headers=PART | {"HX-History-Restore-Request": "true"})
    assert "<html" in text(answer)


def test_a_tab_of_a_queue_is_a_part_as_well(ada, at_browser):
    at_browser(ada).post("/ada/queues/new/", {"name": "orders", "kind": "standard"})
    assert "<html" not in text(at_browser(ada).get("/ada/queues/orders/tags/", headers=PART))


@pytest.mark.parametrize(("path", "status"), [("/login/", 200), ("/ada/", 302), ("/static/console/nothing.js", 404)])
def test_the_server_answers_what_needs_no_database(path, status):
    response = asyncio.run(Handler().get_response_async(RequestFactory().get(path)))
    assert response.status_code == status
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["functions/hello/test/", "functions/hello/lint/", "functions/hello/invocations/0/stream/"]
)
def test_what_waits_keeps_none_of_the_threads_that_make_pages(path):
    assert waits(RequestFactory().get(f"/ada/{path}"))
    assert not waits(RequestFactory().get("/ada/functions/hello/"))


def test_the_parts_of_the_editor_are_kept_by_the_browser_for_good():
    files = Handler()._files
    assert files.immutable_file_test("", "/static/console/chunk-QVM2WUD5.js")
    assert not files.immutable_file_test("", "/static/console/other.js")
