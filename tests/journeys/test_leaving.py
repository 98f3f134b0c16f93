"""What a page has asked for may come when the page is left: nothing of it fails, and nothing of it lands elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Route, expect

from tests.live import eventually

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.sandbox]


@contextmanager
def held(student, pattern) -> Iterator[list[Route]]:
    """The requests for ``pattern`` that are made within wait until its end; then all of them are over."""
    page, routes, over = student.page, [], []
    page.route(pattern, lambda route: routes.append(route))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: over.append(request))
    yield routes
    waiting = [route.request for route in routes]
    for route in tuple(routes):
        route.continue_()
    page.unroute(pattern)  # lets those through that came meanwhile
    eventually(lambda: page.title() and [request for request in waiting if request not in over], lambda left: not left)
    page.evaluate("() => fetch(location.href).then((answer) => answer.text())")  # what they had to tell is told


def asked(student, routes):
    """A request is under way."""
    eventually(lambda: (student.page.title(), list(routes))[1], bool)


def go_to(student, tab):
    student.page.get_by_role("link", name=tab, exact=True).first.click()
    expect(student.page.locator("nav.tabs [aria-current]")).to_have_text(tab)


def test_checks_of_code_come_when_its_tab_was_left(student):
    student.create("checked-late")
    with held(student, "**/lint/") as routes:
        student.page.reload()
        student.wait_for_editor()
        asked(student, routes)
        go_to(student, "Logs")
    expect(student.page.locator("nav.tabs [aria-current]")).to_have_text("Logs")


def test_a_chosen_event_comes_when_its_tab_was_left(student):
    student.create("chosen-late")
    with held(student, "**/events/text/*") as routes:
        student.page.get_by_label("Test event", exact=True).first.select_option("sqs")
        asked(student, routes)
        go_to(student, "Monitor")
        go_to(student, "Code")
        student.wait_for_editor()
    expect(student.page.locator("#event-editor .cm-content")).to_contain_text("key1")


def test_an_event_is_saved_when_its_tab_was_left(student):
    student.create("saved-late")
    go_to(student, "Logs")
    go_to(student, "Code")
    student.wait_for_editor()
    student.page.get_by_role("button", name="Save event").click()
    student.page.get_by_label("Name", exact=True).fill("late")
    with held(student, "**/events/save/") as routes:
        student.page.locator("#event-save").get_by_role("button", name="Save").click()
        asked(student, routes)
        student.page.go_back()
        expect(student.page.locator("nav.tabs [aria-current]")).to_have_text("Logs")
    go_to(student, "Code")
    expect(student.page.locator('#event-choice option[value="saved:late"]')).to_be_attached()


def test_the_editor_comes_when_its_tab_was_left_and_what_was_typed_before_stays(student):
    student.create("edited-late")
    with held(student, "**/console/editor*.js") as routes:
        student.page.reload(wait_until="commit")
        asked(student, routes)
        go_to(student, "Versions and aliases")
        go_to(student, "Code")
        student.page.locator(".pane-code textarea").press("Control+Home")
        student.page.keyboard.type("# early\n")
        student.page.once("dialog", lambda dialog: dialog.dismiss())
        student.page.get_by_role("link", name="Logs", exact=True).first.click()
        expect(student.page.locator("nav.tabs [aria-current]")).to_have_text("Code")
    student.wait_for_editor()
    expect(student.page.locator(".pane-code .cm-content")).to_contain_text("# early")


def marked(student):
    """Whether this is still the document that was marked."""
    return student.page.evaluate("() => window.marked === true")


def mark(student):
    student.page.evaluate("() => { window.marked = true; }")


def test_from_the_list_to_a_function_and_back_nothing_is_loaded_again(student):
    student.create("near-by")
    student.page.goto(student.home)
    mark(student)
    student.page.get_by_role("link", name="near-by", exact=True).click()
    student.wait_for_editor()
    expect(student.page).to_have_title("near-by · Pupitre")
    expect(student.page.locator("#arrived")).to_have_text("near-by · Pupitre")
    expect(student.page.locator("#main")).to_be_focused()
    student.test()
    student.page.locator(".crumbs a").click()
    expect(student.page).to_have_title("Functions · Pupitre")
    student.page.go_back()
    student.wait_for_editor()
    assert "run=" in student.page.url and "succeeded" in student.result
    student.page.go_back()
    expect(student.page.get_by_role("searchbox", name="Search functions by name")).to_be_visible()
    assert marked(student)


def test_whoever_goes_to_another_function_takes_nothing_along(student, function):
    function("a-one-of-two", "def lambda_handler(event, context):\n    return 'one'\n")
    function("a-two-of-two", "def lambda_handler(event, context):\n    return 'two'\n")
    student.open("a-one-of-two")
    student.write("changed")
    mark(student)
    student.page.locator(".crumbs a").click()
    student.page.get_by_role("link", name="a-two-of-two", exact=True).click()
    student.wait_for_editor()
    expect(student.page.locator(".pane-code .cm-content")).to_contain_text("return 'two'")
    expect(student.page.locator("#draft-note")).to_be_hidden()
    student.test()
    assert "two" in student.result
    student.page.keyboard.press("Control+k")
    student.page.locator("#palette-input").fill("a-one-of-two")
    student.page.locator("#palette-list [role=option]", has_text="a-one-of-two").first.click()
    expect(student.page.locator(".pane-code .cm-content")).to_contain_text("changed")
    expect(student.page.locator("#draft-note")).to_be_visible()
    assert marked(student)


def test_a_page_of_another_section_is_a_document_of_its_own(student):
    mark(student)
    student.page.keyboard.press("g")
    student.page.keyboard.press("q")
    expect(student.page).to_have_title("Queues · Pupitre")
    assert not marked(student)


def test_a_link_to_what_is_gone_leads_to_a_page_that_says_so(student, function):
    function("gone-by-now")
    student.page.goto(student.home)
    student.make_room("gone-by-now")
    student.page.get_by_role("link", name="gone-by-now", exact=True).click()
    expect(student.page.get_by_role("heading", name="No such function")).to_be_visible()
    student.page.go_back()
    expect(student.page).to_have_title("Functions · Pupitre")
