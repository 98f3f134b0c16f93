"""The sections of a function's configuration, as a person fills them in."""

import pytest

from accounts.iam import put_role_policy
from core import arns
from functions import selectors
from functions.services.event_invoke import put_function_event_invoke_config
from functions.services.layers import publish_layer_version
from queues.services import create_queue
from tests.console.conftest import HTMX, text

SECTIONS = ("general", "environment", "permissions", "asynchronous", "concurrency", "layers", "tags")
BASE = "/ada/functions/hello/configuration/"


@pytest.fixture
def hello(ada, make_function):
    return make_function(ada)


@pytest.fixture
def letters(ada):
    """The ARN of a queue."""
    return create_queue(account=ada, name="letters").arn


# -- every section ---------------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_a_page_and_a_fragment(section, ada, hello, at_browser):
    client = at_browser(ada)
    page = client.get(f"{BASE}{section}/")
    assert page.status_code == 200 and text(page).startswith("<!doctype html>")
    alone = client.get(f"{BASE}{section}/", headers=HTMX | {"HX-Target": "div#section"})
    assert 'id="section"' in text(alone).lstrip()[:60]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_nobody_elses_and_takes_no_other_method(section, ada, mallory, hello, at_browser):
    assert at_browser(mallory).get(f"{BASE}{section}/").status_code == 404
    assert at_browser(mallory).post(f"{BASE}{section}/").status_code == 404
    assert at_browser(ada).put(f"{BASE}{section}/").status_code == 405


# -- environment -----------------------------------------------------------------------------------


def test_a_pasted_env_file_is_laid_out_and_kept_only_when_saved(ada, hello, at_browser):
    client = at_browser(ada)
    pasted = "# local\nexport TABLE='orders'\nURL=https://x.test/?a=1 # no secret\nLINES=\"a\\nb\"\n\nnot a variable\n"
    answer = text(client.post(f"{BASE}environment/", {"dotenv": pasted, "take": "1"}, headers=HTMX))
    assert 'value="orders"' in answer and 'value="https://x.test/?a=1"' in answer
    assert "3 variables are laid out" in answer and "not a variable" in answer
    assert not selectors.get_version(account=ada, name="hello").environment
    client.post(f"{BASE}environment/", {"key": ["KEPT"], "value": ["1"], "dotenv": "TABLE=orders"})
    assert selectors.get_version(account=ada, name="hello").environment == {"KEPT": "1", "TABLE": "orders"}


def test_more_than_4_kb_of_variables_is_told_and_stays_typed(ada, hello, at_browser):
    answer = at_browser(ada).post(f"{BASE}environment/", {"key": "BIG", "value": "x" * 4090}, headers=HTMX)
    assert answer.status_code == 422
    assert "exceeded the 4KB limit" in text(answer) and "x" * 4090 in text(answer)
    assert '<span id="env-used">4100</span>' in text(answer)


# -- asynchronous invocation -----------------------------------------------------------------------


def test_destinations_and_retries_are_set_and_reset(ada, hello, at_browser, make_function):
    other = make_function(ada, "other")
    client = at_browser(ada)
    sent = {"retries": "0", "age": "120", "on_success": other.function.arn}
    assert "Saved." in text(client.post(f"{BASE}asynchronous/", sent, follow=True))
    config = selectors.get_event_invoke_config(account=ada, name="hello")
    assert (config.maximum_retry_attempts, config.maximum_event_age) == (0, 120)
    assert config.on_success == other.function.arn
    client.post(f"{BASE}asynchronous/", {"reset": "1"})
    assert selectors.find_event_invoke_config(function=hello.function) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"age": "30"}, "60"),
        ({"retries": "3"}, "2"),
        ({"on_failure": "other", "on_failure_arn": "hello"}, "Type the ARN"),
        ({"on_failure": "other", "on_failure_arn": "arn:aws:states:us-east-1:123456789012:x"}, "delivers no events"),
    ],
)
def test_what_cannot_be_is_told_and_stays_typed(wrong, said, ada, hello, at_browser):
    sent = {"retries": "1", "age": "3600"} | wrong
    answer = at_browser(ada).post(f"{BASE}asynchronous/", sent, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer)
    assert wrong.get("on_failure_arn", "") in text(answer)
    assert selectors.find_event_invoke_config(function=hello.function) is None


def test_a_function_is_never_its_own_destination(ada, hello, at_browser, make_function):
    make_function(ada, "hello-again")
    page = text(at_browser(ada).get(f"{BASE}asynchronous/"))
    assert f'value="{hello.function.arn}"' not in page
    assert "hello-again" in page


