"""From tab to tab of the same thing only what stands in the frame is sent."""

import asyncio
from collections.abc import AsyncGenerator
from inspect import iscoroutinefunction
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.safestring import SafeString

from accounts.models import Account
from console import loglines, running
from console.handler import Handler
from console.pages import streams
from core import ids
from core.database import in_thread
from functions.models import Version
from tests.console.conftest import HTMX, text

PART = HTMX | {"HX-Boosted": "true", "HX-Target": "main#main"}
TABS = ("", "monitor/", "invocations/", "logs/", "configuration/general/", "configuration/layers/", "versions/")


def views(resolver: URLResolver):
    """Every view that an address leads to, by name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name, pattern.callback
        else:
            yield from views(pattern)


@pytest.mark.parametrize("path", TABS)
def test_a_tab_is_sent_without_the_frame(ada, at_browser, make_function, path):
    make_function(ada)
    answer = at_browser(ada).get(f"/ada/functions/hello/{path}", headers=PART)
    page = text(answer)
    assert page.startswith("<title>hello") and '<main id="main" class="main ' in page and 'aria-current="page"' in page
    assert "<html" not in page and "sidebar" not in page


def test_the_browser_keeps_a_part_and_its_whole_page_apart(ada, at_browser, make_function):
    make_function(ada)
    for headers in (PART, {}):
        assert "HX-Target" in at_browser(ada).get("/ada/functions/hello/logs/", headers=headers)["Vary"]


def test_whoever_goes_back_gets_the_whole_page(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).get("/ada/functions/hello/logs/", headers=PART | {"HX-History-Restore-Request": "true"})
    assert "<html" in text(answer)


def test_what_is_gone_is_a_page_of_its_own_and_no_alert_on_the_page_before(ada, at_browser):
    answer = at_browser(ada).get("/ada/functions/gone/", headers=PART)
    assert (answer.status_code, "HX-Retarget" in answer) == (404, False)
    assert "No such function" in text(answer) and '<main id="main" class="main ' not in text(answer)


def test_a_tab_of_a_queue_is_a_part_as_well(ada, at_browser):
    at_browser(ada).post("/ada/queues/new/", {"name": "orders", "kind": "standard"})
    assert "<html" not in text(at_browser(ada).get("/ada/queues/orders/tags/", headers=PART))


@pytest.mark.django_db(transaction=True)  # the threads that make pages have connections of other tests
@pytest.mark.parametrize(("path", "status"), [("/login/", 200), ("/ada/", 302), ("/static/console/nothing.js", 404)])
def test_the_server_answers_pages_and_files(path, status):
    response = asyncio.run(Handler().get_response_async(RequestFactory().get(path)))
    assert response.status_code == status
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_static_file_is_sent_whole_and_only_once(settings):
    settings.SERVESTATIC_AUTOREFRESH, settings.SERVESTATIC_USE_FINDERS = False, True
    server, sent = Handler(), []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def ask(**head: bytes) -> None:
        headers = [(name.replace("_", "-").encode(), value) for name, value in head.items()]
        scope = {"type": "http", "method": "GET", "path": "/static/console/app.js", "headers": headers}
        asyncio.run(server(scope, None, send))

    ask()
    head = dict(sent[0]["headers"])
    ask(if_none_match=head[b"etag"])

    assert [message["status"] for message in sent[::2]] == [200, 304]
    assert sent[1]["body"] == (settings.BASE_DIR / "console/static/console/app.js").read_bytes()
    assert (head[b"x-content-type-options"], sent[3]["body"]) == (b"nosniff", b"")


@pytest.mark.django_db(transaction=True)
def test_what_waits_keeps_none_of_the_threads_that_make_pages(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    test = client.post("/ada/functions/hello/test/", {"event": "{}"}, headers=HTMX)
    checks = client.post("/ada/functions/hello/lint/", {"path": "lambda_function.py", "text": "x = 1"})
    log = client.get("/ada/logs/tail/", {"name": "/aws/lambda/hello"})
    assert [answer.is_async for answer in (test, checks, log)] == [True, True, True]


def test_every_page_is_made_on_a_thread():
    assert not [name for name, view in views(get_resolver()) if iscoroutinefunction(view)]


class _Broken(streams.TestStream):
    """A test whose looker-on meets a mistake of ours."""

    async def batches(self, gather_s: float = 0) -> AsyncGenerator[list[loglines.Line]]:
        yield [("one line\n", "")]
        raise RuntimeError("a mistake")


@pytest.mark.django_db(transaction=True)  # the threads that make pages have connections of their own
def test_a_mistake_of_ours_while_a_test_is_looked_at_says_where_its_result_is(ada, make_function):
    version, request_id = make_function(ada), ids.request_id()
    test = running.Running(ada.pk, "hello", version.package_id)
    stream = _Broken(ada, version, request_id, "en", test)

    async def all_of_it() -> str:
        return b"".join([part async for part in stream.messages()]).decode()

    pages = asyncio.run(stream.early()).final, asyncio.run(all_of_it())
    assert ["The mistake is the server’s" in page for page in pages] == [True, True]
    assert [f"/ada/functions/hello/invocations/{request_id}/" in page for page in pages] == [True, True]


class _Halting(streams.TestStream):
    """A test that ends a while after its first line."""

    async def batches(self, gather_s: float = 0) -> AsyncGenerator[list[loglines.Line]]:
        yield [("one line\n", "")]
        for _turn in range(50):
            await asyncio.sleep(0)

    async def final(self) -> SafeString:
        return SafeString("its result")


@pytest.mark.parametrize(("beside", "final"), [(0, ""), (3, "its result")])
def test_in_a_crowd_the_answer_waits_for_the_result(monkeypatch, beside, final):
    for name, seconds in {"SOON_S": 0.0, "CROWD_S": 30.0, "SOON_MOST_S": 60.0}.items():
        monkeypatch.setattr(streams, name, seconds)
    test = running.Running("ada", "hello", "")

    async def early():
        tests = {str(number): asyncio.create_task(asyncio.Event().wait()) for number in range(1 + beside)}
        monkeypatch.setattr(running, "_running", {n: running.Running("ada", n, "", task=t) for n, t in tests.items()})
        return await _Halting(Account(), Version(), "1", "en", test).early()

    found = asyncio.run(early())
    assert (found.lines, found.final) == ([("one line\n", "")], final)


@pytest.mark.django_db(transaction=True)
def test_a_page_of_a_test_that_has_just_ended_waits_for_its_row(ada, make_function, make_invocation, at_browser):
    version, request_id = make_function(ada), ids.request_id()
    running.announce(account=ada, name="hello", code_sha256=version.package_id, request_id=request_id)
    cookies = at_browser(ada).cookies
    request = RequestFactory(headers={"Cookie": cookies.output(header="", sep=";")}).get(
        f"/ada/functions/hello/invocations/{request_id}/"
    )

    async def look() -> int:
        asked = asyncio.create_task(Handler().get_response_async(request))
        await in_thread(make_invocation, version, id=request_id)
        return (await asked).status_code

    assert asyncio.run(look()) == 200


def test_the_parts_of_the_editor_are_kept_by_the_browser_for_good():
    files = Handler()._files
    assert files.immutable_file_test("", "/static/console/chunk-QVM2WUD5.js")
    assert not files.immutable_file_test("", "/static/console/other.js")
