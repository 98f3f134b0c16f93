"""Triggers at the browser: schedules, rules, events and queues, made, looked at, run and removed."""

import pytest

from functions import selectors as functions
from queues.services import create_queue
from tests.console.conftest import HTMX, text
from triggers import delivering, firing, selectors
from triggers.models import EventSourceMapping, Rule, Schedule
from triggers.services import adding

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ada, at_browser, make_function):
    make_function(ada)
    return at_browser(ada)


SCHEDULE = {"name": "tick", "expression": "rate(1 minute)", "zone": "UTC", "function": "hello", "event": ""}


def test_a_schedule_is_made_with_the_permission_it_needs_and_shows_its_next_five_times(ada, browser, frozen_clock):
    answer = browser.post("/ada/schedules/", SCHEDULE)
    assert answer.status_code == 302
    page = text(browser.get(answer["Location"]))
    for minute in range(1, 6):
        assert f"2026-11-23 12:0{minute}:00 UTC" in page
    assert "tick" in text(browser.get("/ada/schedules/"))
    [statement] = functions.get_policy(account=ada, name="hello")["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert "rate(1 minute)" in text(browser.get("/ada/functions/hello/configuration/triggers/"))


def test_a_schedule_of_another_zone_is_one_of_scheduler(ada, browser, frozen_clock):
    given = SCHEDULE | {"zone": "Asia/Tokyo", "expression": "cron(0 9 * * ? *)", "event": '{"warm": true}'}
    page = browser.post("/ada/schedules/", given)["Location"]
    assert "2026-11-24 09:00:00 Asia/Tokyo" in text(browser.get(page))
    assert Schedule.objects.get().target["Input"] == '{"warm": true}'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"expression": "every minute"}, "Parameter ScheduleExpression is not valid."),
        ({"expression": "cron(0 9 * * * *)", "zone": "Asia/Tokyo"}, "Invalid Schedule Expression"),
        ({"name": "a b"}, "Letters, digits, dots, hyphens and underscores."),
        ({"event": "{no"}, "This is no JSON."),
    ],
)
def test_what_is_no_schedule_is_said_and_stays_in_the_form(browser, given, said):
    answer = browser.post("/ada/schedules/", SCHEDULE | given)
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Rule.objects.exists()


def test_an_expression_is_previewed_as_it_is_typed(browser, frozen_clock):
    def preview(expression, zone="UTC"):
        return text(browser.get("/ada/schedules/preview/", {"expression": expression, "zone": zone}, headers=HTMX))

    assert "2026-11-27 09:00:00 UTC" in preview("cron(0 9 ? * 6L *)")
    assert "Not a schedule" in preview("cron(0 9 * * * *)")
    assert "Not a schedule" in preview("<script>")
    assert "It never comes round." in preview("cron(0 0 30 2 ? *)")


def test_run_now_is_seen_with_its_invocation(ada, browser, frozen_clock):
    page = browser.post("/ada/schedules/", SCHEDULE)["Location"]
    assert browser.post(f"{page}set/", {"do": "run"}).status_code == 302
    delivering.deliver_due()
    shown = text(browser.get(page, headers=HTMX | {"HX-Target": "section#happened"}))
    assert "By hand" in shown
    assert "/ada/functions/hello/invocations/" in shown
    assert "<html" not in shown


def test_it_is_switched_off_and_on_and_deleted_with_its_permission(ada, browser, frozen_clock):
    page = browser.post("/ada/schedules/", SCHEDULE)["Location"]
    browser.post(f"{page}set/", {"do": "off"})
    assert "switch it on to see its next times" in text(browser.get(page))
    frozen_clock.advance(minutes=5)
    assert firing.fire_due() == 0
    browser.post(f"{page}set/", {"do": "on"})
    assert selectors.next_times(Rule.objects.get())
    browser.post(f"{page}set/", {"do": "delete"})
    assert not Rule.objects.exists()
    assert browser.get(page).status_code == 404
    with pytest.raises(Exception, match="No policy"):
        functions.get_policy(account=ada, name="hello")
    assert browser.post(f"{page}set/", {"do": "explode"}).status_code in (400, 404)


def test_a_missed_tick_is_shown_as_missed(ada, browser, frozen_clock):
    page = browser.post("/ada/schedules/", SCHEDULE | {"expression": "cron(5 12 * * ? *)"})["Location"]
    frozen_clock.advance(hours=3)
    firing.fire_due()
    assert "Missed" in text(browser.get(page))


def test_somebody_elses_schedules_are_not_there(ada, mallory, browser, at_browser):
    adding.add_schedule(account=ada, function="hello", name="secret", expression="rate(1 day)")
    other = at_browser(mallory)
    assert other.get("/ada/schedules/").status_code in (403, 404)
    assert other.get("/mallory/schedules/rules/default/rule/secret/").status_code == 404
    assert "secret" not in text(other.get("/mallory/schedules/"))


