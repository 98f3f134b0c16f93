"""A rule's targets at the browser: every kind that events are delivered to, and the permission that each needs."""

import json
import re

import pytest

from functions.selectors import get_policy
from queues.services import create_queue, receive_message, set_queue_attributes
from tests.console.conftest import text
from tests.runner.conftest import counted_metrics  # noqa: F401
from topics.services import create_topic, subscribe_queue
from triggers import delivering
from triggers.models import Delivery, Rule
from triggers.services import adding, buses, events, rules
from triggers.services.events import Entry

pytestmark = pytest.mark.django_db

PAGE = "/ada/schedules/rules/default/rule/orders/"
ORDER = {"id": 7, "total": 12}


@pytest.fixture
def browser(ada, at_browser, make_function):
    make_function(ada)
    adding.add_rule(account=ada, name="orders", pattern='{"source": ["my.shop"]}')
    return at_browser(ada)


@pytest.fixture
def queue(ada):
    return create_queue(account=ada, name="store", given={}, tags={})


@pytest.fixture
def put(ada):
    """``put()``: an order on the default bus, delivered to wherever it goes."""

    def put():
        events.put_events(account=ada, entries=[Entry("my.shop", "order", json.dumps(ORDER))])
        delivering.deliver_due()

    return put


def bodies(queue):
    return [message.body for message in receive_message(queue=queue, limit=10)]


def add(browser, arn, **given):
    return browser.post(f"{PAGE}targets/", {"do": "add", "arn": arn, **given})


def test_a_queue_becomes_a_target_with_the_statement_that_lets_the_rule_send(ada, browser, queue, put):
    assert add(browser, queue.arn).status_code == 302
    page = text(browser.get(PAGE))
    assert "/ada/queues/store/" in page
    assert "It may send there" in page
    put()
    [body] = bodies(queue)
    assert json.loads(body)["detail"] == ORDER


def test_a_topic_a_function_and_another_bus_become_targets_too(ada, browser, queue, put):
    topic = create_topic(account=ada, name="news")
    subscribe_queue(account=ada, topic=topic, queue=queue, is_raw=True)
    bus = buses.create_event_bus(account=ada, name="archive")
    function = "arn:aws:lambda:us-east-1:111111111111:function:hello"
    for arn in (topic.arn, bus.arn, function):
        assert add(browser, arn).status_code == 302, arn
    assert text(browser.get(PAGE)).count("It may send there") == 3
    put()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert len(bodies(queue)) == 1


def test_a_fifo_queue_asks_for_its_message_group(ada, browser, put):
    fifo = create_queue(
        account=ada, name="line.fifo", given={"FifoQueue": "true", "ContentBasedDeduplication": "true"}, tags={}
    )
    assert "line.fifo" in text(browser.get(PAGE))
    refused = add(browser, fifo.arn)
    assert refused.status_code == 422
    assert "SqsParameters must be specified" in text(refused)
    assert add(browser, fifo.arn, group_id="orders").status_code == 302
    put()
    assert len(bodies(fifo)) == 1


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ({"path": "$.detail"}, ORDER),
        ({"constant": '{"kind": "order"}'}, {"kind": "order"}),
        ({"template": '{"stored": <number>}', "values": '{"number": "$.detail.id"}'}, {"stored": 7}),
    ],
)
def test_a_target_gets_a_part_a_constant_or_a_filled_template(browser, queue, put, given, got):
    assert add(browser, queue.arn, **given).status_code == 302
    put()
    [body] = bodies(queue)
    assert json.loads(body) == got


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"path": "$.detail", "constant": "1"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"constant": "{no"}, "JSON syntax error in input"),
        ({"path": "detail["}, "Invalid InputPath"),
        ({"template": "<a>", "values": "[1]"}, "A name for each path"),
        ({"template": "<a>", "values": '{"b": "$.id"}'}, "placeholder a that is not in InputPathsMap"),
        ({"arn": "arn:aws:sqs:us-east-1:111111111111:gone"}, "does not exist"),
        ({"arn": "arn:aws:dynamodb:us-east-1:111111111111:table/t"}, "delivers no events to dynamodb"),
        ({"arn": "nonsense"}, "Provided Arn is not in correct format"),
    ],
)
def test_what_cannot_be_sent_is_said_and_stays_in_the_form(browser, queue, given, said):
    answer = add(browser, **({"arn": queue.arn} | given))
    assert answer.status_code in (404, 422)
    assert said in text(answer)
    assert not Rule.objects.get().targets.exists()


def test_a_missing_permission_is_told_in_words_and_given_by_a_button(ada, browser, queue, put):
    """As after Terraform or the command line, which only put the target."""
    function = "arn:aws:lambda:us-east-1:111111111111:function:hello"
    given = [{"Id": "by-hand", "Arn": queue.arn}, {"Id": "function", "Arn": function}]
    rules.put_targets(account=ada, rule="orders", given=given)
    page = text(browser.get(PAGE))
    assert page.count("It may not send there") == 2
    assert "is not authorized to perform: sqs:SendMessage" in page
    for target in ("by-hand", "function"):
        assert browser.post(f"{PAGE}targets/", {"do": "permit", "target": target}).status_code == 302
    page = text(browser.get(PAGE))
    assert page.count("It may send there") == 2
    assert not re.search("may not send", page)
    put()
    assert len(bodies(queue)) == 1


def test_what_a_statement_forbids_no_button_allows(ada, browser, queue):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    set_queue_attributes(account=ada, name="store", given={"Policy": policy})
    rules.put_targets(account=ada, rule="orders", given=[{"Id": "1", "Arn": queue.arn}])
    answer = browser.post(f"{PAGE}targets/", {"do": "permit", "target": "1"})
    assert answer.status_code in (403, 422)
    queue.refresh_from_db()
    assert json.loads(queue.policy)["Statement"] == [deny]


def test_a_target_goes_with_its_permission(ada, browser, queue, put):
    function = "arn:aws:lambda:us-east-1:111111111111:function:hello"
    for arn in (queue.arn, function):
        add(browser, arn)
    for target in ("1", "2", "2"):
        assert browser.post(f"{PAGE}targets/", {"do": "remove", "target": target}).status_code == 302
    assert "nothing is sent" in text(browser.get(PAGE))
    with pytest.raises(Exception, match="No policy"):
        get_policy(account=ada, name="hello")
    put()
    assert bodies(queue) == []


def test_a_rule_is_made_without_a_function_and_leads_to_its_targets(browser, ada):
    given = {"do": "rule", "name": "invoices", "bus": "default", "pattern": '{"source": ["my.shop"]}'}
    answer = browser.post("/ada/events/", given)
    assert answer.status_code == 302
    assert "Add a target" in text(browser.get(answer["Location"]))
    for wrong in ({}, {"name": "other", "pattern": '{"source": 1}'}, {"name": "a b"}):
        refused = browser.post("/ada/events/", given | wrong)
        assert refused.status_code == 422, wrong
    assert set(Rule.objects.values_list("name", flat=True)) == {"orders", "invoices"}


def test_somebody_elses_queue_is_no_target_and_their_rule_is_not_there(mallory, browser, at_browser):
    theirs = create_queue(account=mallory, name="theirs", given={}, tags={})
    assert add(browser, theirs.arn).status_code in (404, 422)
    assert "theirs" not in text(browser.get(PAGE))
    other = at_browser(mallory)
    assert other.post("/mallory/schedules/rules/default/rule/orders/targets/", {"do": "add"}).status_code == 404
