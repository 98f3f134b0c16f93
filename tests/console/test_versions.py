from functions import selectors
from tests.console.conftest import HTMX, text

PAGE = "/ada/functions/hello/versions/"


def test_publishing_and_pointing_an_alias(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    assert "Published version 1." in text(client.post(f"{PAGE}publish/", {"description": "first"}, follow=True))
    client.post("/ada/functions/hello/aliases/save/", {"alias": "live", "version": "1"})
    page = text(client.get(PAGE))
    assert "first" in page and "live" in page and ":hello:live" in page
    client.post("/ada/functions/hello/aliases/save/", {"alias": "live", "version": "$LATEST"})
    assert selectors.get_alias(account=ada, name="hello", alias="live").version_number == 0


def test_an_alias_of_digits_is_told_at_its_field(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(
        "/ada/functions/hello/aliases/save/", {"alias": "12", "version": "$LATEST"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "not digits alone" in text(answer)


def test_deleting_a_version_and_an_alias(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    client.post(f"{PAGE}publish/")
    client.post("/ada/functions/hello/aliases/save/", {"alias": "live", "version": "1"})
    in_use = client.post(f"{PAGE}1/delete/", headers=HTMX)
    assert in_use.status_code == 409 and "live" in text(in_use)
    client.post("/ada/functions/hello/aliases/live/delete/")
    client.post(f"{PAGE}1/delete/")
    assert selectors.list_versions(account=ada, name="hello").count() == 1
