"""Somebody looks on while a function runs elsewhere."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]

HOSTILE = "def lambda_handler(event, context):\n    print('<img src=x onerror=alert(1)> ' + event['word'])\n"


def test_lines_appear_while_one_looks_on_and_are_only_text(student):
    name = "looked-on"
    student.create(name)
    student.write(HOSTILE)
    student.page.keyboard.press("Control+s")
    student.page.wait_for_selector("text=All changes deployed")
    student.page.goto(f"{student.home}functions/{name}/logs/?live=1")
    with student.page.expect_response(lambda answer: "/logs/tail/" in answer.url):
        student.page.reload()
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
    steps.last.wait_for()
    assert [text.strip() for text in steps.all_inner_texts()] == ["Waiting", "Init (cold start)", "Handler"]
    student.page.get_by_role("link", name="Monitor").click()
    student.page.wait_for_selector("#chart-invocations .bars")
    student.page.get_by_role("link", name="As tables").click()
    student.page.wait_for_selector("#chart-duration td")
