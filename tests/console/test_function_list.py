from datetime import timedelta

import pytest

from core import clock
from tests.console.conftest import HTMX, person, text


def test_an_empty_list_names_the_next_action(ada, at_browser):
    page = text(at_browser(ada).get("/ada/"))
    assert "No functions yet" in page
    assert page.count("/ada/functions/new/") == 1


def test_a_row_says_what_happened_last(ada, at_browser, make_function, make_invocation):
    version = make_function(ada, "hello")
    make_function(ada, "quiet")
    make_invocation(version, state="failed", error_type="KeyError")
    page = text(at_browser(ada).get("/ada/"))
    assert "Failed" in page and "just now" in page
    assert "Never run" in page


def test_searching_and_sorting_answer_with_the_table_alone(ada, at_browser, make_function):
    for name in ("alpha", "beta", "gamma"):
        make_function(ada, name)
    found = at_browser(ada).get("/ada/?q=ET&sort=-name", headers=HTMX | {"HX-Target": "section#functions"})
    assert text(found).lstrip().startswith('<section id="functions"')
    assert "beta" in text(found) and "alpha" not in text(found)
    page = text(at_browser(ada).get("/ada/?sort=-name"))
    assert page.index("gamma") < page.index("alpha")


def test_the_client_cannot_name_another_fragment(ada, at_browser):
    page = text(at_browser(ada).get("/ada/", headers=HTMX | {"HX-Target": "div#facts"}))
    assert page.lstrip().startswith("<!doctype html>")


def test_what_is_not_found_is_said_without_becoming_markup(ada, at_browser, make_function):
    make_function(ada)
    page = text(at_browser(ada).get("/ada/", {"q": "<img src=x onerror=alert(1)>"}))
    assert "<img" not in page
    assert "&lt;img" in page


def test_pages_hold_25(ada, at_browser, make_function):
    for number in range(30):
        make_function(ada, f"function-{number:02}")
    client = at_browser(ada)
    assert "function-24" in text(client.get("/ada/")) and "function-25" not in text(client.get("/ada/"))
    assert "function-29" in text(client.get("/ada/?page=2"))
    assert "function-29" in text(client.get("/ada/?page=99"))


@pytest.mark.parametrize("language", ["en", "fr", "pt-br", "sv", "ja"])
def test_a_chart_is_drawn_with_points_in_every_language(language, ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    for minutes in (1, 7, 7, 31):
        make_invocation(version, asked_at=clock.now() - timedelta(minutes=minutes))
    page = text(at_browser(ada).get("/ada/", headers={"Accept-Language": language}))
    paths = [part.split('"')[0] for part in page.split('<path d="M')[1:] if "84.0 " in part.split('"')[0]]
    assert paths
    assert all("," not in path for path in paths)


def test_another_account_is_not_there(ada, mallory, at_browser, make_function):
    make_function(ada)
    assert at_browser(mallory).get("/ada/").status_code == 404


def test_a_teacher_may_open_any_account(ada, grace, make_function, client):
    make_function(ada)
    client.force_login(person(grace, "teacher", is_staff=True))
    assert "hello" in text(client.get("/ada/"))


def test_every_page_carries_the_strict_policy(ada, at_browser):
    policy = at_browser(ada).get("/ada/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert "unsafe" not in policy
