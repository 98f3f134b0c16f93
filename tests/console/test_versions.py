import pytest

from console import comparing
from functions import archives, selectors
from functions.services.functions import update_function_code, update_function_configuration
from runner.models import Invocation
from tests.console.conftest import HTMX, text

PAGE = "/ada/functions/hello/versions/"
AFTER = b"def lambda_handler(event, context):\n    return 'after'\n"


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


def publish(client, **given):
    return client.post(f"{PAGE}publish/", given, follow=True)


@pytest.fixture
def two_versions(ada, at_browser, make_function):
    """Version 1, then other code and memory as version 2."""
    make_function(ada, environment={"STAGE": "test"})
    client = at_browser(ada)
    publish(client)
    package = archives.store_package(archives.pack({"lambda_function.py": AFTER, "<new>.py": b"x = 1\n"}))
    update_function_code(account=ada, name="hello", package=package)
    update_function_configuration(account=ada, name="hello", memory_size=512, environment={"STAGE": "live"})
    publish(client)
    return client


def test_publishing_without_a_change_says_that_there_is_no_new_version(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    publish(client)
    assert "Nothing has changed since version 1" in text(publish(client))


def test_traffic_is_shared_between_two_versions(ada, two_versions):
    sent = {"alias": "live", "version": "1", "other": "2", "percent": "12.5", "description": "careful"}
    two_versions.post("/ada/functions/hello/aliases/save/", sent)
    assert selectors.get_alias(account=ada, name="hello", alias="live").weights == {"2": 0.125}
    page = text(two_versions.get(PAGE, {"alias": "live"}))
    assert "87.5" in page and 'value="12.5"' in page and "careful" in page
    assert "12,5" in text(two_versions.get(PAGE, headers={"Accept-Language": "fr"}))
    two_versions.post("/ada/functions/hello/aliases/save/", {"alias": "live", "version": "2", "other": ""})
    assert selectors.get_alias(account=ada, name="hello", alias="live").weights == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"other": "1", "percent": "10"}, "another version than the first"),
        ({"other": "$LATEST", "percent": "10"}, "cannot be one of them"),
        ({"version": "$LATEST", "other": "2", "percent": "10"}, "cannot be one of them"),
        ({"other": "2", "percent": "101"}, "100"),
        ({"other": "2", "percent": ""}, "How much of the traffic"),
    ],
)
def test_shares_that_cannot_be_are_told_and_stay_typed(wrong, said, ada, two_versions):
    sent = {"alias": "live", "version": "1"} | wrong
    answer = two_versions.post("/ada/functions/hello/aliases/save/", sent, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer) and 'value="live"' in text(answer)
    assert selectors.list_aliases(account=ada, name="hello").count() == 0


def test_a_version_is_read_and_not_written(ada, two_versions):
    page = text(two_versions.get(f"{PAGE}1/", {"file": "lambda_function.py"}))
    assert "return event" in page and "128 MB" in page and "STAGE" in page
    assert "<textarea" not in page and "?qualifier=1" in page
    assert two_versions.get(f"{PAGE}9/").status_code == 404
    assert two_versions.post(f"{PAGE}1/").status_code == 405


def test_two_versions_are_compared_line_by_line(ada, two_versions):
    page = text(two_versions.get(f"{PAGE}compare/", {"left": "1", "right": "2"}))
    assert "512" in page and "live" in page
    assert '<tr class="in">' in page and '<tr class="out">' in page
    assert "&lt;new&gt;.py" in page and "<new>" not in page
    same = text(two_versions.get(f"{PAGE}compare/", {"left": "2", "right": "$LATEST"}))
    assert "No difference" in same
    part = two_versions.get(f"{PAGE}compare/?left=1&right=2", headers=HTMX | {"HX-Target": "div#comparison"})
    assert text(part).lstrip().startswith('<div id="comparison"')


def test_a_version_that_is_not_there_is_not_compared(ada, mallory, at_browser, two_versions):
    assert two_versions.get(f"{PAGE}compare/", {"left": "7"}).status_code == 404
    assert at_browser(mallory).get(f"{PAGE}compare/").status_code == 404
    assert at_browser(mallory).get(f"{PAGE}1/").status_code == 404


def test_versions_that_are_hard_to_compare_are_compared_in_no_time():
    old, new = (b"\n".join(b"%d" % (n * step % 97) for n in range(5_000)) for step in (7, 11))
    files, more = comparing.files({"a.py": old, "b": b"\0"}, {"a.py": new, "b": b"\1", "c": b""})
    assert [(file.path, file.lines) for file in files] == [("a.py", ()), ("b", ()), ("c", ())]
    assert more == 0


def test_a_chosen_version_is_tested_as_it_is_and_nothing_is_saved(ada, two_versions):
    page = text(two_versions.get("/ada/functions/hello/?qualifier=1"))
    assert '<option value="1" selected>' in page
    before = selectors.get_version(account=ada, name="hello").package_id
    sent = {"event": "{}", "mode": "event", "qualifier": "1", "file:lambda_function.py": "x = 1\n", "base": before}
    answer = two_versions.post("/ada/functions/hello/test/", sent, headers=HTMX)
    assert "qualifier=1" in answer.headers["HX-Replace-Url"] and "save-state" not in text(answer)
    invocation = Invocation.objects.get()
    assert (invocation.qualifier, invocation.function_name) == ("1", "hello")
    assert selectors.get_version(account=ada, name="hello").package_id == before


def test_a_version_that_is_not_there_is_not_tested(ada, two_versions):
    answer = two_versions.post("/ada/functions/hello/test/", {"event": "{}", "qualifier": "9"}, headers=HTMX)
    assert answer.status_code == 404
    assert Invocation.objects.count() == 0