# -- events ----------------------------------------------------------------------------------------


def test_an_event_by_hand_reaches_the_function_of_a_rule(ada, browser):
    given = {"do": "pattern", "name": "orders", "bus": "default", "pattern": '{"source": ["my.shop"]}'}
    page = "/ada/functions/hello/configuration/triggers/"
    assert browser.post(page, given).status_code == 302
    assert "my.shop" in text(browser.get(page))
    event = {"do": "put", "bus": "default", "source": "my.shop", "detail_type": "order", "detail": '{"n": 1}'}
    answer = browser.post("/ada/events/", event, headers=HTMX)
    assert "Taken:" in text(answer)
    delivering.deliver_due()
    shown = text(browser.get("/ada/schedules/rules/default/rule/orders/"))
    assert "Delivered" in shown
    assert "orders" in text(browser.get("/ada/events/"))


def test_a_pattern_is_tried(browser):
    event = '{"id":"1","account":"1","source":"a","time":"t","region":"r","resources":[],"detail-type":"d","detail":{}}'

    def tried(pattern):
        return browser.post("/ada/events/", {"do": "try", "pattern": pattern, "event": event}, headers=HTMX)

    assert "The event fits." in text(tried('{"source": ["a"]}'))
    assert "The event does not fit." in text(tried('{"source": ["b"]}'))
    refused = tried('{"source": "a"}')
    assert refused.status_code == 422
    assert "must be an object or an array" in text(refused)


def test_a_bus_is_made(ada, browser):
    assert browser.post("/ada/events/", {"do": "bus", "bus_name": "orders"}).status_code == 302
    assert browser.post("/ada/events/", {"do": "bus", "bus_name": "orders"}).status_code == 422
    assert "orders" in text(browser.get("/ada/events/"))


# -- queues ----------------------------------------------------------------------------------------


def test_a_queue_becomes_a_trigger_and_is_switched_and_removed(ada, browser):
    queue = create_queue(account=ada, name="input", given={}, tags={})
    page = "/ada/functions/hello/configuration/triggers/"
    given = {"do": "queue", "queue": queue.arn, "batch_size": "5", "window_s": "0", "pattern": ""}
    assert browser.post(page, given).status_code == 302
    mapping = EventSourceMapping.objects.get()
    assert mapping.batch_size == 5
    assert "input" in text(browser.get(page))
    assert "input" in text(browser.get("/ada/functions/hello/"))  # on the strip
    reader = 'as they come: <a href="/ada/functions/hello/">hello</a>'
    assert reader in text(browser.get("/ada/queues/input/messages/"))

    again = browser.post(page, given, headers=HTMX)
    assert again.status_code == 422
    assert "mapping already exists" in text(again)

    browser.post(page, {"do": "off", "uuid": str(mapping.pk)})
    mapping.refresh_from_db()
    assert not mapping.is_enabled
    assert reader not in text(browser.get("/ada/queues/input/messages/"))
    browser.post(page, {"do": "remove", "uuid": str(mapping.pk)})
    assert not EventSourceMapping.objects.exists()


def test_a_visibility_timeout_that_is_too_short_is_said_with_what_to_do(ada, browser):
    queue = create_queue(account=ada, name="short", given={"VisibilityTimeout": "1"}, tags={})
    answer = browser.post(
        "/ada/functions/hello/configuration/triggers/", {"do": "queue", "queue": queue.arn}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "Queue visibility timeout: 1 seconds is less than Function timeout" in text(answer)
    assert "six times" in text(answer)
    assert 'href="/ada/queues/short/configuration/"' in text(answer)


def test_a_queue_that_hides_messages_less_long_than_aws_recommends_is_a_trigger_with_a_word_about_it(ada, browser):
    page = "/ada/functions/hello/configuration/triggers/"
    for name, seconds, is_advised in (("short", "17", True), ("long", "18", False)):  # the function has 3 seconds
        queue = create_queue(account=ada, name=name, given={"VisibilityTimeout": seconds}, tags={})
        browser.post(page, {"do": "queue", "queue": queue.arn})
        assert ("six times the function’s timeout, 18 s" in text(browser.get(page))) is is_advised
        EventSourceMapping.objects.all().delete()


def test_what_was_typed_for_a_trigger_that_is_refused_stays_in_its_form(ada, browser):
    queues = [create_queue(account=ada, name=name, given={"VisibilityTimeout": "1"}, tags={}) for name in ("a", "b")]
    given = {"do": "queue", "queue": queues[1].arn, "batch_size": "7", "window_s": "2", "pattern": '{"body": ["x"]}'}
    page = text(browser.post("/ada/functions/hello/configuration/triggers/", given, headers=HTMX))
    assert f'value="{queues[1].arn}" selected' in page
    assert 'value="7"' in page and 'value="2"' in page and "{&quot;body&quot;: [&quot;x&quot;]}" in page