def test_a_queue_is_offered_as_destination_and_for_dead_letters(ada, hello, at_browser, letters):
    client = at_browser(ada)
    page = text(client.get(f"{BASE}asynchronous/"))
    assert page.count(f'value="{letters}"') == 3  # on success, on failure, dead-letter queue
    client.post(f"{BASE}asynchronous/", {"retries": "2", "age": "21600", "dead_letter": letters})
    assert selectors.get_version(account=ada, name="hello").dead_letter_arn == letters
    assert "letters" in text(client.get("/ada/functions/hello/"))


def test_no_dead_letter_queue_is_shown_while_nothing_can_be_one(ada, hello, at_browser):
    assert "Dead-letter queue" not in text(at_browser(ada).get(f"{BASE}asynchronous/"))


# -- concurrency -----------------------------------------------------------------------------------


def test_reserving_throttling_and_sharing_again(ada, hello, at_browser):
    client = at_browser(ada)
    client.post(f"{BASE}concurrency/", {"mode": "reserved", "reserved": "5"})
    assert selectors.get_function(account=ada, name="hello").reserved_concurrency == 5
    assert "995" in text(client.get(f"{BASE}concurrency/"))
    client.post(f"{BASE}concurrency/", {"throttle": "1"})
    page = text(client.get(f"{BASE}concurrency/"))
    assert "TooManyRequestsException" in page and "throttled: nothing can invoke it" in page
    client.post(f"{BASE}concurrency/", {"mode": "shared", "reserved": ""})
    assert selectors.get_function(account=ada, name="hello").reserved_concurrency is None


def test_a_hundred_stay_unreserved(ada, hello, at_browser):
    answer = at_browser(ada).post(f"{BASE}concurrency/", {"mode": "reserved", "reserved": "901"}, headers=HTMX)
    assert answer.status_code == 422
    assert "below its minimum value of [100]" in text(answer) and 'value="901"' in text(answer)


def test_reserving_nothing_in_particular_is_told(ada, hello, at_browser):
    answer = at_browser(ada).post(f"{BASE}concurrency/", {"mode": "reserved", "reserved": ""}, headers=HTMX)
    assert answer.status_code == 422 and "whole number" in text(answer)


# -- permissions -----------------------------------------------------------------------------------


def test_the_role_is_told_in_words(ada, hello, at_browser):
    page = text(at_browser(ada).get(f"{BASE}permissions/"))
    assert "AmazonS3FullAccess" in page and "S3: everything" in page


def test_asking_what_the_function_may_do(ada, hello, at_browser):
    ask = {"action": "s3:GetObject", "on": "arn:aws:s3:::slides/1.png"}
    answer = at_browser(ada).get(f"{BASE}permissions/", ask, headers=HTMX | {"HX-Target": "div#answer"})
    assert text(answer).lstrip().startswith('<div id="answer"')
    assert "Allowed by" in text(answer) and "AmazonS3FullAccess" in text(answer)


def test_what_is_missing_is_allowed_by_one_button(ada, hello, at_browser):
    client, ask = at_browser(ada), {"action": "rds:DescribeDBInstances", "on": "*"}
    assert "No policy of the role allows rds:DescribeDBInstances" in text(client.get(f"{BASE}permissions/", ask))
    client.post(f"{BASE}permissions/", ask | {"do": "allow"})
    ada.refresh_from_db()
    assert "Allowed by" in text(client.get(f"{BASE}permissions/", ask))


def test_a_statement_that_forbids_is_named_and_no_button_is_offered(ada, hello, at_browser):
    denial = '{"Version":"2012-10-17","Statement":{"Sid":"Never","Effect":"Deny","Action":"s3:*","Resource":"*"}}'
    put_role_policy(account=ada, role_name="LabRole", policy_name="NoStorage", document=denial)
    page = text(at_browser(ada).get(f"{BASE}permissions/", {"action": "s3:GetObject", "on": "*"}))
    assert "Forbidden by" in page and "NoStorage" in page
    assert 'value="allow"' not in page


@pytest.mark.parametrize("action", ["GetObject", "s3:Get Object", "<b>:x"])
def test_what_is_no_action_is_told(action, ada, hello, at_browser):
    page = text(at_browser(ada).get(f"{BASE}permissions/", {"action": action, "on": "*"}))
    assert "An action is a service and a verb" in page and "<b>:x" not in page


