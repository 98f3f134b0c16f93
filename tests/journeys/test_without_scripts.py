"""A browser that runs no scripts: forms do what the scripts would."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import new_context
from tests.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]


@pytest.fixture
def plain(browser: Browser, live: Live, signed_in: Any, function: Any) -> Iterator[Page]:
    """The page of a function, in such a browser."""
    function("plain")
    context = new_context(browser, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.console}/teacher/functions/plain/")
    yield page
    context.close()


def test_a_test_without_scripts_leads_to_the_page_of_its_result(plain):
    plain.locator(".pane-code textarea").fill("def lambda_handler(event, context):\n    return 'typed by hand'\n")
    plain.locator("#run").click()
    plain.wait_for_url("**/functions/plain/invocations/*/")
    expect(plain.locator("main")).to_contain_text("typed by hand")


def test_an_event_that_is_no_json_is_explained_without_scripts(plain):
    plain.locator("#event-editor textarea").fill('{"key1": "value1",}')
    plain.locator("#run").click()
    expect(plain.locator("body")).to_contain_text("the event is not valid JSON")
    expect(plain.locator("body")).to_contain_text("Pupitre")
