"""What holds on every page: no accessibility violation in either theme, nothing sideways on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Browser

from functions.zips import pack
from tests.journeys.conftest import Student, new_context
from tests.journeys.pages import NAME, PAGES, WAYS_IN
from tests.live import Live, eventually

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.xdist_group("pages")]

FAILS = "def lambda_handler(event, context):\n    print('hello')\n    return event['missing']\n"


@pytest.fixture
def visitor(browser: Browser, live: Live, signed_in: Any, once: Callable[..., Any]) -> Iterator[Student]:
    """A student who goes from page to page in one tab: a browser takes a second of the processor for each it opens."""

    def open_tab() -> Student:
        person = Student(new_context(browser, storage_state=signed_in).new_page(), live)
        person.watch()
        return person

    person = once("visitor", live, open_tab)
    person.forget()
    person.page.set_viewport_size({"width": 1440, "height": 900})
    yield person
    person.check()


@pytest.fixture
def places(live: Live, once: Callable[..., Any]) -> Any:
    """Something of each kind to look at: a function that ran well and badly and is published, a layer, a queue …"""
    return once("places", live, lambda: make_places(live))


def make_places(live: Live) -> dict[str, str]:
    aws = {service: live.client(service) for service in ("lambda", "sqs", "sns", "events", "scheduler", "sts")}
    identity = aws["sts"].get_caller_identity()
    role = f"arn:aws:iam::{identity['Account']}:role/LabRole"
    made = aws["lambda"].create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": pack({"lambda_function.py": FAILS.encode()})},
    )
    aws["lambda"].invoke(FunctionName=NAME, Payload=b'{"missing": "not this time"}')
    failed = aws["lambda"].invoke(FunctionName=NAME, Payload=b"{}")
    aws["lambda"].publish_version(FunctionName=NAME)
    aws["lambda"].publish_layer_version(
        LayerName=NAME, Content={"ZipFile": pack({"python/greeting.py": b"HELLO = 1\n"})}
    )
    queue = aws["sqs"].create_queue(QueueName=NAME)["QueueUrl"]
    aws["sqs"].send_message(QueueUrl=queue, MessageBody='{"order": 1}')
    queue_arn = aws["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws["lambda"].create_event_source_mapping(FunctionName=NAME, EventSourceArn=queue_arn, Enabled=False)
    topic = aws["sns"].create_topic(Name=NAME)["TopicArn"]
    aws["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=made["FunctionArn"])
    aws["events"].put_rule(Name=NAME, ScheduleExpression="rate(1 day)")
    aws["events"].put_targets(
        Rule=NAME, Targets=[{"Id": "1", "Arn": made["FunctionArn"]}, {"Id": "2", "Arn": queue_arn, "Input": "[1]"}]
    )
    aws["scheduler"].create_schedule(
        Name=NAME,
        ScheduleExpression="cron(0 8 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": made["FunctionArn"], "RoleArn": role},
    )
    request_id = failed["ResponseMetadata"]["RequestId"]
    eventually(lambda: has_logged(live, f"REPORT RequestId: {request_id}"), bool)  # a moment after the answer
    return {"name": NAME, "request_id": request_id}


def has_logged(live: Live, words: str) -> bool:
    try:
        found = live.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{NAME}", filterPattern=f'"{words}"')
    except ClientError:
        return False  # there is no log yet
    return bool(found["events"])


def open_page(student: Student, page: str, places: dict[str, str]) -> None:
    """The page as it is, not one that says that something is missing."""
    answer = student.page.goto(student.home + PAGES[page].format(**places))
    assert answer is not None
    assert answer.status == (404 if page == "not found" else 200), student.page.locator("main").inner_text()
    if page == "code":
        student.wait_for_editor()


@pytest.mark.sandbox
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_accessible_in_both_themes_and_stays_within_a_phone(page, visitor, places):
    open_page(visitor, page, places)
    assert visitor.accessibility_in_both_themes() == []
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    assert not visitor.overflows()
    assert visitor.accessibility() == []
    visitor.page.set_viewport_size({"width": 320, "height": 700})
    assert not visitor.overflows()


@pytest.mark.sandbox
def test_results_errors_and_dialogs_are_accessible(student, places):
    page = student.page
    student.open(places["name"])
    student.test()
    assert student.accessibility_in_both_themes() == []
    page.get_by_role("link", name="Open", exact=True).click()
    page.wait_for_selector("#log-text")
    assert student.accessibility_in_both_themes() == []
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Delete function").click()
    assert student.accessibility_in_both_themes() == []


def test_the_ways_in_are_accessible(live, student):
    student.page.context.clear_cookies()
    for path in WAYS_IN:
        student.page.goto(f"{live.console}{path}")
        assert student.accessibility_in_both_themes() == []


@pytest.mark.parametrize("language", ["fr", "pt-br", "sv", "ja"])
def test_no_language_breaks_the_page(language, student, places):
    student.page.context.add_cookies([{"name": "django_language", "value": language, "url": student.live.console}])
    for page in PAGES:
        student.page.set_viewport_size({"width": 1280, "height": 800})
        open_page(student, page, places)
        for width in (1280, 390):
            student.page.set_viewport_size({"width": width, "height": 800})
            assert not student.overflows(), (page, width)
    student.page.set_viewport_size({"width": 1280, "height": 800})
    student.page.goto(student.home)
    assert student.page.locator("html").get_attribute("lang") == language
    assert student.accessibility_in_both_themes() == []