def test_a_permission_is_added_shown_in_words_and_removed(ada, hello, at_browser):
    client = at_browser(ada)
    sent = {"do": "add", "principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::slides", "sid": "from-s3"}
    client.post(f"{BASE}permissions/", sent)
    page = text(client.get(f"{BASE}permissions/"))
    assert "S3 (s3.amazonaws.com)" in page and "AWS:SourceArn ~ arn:aws:s3:::slides" in page
    again = client.post(f"{BASE}permissions/", sent, headers=HTMX)
    assert again.status_code == 422 and "already exists" in text(again)
    client.post(f"{BASE}permissions/", {"do": "remove", "sid": "from-s3", "qualifier": ""})
    assert "from-s3" not in text(client.get(f"{BASE}permissions/"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"principal": "nobody at all"}, "The provided principal was invalid"),
        ({"principal": ""}, "required"),
        ({"principal": "*", "source_arn": "slides"}, "Type the ARN of what invokes it"),
        ({"principal": "*", "sid": "not good"}, "at most 100"),
    ],
)
def test_a_permission_that_cannot_be_is_told(wrong, said, ada, hello, at_browser):
    answer = at_browser(ada).post(f"{BASE}permissions/", {"do": "add"} | wrong, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer)


def test_another_role_is_given(ada, hello, at_browser):
    role = arns.iam(ada.id, "role/AWSLambdaBasicWithS3ReadOnly")
    at_browser(ada).post(f"{BASE}permissions/", {"do": "role", "role": role})
    assert selectors.get_version(account=ada, name="hello").role_arn == role
    answer = at_browser(ada).post(f"{BASE}permissions/", {"do": "role", "role": arns.iam(ada.id, "role/Gone")})
    assert answer.status_code == 422 and "cannot be assumed by Lambda" in text(answer)


# -- layers ----------------------------------------------------------------------------------------


def test_layers_are_attached_ordered_and_taken_off(ada, hello, at_browser):
    first, second = (
        publish_layer_version(account=ada, name=name, package=hello.package).arn for name in ("first", "second")
    )
    client = at_browser(ada)

    def press(what: str, arn: str = "") -> list[str]:
        client.post(f"{BASE}layers/", {"do": what, "layer": arn})
        return list(selectors.get_version(account=ada, name="hello").layers)

    assert press("add", first) == [first]
    assert press("add", second) == [first, second]
    assert press("up:1") == [second, first]
    assert press("down:0") == [first, second]
    assert press("remove:0") == [second]


def test_six_layers_are_one_too_many(ada, hello, at_browser):
    client = at_browser(ada)
    for number in range(6):
        layer = publish_layer_version(account=ada, name=f"layer-{number}", package=hello.package)
        answer = client.post(f"{BASE}layers/", {"do": "add", "arn": layer.arn}, headers=HTMX)
    assert answer.status_code == 422 and "more than 5 layers" in text(answer)
    assert "Five layers are attached" in text(client.get(f"{BASE}layers/"))


@pytest.mark.parametrize("press", ["up:9", "fly:0", "", "remove:x", "add"])
def test_a_press_that_the_page_has_not_changes_nothing(press, ada, hello, at_browser):
    answer = at_browser(ada).post(f"{BASE}layers/", {"do": press}, headers=HTMX)
    assert answer.status_code == 422
    assert selectors.get_version(account=ada, name="hello").layers == []


# -- tags ------------------------------------------------------------------------------------------


def test_tags_are_set_and_taken_off(ada, hello, at_browser):
    client = at_browser(ada)
    client.post(f"{BASE}tags/", {"key": ["course", "week"], "value": ["cloud", "1"]})
    client.post(f"{BASE}tags/", {"key": ["course"], "value": ["web"]})
    assert selectors.get_function(account=ada, name="hello").tags == {"course": "web"}


def test_a_reserved_tag_is_told_and_nothing_is_lost(ada, hello, at_browser):
    client = at_browser(ada)
    client.post(f"{BASE}tags/", {"key": ["course"], "value": ["cloud"]})
    answer = client.post(f"{BASE}tags/", {"key": ["aws:x"], "value": ["1"]}, headers=HTMX)
    assert answer.status_code == 422 and 'value="aws:x"' in text(answer)
    assert selectors.get_function(account=ada, name="hello").tags == {"course": "cloud"}


# -- the overview ----------------------------------------------------------------------------------


def test_the_overview_shows_where_events_come_from_and_go(ada, hello, at_browser, make_function):
    other = make_function(ada, "receiver")
    client = at_browser(ada)
    put_function_event_invoke_config(account=ada, name="hello", on_failure=other.function.arn)
    assert "Nothing invokes it yet" in text(client.get("/ada/functions/hello/"))
    client.post(f"{BASE}permissions/", {"do": "add", "principal": "sns.amazonaws.com"})
    page = text(client.get("/ada/functions/hello/"))
    assert "sns" in page and "receiver" in page and "On failure" in page
