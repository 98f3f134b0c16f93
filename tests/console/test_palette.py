import pytest

from console import nav
from tests.console.conftest import HTMX, text

LIST = HTMX | {"HX-Target": "div#palette-list"}


def found(client, typed: str, **headers: str) -> str:
    return text(client.get("/ada/palette/", {"q": typed}, headers=LIST | headers))


def test_it_answers_with_the_lines_alone_and_as_a_page_of_its_own(ada, at_browser):
    client = at_browser(ada)
    assert found(client, "").lstrip().startswith('<div id="palette-list"')
    page = text(client.get("/ada/palette/", {"q": "connect"}))
    assert page.startswith("<!doctype html>") and 'href="/ada/connect/"' in page


def test_functions_their_parts_and_layers_are_found_by_name(ada, at_browser, make_function):
    make_function(ada, "orders-import")
    make_function(ada, "greeting")
    client = at_browser(ada)
    assert 'href="/ada/functions/orders-import/"' in found(client, "ORD")
    logs = found(client, "orders log")
    assert 'href="/ada/functions/orders-import/logs/"' in logs and "greeting" not in logs
    assert 'href="/ada/functions/greeting/configuration/environment/"' in found(client, "greeting environment")
    assert "versions/#publish" in found(client, "greeting publish")


def test_the_parts_of_the_open_function_come_first(ada, at_browser, make_function):
    make_function(ada, "greeting")
    referer = {"Referer": "http://testserver/ada/functions/greeting/logs/?q=x"}
    lines = found(at_browser(ada), "", **referer)
    assert lines.index("/ada/functions/greeting/logs/") < lines.index("Pages")


def test_actions_press_buttons_of_the_page(ada, at_browser):
    assert 'data-clicks="[data-action=&quot;theme&quot;][value=&quot;dark&quot;]"' in found(at_browser(ada), "dark")
    assert 'data-clicks="#sign-out"' in found(at_browser(ada), "sign out")


def test_it_speaks_the_language_of_the_page(ada, at_browser):
    assert "Aktionen" not in found(at_browser(ada), "")
    assert "Se déconnecter" in found(at_browser(ada), "décon", **{"Accept-Language": "fr"})


def test_what_is_typed_never_becomes_markup(ada, at_browser, make_function):
    make_function(ada)
    page = text(at_browser(ada).get("/ada/palette/", {"q": "<img src=x>"}))
    assert "<img" not in page and "Nothing here has that in its name." in page


def test_it_knows_nothing_of_other_accounts(ada, mallory, at_browser, make_function):
    make_function(ada, "secret-plan")
    assert at_browser(mallory).get("/ada/palette/?q=secret").status_code == 404
    assert "secret-plan" not in text(at_browser(mallory).get("/mallory/palette/?q=secret", headers=LIST))


@pytest.mark.parametrize("count", [60])
def test_it_shows_a_dozen_at_most(count, ada, at_browser, make_function):
    first = make_function(ada, "function-0")
    for number in range(1, count):
        make_function(ada, f"function-{number}", package=first.package)
    assert found(at_browser(ada), "function").count('role="option"') == 12


def test_it_takes_no_other_method(ada, at_browser):
    assert at_browser(ada).post("/ada/palette/").status_code == 405


def test_every_shortcut_of_the_sidebar_opens_one_page():
    keys = [section.keys for _label, sections in nav.GROUPS for section in sections]
    assert len(keys) == len(set(keys))
