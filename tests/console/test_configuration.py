import pytest

from functions import selectors
from tests.console.conftest import HTMX, text

GENERAL = "/ada/functions/hello/configuration/general/"
ENVIRONMENT = "/ada/functions/hello/configuration/environment/"


def settings(**given):
    return {
        "description": "",
        "runtime": "python3.13",
        "handler": "lambda_function.lambda_handler",
        "memory_size": 128,
        "timeout": 3,
    } | given


def test_general_settings_are_saved(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(GENERAL, settings(memory_size=512, timeout=30, description="Adds."), follow=True)
    assert "Saved." in text(answer)
    version = selectors.get_version(account=ada, name="hello")
    assert (version.memory_size, version.timeout, version.description) == (512, 30, "Adds.")


@pytest.mark.parametrize(
    "wrong", [{"memory_size": 64}, {"memory_size": "much"}, {"timeout": 901}, {"runtime": "cobol"}]
)
def test_a_value_that_cannot_be_is_told_at_its_field(wrong, ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(GENERAL, settings(**wrong), headers=HTMX)
    assert answer.status_code == 422
    assert 'class="error"' in text(answer)
    assert text(answer).lstrip().startswith('<form id="section"')


def test_variables_are_added_and_removed(ada, at_browser, make_function):
    make_function(ada, environment={"old": "1"})
    at_browser(ada).post(ENVIRONMENT, {"key": ["foo", "", "Empty"], "value": ["bar", "", ""]})
    assert selectors.get_version(account=ada, name="hello").environment == {"foo": "bar", "Empty": ""}
    at_browser(ada).post(ENVIRONMENT, {})
    assert not selectors.get_version(account=ada, name="hello").environment


def test_two_of_one_name_are_told(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(ENVIRONMENT, {"key": ["foo", "foo"], "value": ["1", "2"]}, headers=HTMX)
    assert answer.status_code == 422
    assert "two variables named foo" in text(answer)


def test_a_reserved_name_is_refused_in_aws_words(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(ENVIRONMENT, {"key": "AWS_REGION", "value": "x"}, headers=HTMX)
    assert answer.status_code == 422
    assert "reserved" in text(answer) and 'value="AWS_REGION"' in text(answer)


def test_a_section_that_is_not_there(ada, at_browser, make_function):
    make_function(ada)
    assert at_browser(ada).get("/ada/functions/hello/configuration/vpc/").status_code == 404


def test_the_button_of_an_explanation_sets_and_runs_again(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post("/ada/functions/hello/set/", {"timeout": "15"}, headers=HTMX)
    assert "15 s" in text(answer) and answer.headers["HX-Trigger"] == "test-again"
    assert selectors.get_version(account=ada, name="hello").timeout == 15
    wrong = at_browser(ada).post("/ada/functions/hello/set/", {"timeout": "long"}, headers=HTMX)
    assert wrong.status_code == 400


def test_only_what_an_explanation_offers_can_be_set_that_way(ada, at_browser, make_function):
    before = make_function(ada)
    at_browser(ada).post("/ada/functions/hello/set/", {"role_arn": "arn:aws:iam::1:role/Other"}, headers=HTMX)
    assert selectors.get_version(account=ada, name="hello").role_arn == before.role_arn
