import pytest
from django.test import Client

from tests.console.conftest import HTMX, text


def test_a_page_that_is_not_there_says_so_in_the_frame(ada, at_browser):
    answer = at_browser(ada).get("/ada/nothing/here/")
    assert answer.status_code == 404
    assert "Page not found" in text(answer) and "Pupitre" in text(answer)


def test_a_missing_function_is_a_page_with_aws_words_and_a_way_back(ada, at_browser):
    answer = at_browser(ada).get("/ada/functions/nothing/")
    assert answer.status_code == 404
    assert "Function not found" in text(answer) and "ResourceNotFoundException" in text(answer)
    assert 'href="/"' in text(answer)


def test_for_htmx_it_is_an_alert(ada, at_browser):
    answer = at_browser(ada).post("/ada/functions/nothing/save/", {"file:a.py": "x"}, headers=HTMX)
    assert answer.headers["HX-Retarget"] == "#alerts"
    assert text(answer).lstrip().startswith('<div class="alert bad"')


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/ada/functions/new/", 500, "It is not your fault"),
        ("/ada/nothing/here/", 404, "There is nothing at this address"),
    ],
)
def test_a_part_of_a_page_that_cannot_be_had_leaves_the_page_as_it_is(
    path, status, words, ada, at_browser, monkeypatch
):
    monkeypatch.setattr("console.pages.functions.free_name", lambda request: 1 / 0)
    client = at_browser(ada)
    client.raise_request_exception = False
    answer = client.get(path, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (status, "#alerts")
    assert words in text(answer) and "<html" not in text(answer)


def test_an_error_of_ours_shows_no_insides(ada, at_browser, monkeypatch):
    def broken(**_given):
        raise ValueError("a secret of the house")

    monkeypatch.setattr("console.pages.functions.free_name", lambda request: broken())
    client = at_browser(ada)
    client.raise_request_exception = False
    answer = client.get("/ada/functions/new/")
    assert answer.status_code == 500
    assert "Something went wrong on the server" in text(answer)
    assert "a secret of the house" not in text(answer)


def test_a_form_without_its_token_is_refused(ada, at_browser):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "This page has grown old" in text(answer)


@pytest.mark.parametrize("path", ["/logout/", "/theme/", "/i18n/setlang/", "/ada/connect/keys/"])
def test_what_changes_something_is_never_a_get(path, ada, at_browser):
    assert at_browser(ada).get(path).status_code == 405
