"""What holds on every page: no accessibility violation in either theme, nothing sideways on a phone."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.live]

PATHS = {
    "functions": "",
    "create": "functions/new/",
    "code": "functions/{name}/",
    "monitor": "functions/{name}/monitor/",
    "monitor in figures": "functions/{name}/monitor/?table=1",
    "invocations": "functions/{name}/invocations/",
    "logs": "functions/{name}/logs/",
    "live log": "functions/{name}/logs/?live=1",
    "topics": "topics/",
    "log groups": "logs/",
    "log group": "logs/group/?name=/aws/lambda/{name}",
    "log streams": "logs/group/?name=/aws/lambda/{name}&view=streams",
    "general": "functions/{name}/configuration/general/",
    "environment": "functions/{name}/configuration/environment/",
    **{
        section: f"functions/{{name}}/configuration/{section}/"
        for section in ("permissions", "asynchronous", "concurrency", "layers", "tags")
    },
    "versions": "functions/{name}/versions/",
    "version": "functions/{name}/versions/1/?file=lambda_function.py",
    "compare": "functions/{name}/versions/compare/",
    "layer list": "layers/",
    "layer": "layers/new/",
    "account": "account/",
    "palette": "palette/",
    "schedules": "schedules/",
    "clock": "clock/",
    "events": "events/",
    "triggers": "functions/{name}/configuration/triggers/",
    "queues": "queues/",
    "create a queue": "queues/new/",
    "queue": "queues/every-page/messages/",
    "queue configuration": "queues/every-page/configuration/",
    "dead letters": "queues/every-page/dead-letters/",
    "queue access": "queues/every-page/access/",
    "queue tags": "queues/every-page/tags/",
    "connect": "connect/",
    "not found": "functions/not-there/",
}
FAILS = "def lambda_handler(event, context):\n    print('hello')\n    return event['missing']\n"


def found_in_both_themes(student) -> list[str]:
    found = []
    for theme in ("light", "dark"):
        student.set_theme(theme)
        found += [f"{theme}: {violation}" for violation in student.accessibility()]
    return found


@pytest.fixture
def used(student):
    """A student who has run something, well and badly, and published it."""
    name = "every-page"
    student.page.goto(f"{student.home}functions/{name}/")
    if student.page.locator("#workbench").count() == 0:
        student.create(name)
        student.test()
        student.write(FAILS)
        student.test()
        student.page.goto(f"{student.home}functions/{name}/versions/")
        student.page.get_by_role("button", name="Publish version").click()
        with student.page.expect_navigation():  # the page is loaded anew: going on before would be cut short
            student.page.get_by_role("button", name="Publish", exact=True).click()
        student.page.wait_for_selector("text=Published version")
    return student


@pytest.mark.sandbox
@pytest.mark.parametrize("page", PATHS)
def test_a_page_is_accessible_in_both_themes_and_stays_within_a_phone(page, used):
    used.page.goto(used.home + PATHS[page].format(name="every-page"))
    if page == "code":
        used.page.wait_for_selector(".pane-code code-editor[data-ready]")
    assert found_in_both_themes(used) == []
    used.page.set_viewport_size({"width": 390, "height": 844})
    assert not used.overflows()
    assert found_in_both_themes(used) == []
    used.page.set_viewport_size({"width": 320, "height": 700})
    assert not used.overflows()


@pytest.mark.sandbox
def test_results_errors_and_dialogs_are_accessible(used):
    page = used.page
    page.goto(f"{used.home}functions/every-page/")
    page.wait_for_selector(".pane-code code-editor[data-ready]")
    used.test()
    assert found_in_both_themes(used) == []
    page.get_by_role("link", name="Open", exact=True).click()
    page.wait_for_selector("#log-text")
    assert found_in_both_themes(used) == []
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Delete function").click()
    assert found_in_both_themes(used) == []


def test_the_ways_in_are_accessible(browser, live, student):
    student.page.context.clear_cookies()
    for path in ("/login/", "/sign-in/anything/"):
        student.page.goto(f"{live.console}{path}")
        assert found_in_both_themes(student) == []


@pytest.mark.parametrize("language", ["fr", "pt-br", "sv", "ja"])
def test_no_language_breaks_the_page(language, used):
    used.page.context.add_cookies([{"name": "django_language", "value": language, "url": used.live.console}])
    for path in PATHS.values():
        for width in (1280, 390):
            used.page.set_viewport_size({"width": width, "height": 800})
            used.page.goto(used.home + path.format(name="every-page"))
            assert not used.overflows(), (path, width)
    used.page.set_viewport_size({"width": 1280, "height": 800})
    used.page.goto(used.home)
    assert used.page.locator("html").get_attribute("lang") == language
    assert found_in_both_themes(used) == []
