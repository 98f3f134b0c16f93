"""Somebody looks on while a function runs elsewhere."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

HOSTILE = "def lambda_handler(event, context):\n    print('<img src=x onerror=alert(1)> ' + event['word'])\n"


def test_lines_appear_while_one_looks_on_and_are_only_text(student):
    name = "looked-on"
    student.create(name)
    student.write(HOSTILE)
    student.page.wait_for_selector("[data-unsaved]:not([hidden])")
    student.page.keyboard.press("Control+s")
    student.page.wait_for_selector("[data-saved]:not([hidden])")
    with student.page.expect_response(lambda answer: "/logs/tail/" in answer.url):
        student.page.goto(f"{student.home}functions/{name}/logs/?live=1")
    student.live.client("lambda").invoke(FunctionName=name, Payload=b'{"word": "from-elsewhere"}')
    student.page.wait_for_selector("#log-lines >> text=from-elsewhere")
    assert student.page.locator("#log-lines img").count() == 0
    student.page.get_by_role("link", name="Stop looking on").click()
    student.page.wait_for_selector("#requests >> text=from-elsewhere")
    assert student.page.locator("#listening").count() == 0


def test_an_invocation_s_page_shows_the_way_it_took(student):
    name = "on-its-way"
    student.create(name)
    student.test()
    student.page.get_by_role("link", name="Open", exact=True).click()
    steps = student.page.locator(".timeline li .what")
    expect(steps).to_have_text(["Waiting", "Init (cold start)", "Handler"])
    student.page.get_by_role("link", name="Monitor").click()
    student.page.wait_for_selector("#chart-invocations .bars")
    student.page.get_by_role("link", name="As tables").click()
    student.page.wait_for_selector("#chart-duration td")
