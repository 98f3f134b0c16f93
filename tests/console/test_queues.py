"""The pages of queues: made, sent to, received from, configured; hostile bodies stay text; others see nothing."""

import json

import pytest
from django.test import override_settings

from core import targets
from queues import meter, selectors, services, sweeping
from queues.contents import Draft
from queues.models import Message, MoveTask
from tests.console.conftest import HTMX, text
from tests.queues.conftest import receive, send

HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} <p hx-get="/evil" hx-trigger="load">"""


@pytest.fixture
def orders(ada):
    return services.create_queue(account=ada, name="orders")


def test_an_empty_list_names_the_next_action(ada, at_browser):
    page = text(at_browser(ada).get("/ada/queues/"))

    assert "No queues yet" in page and page.count('href="/ada/queues/new/"') == 1


def test_queues_are_listed_with_what_is_in_them(ada, orders, at_browser):
    send(orders, "a", "b")
    send(orders, "later", delay_s=60)
    browser = at_browser(ada)

    page = text(browser.get("/ada/queues/"))
    assert 'href="/ada/queues/orders/messages/"' in page
    assert '<td class="num">2</td><td class="num">0</td><td class="num hide-narrow">1</td>' in page
    assert "No queue of that name" in text(browser.get("/ada/queues/?q=none"))
    fragment = text(browser.get("/ada/queues/", headers=HTMX | {"HX-Target": "section#queues"}))
    assert fragment.strip().startswith('<section id="queues"')


@pytest.mark.parametrize(
    ("kind", "typed", "name"), [("standard", "orders", "orders"), ("fifo", "orders", "orders.fifo")]
)
def test_a_queue_is_made_on_one_page(kind, typed, name, ada, at_browser):
    answer = at_browser(ada).post("/ada/queues/new/", {"name": typed, "kind": kind}, headers=HTMX)

    assert answer.headers["HX-Redirect"] == f"/ada/queues/{name}/messages/"
    assert selectors.get_queue(account=ada, name=name).is_fifo is (kind == "fifo")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "no spaces"}, "at most 75"),
        ({"name": "a.fifo"}, "Only a FIFO queue’s name ends in .fifo."),
        ({"name": ""}, "This field is required"),
        ({"name": "gone"}, "a name is free again after a minute"),
    ],
)
def test_a_name_that_cannot_be_is_told_and_stays_typed(typed, said, ada, at_browser):
    services.create_queue(account=ada, name="gone")
    services.delete_queue(account=ada, name="gone")

    answer = at_browser(ada).post("/ada/queues/new/", {"kind": "standard"} | typed, headers=HTMX)

    assert answer.status_code == 422 and said in text(answer).replace("&#x27;", "'")
    assert f'value="{typed["name"]}"' in text(answer)


def test_a_message_is_sent_received_and_deleted_on_one_page(ada, orders, at_browser):
    browser = at_browser(ada)
    sent = {"body": '{"number": 1}', "key": ["Colour"], "type": ["String"], "value": ["red"], "delay": ""}

    answer = text(browser.post("/ada/queues/orders/messages/send/", sent, headers=HTMX))
    assert "The message is sent." in answer and "{&quot;number&quot;: 1}" in answer
    received = text(browser.post("/ada/queues/orders/messages/receive/", {"limit": "10"}, headers=HTMX))
    assert "{&quot;number&quot;: 1}" in received and "Colour" in received and "Nobody else receives them" in received
    handle = received.partition('name="handle" value="')[2].partition('"')[0]
    gone = browser.post("/ada/queues/orders/messages/delete/", {"handle": handle}, headers=HTMX)
    assert "The message is deleted." in text(gone)
    assert not Message.objects.exists()
    assert "There is no message to receive now." in text(
        browser.post("/ada/queues/orders/messages/receive/", headers=HTMX)
    )


def test_a_received_message_can_be_given_back(ada, orders, at_browser):
    send(orders, "again")
    (message,) = receive(orders)

    answer = at_browser(ada).post("/ada/queues/orders/messages/release/", {"handle": message.handle}, headers=HTMX)

    assert "back in the queue" in text(answer)
    assert receive(orders)[0].receive_count == 2


def test_the_depth_is_a_fragment_that_looks_again_by_itself(ada, orders, at_browser):
    send(orders, "a")

    answer = text(at_browser(ada).get("/ada/queues/orders/messages/", headers=HTMX | {"HX-Target": "section#depth"}))

    assert answer.startswith('<section id="depth"') and 'hx-trigger="every 2s"' in answer
    assert "<dd>1</dd>" in answer and "<form" not in answer


def test_whatever_a_message_holds_is_only_text(ada, orders, at_browser):
    send(orders, HOSTILE)
    services.send_message(queue=orders, draft=Draft("\u202e\u0085" + HOSTILE * 50))

    page = text(at_browser(ada).post("/ada/queues/orders/messages/receive/", {"limit": "10"}))

    assert "<script>alert" not in page and "<img src=x" not in page and page.count("{{ 7*7 }}") == 51
    assert page.count("&lt;script&gt;alert(1)") == 51
    assert "hx-ignore>&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"body": ""}, "must contain the parameter MessageBody"),
        ({"body": "a\x08"}, "cannot hold these characters"),
        ({"body": "x", "delay": "soon"}, "The delay is a number of seconds."),
        ({"body": "x", "delay": "901"}, "DelaySeconds must be"),
        ({"body": "x", "key": ["AWS.a"], "type": ["String"], "value": ["v"]}, "can not start with"),
        ({"body": "x", "key": ["a", "a"], "type": ["String"] * 2, "value": ["v"] * 2}, "two attributes named a"),
    ],
)
def test_a_message_that_cannot_be_is_told_and_stays_typed(typed, said, ada, orders, at_browser):
    answer = at_browser(ada).post("/ada/queues/orders/messages/send/", typed, headers=HTMX)

    assert answer.status_code == 422 and said in text(answer).replace("&#x27;", "'")
    assert not Message.objects.exists()


def test_a_message_of_a_fifo_queue_needs_a_group(ada, at_browser):
    services.create_queue(account=ada, name="o.fifo", given={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    browser = at_browser(ada)

    refused = browser.post("/ada/queues/o.fifo/messages/send/", {"body": "x"}, headers=HTMX)
    sent = browser.post("/ada/queues/o.fifo/messages/send/", {"body": "x", "group": "g"}, headers=HTMX)

    assert refused.status_code == 422 and "MessageGroupId" in text(refused)
    assert sent.status_code == 200 and 'value="g"' in text(sent)


def test_attributes_are_changed_and_bad_ones_told(ada, orders, at_browser):
    browser = at_browser(ada)
    typed = {"visibility_timeout": "60", "delay": "0", "wait": "20", "retention": "3600", "size": "2048"}

    browser.post("/ada/queues/orders/configuration/", typed)
    now = selectors.get_queue(account=ada, name="orders")
    assert (now.visibility_timeout_s, now.wait_s, now.retention_s, now.maximum_message_size) == (60, 20, 3600, 2048)
    bad = browser.post("/ada/queues/orders/configuration/", typed | {"delay": "901"}, headers=HTMX)
    assert bad.status_code == 422 and 'aria-invalid="true"' in text(bad) and 'value="901"' in text(bad)


def test_a_policy_is_kept_or_refused(ada, orders, at_browser):
    browser = at_browser(ada)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": orders.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    browser.post("/ada/queues/orders/access/", {"policy": policy})
    bad = browser.post("/ada/queues/orders/access/", {"policy": "{</textarea><script>"}, headers=HTMX)

    assert json.loads(selectors.get_queue(account=ada, name="orders").policy)["Statement"] == [statement]
    assert bad.status_code == 422 and "{&lt;/textarea&gt;&lt;script&gt;" in text(bad)
    assert "sqs:SendMessage" in text(browser.get("/ada/queues/orders/access/"))


def test_tags_are_changed(ada, orders, at_browser):
    browser = at_browser(ada)

    browser.post("/ada/queues/orders/tags/", {"key": ["course", ""], "value": ["cloud", ""]})
    bad = browser.post("/ada/queues/orders/tags/", {"key": ["aws:x"], "value": ["y"]}, headers=HTMX)

    assert selectors.get_queue(account=ada, name="orders").tags == {"course": "cloud"}
    assert bad.status_code == 422 and "reserved" in text(bad)


def test_dead_letters_are_chosen_and_moved_back(ada, orders, at_browser, frozen_clock):
    dead = services.create_queue(account=ada, name="dead")
    browser = at_browser(ada)

    browser.post("/ada/queues/orders/dead-letters/", {"target": dead.arn, "count": "1"})
    work = selectors.get_queue(account=ada, name="orders")
    assert (work.dead_letter_arn, work.max_receive_count) == (dead.arn, 1)
    send(work, "poison")
    receive(work)
    frozen_clock.advance(seconds=31)
    receive(work)
    page = text(browser.get("/ada/queues/dead/dead-letters/"))
    assert "Move 1 message" in page and 'href="/ada/queues/orders/messages/"' in page
    browser.post("/ada/queues/dead/dead-letters/move/", {"destination": "", "rate": ""})
    tasks = text(browser.get("/ada/queues/dead/dead-letters/", headers=HTMX | {"HX-Target": "section#tasks"}))
    assert "Moving" in tasks and 'hx-trigger="every 1s"' in tasks
    services.move_messages()
    assert "Done" in text(browser.get("/ada/queues/dead/dead-letters/"))
    assert selectors.counts(work).visible == 1
    bad = browser.post("/ada/queues/orders/dead-letters/", {"target": dead.arn, "count": "0"}, headers=HTMX)
    assert bad.status_code == 422 and "from 1 to 1000" in text(bad)


def test_a_move_is_stopped(ada, orders, at_browser):
    dead = services.create_queue(account=ada, name="dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    services.set_queue_attributes(account=ada, name="orders", given={"RedrivePolicy": policy})
    task = services.start_message_move_task(account=ada, source_arn=dead.arn)

    at_browser(ada).post("/ada/queues/dead/dead-letters/stop/", {"handle": services.task_handle(task)})

    task.refresh_from_db()
    assert task.status == MoveTask.Status.CANCELLING


def test_a_queue_is_emptied_and_deleted(ada, orders, at_browser):
    send(orders, "x")
    browser = at_browser(ada)

    assert "The queue is empty." in text(browser.post("/ada/queues/orders/purge/", follow=True))
    assert "is deleted" in text(browser.post("/ada/queues/orders/delete/", follow=True))
    assert browser.get("/ada/queues/orders/messages/").status_code == 404


@pytest.mark.parametrize("path", ["messages", "configuration", "dead-letters", "access", "tags"])
def test_nobody_sees_the_queue_of_another_account(path, orders, mallory, at_browser):
    browser = at_browser(mallory)

    assert browser.get(f"/mallory/queues/orders/{path}/").status_code == 404
    assert browser.get(f"/ada/queues/orders/{path}/").status_code == 404


@pytest.mark.parametrize("path", ["send", "receive", "delete", "release"])
def test_nobody_changes_the_messages_of_another_account(path, orders, mallory, at_browser):
    assert at_browser(mallory).post(f"/mallory/queues/orders/messages/{path}/", {"body": "x"}).status_code == 404
    assert not Message.objects.exists()


def test_a_queue_can_be_a_destination_and_a_dead_letter_queue(ada, orders, make_function, at_browser):
    make_function(ada)

    page = text(at_browser(ada).get("/ada/functions/hello/configuration/asynchronous/"))

    assert targets.takes("sqs") and page.count(orders.arn) >= 2


@override_settings(API_URL="https://lambda.example.test")
def test_the_address_of_a_queue_is_what_clients_outside_use(ada, orders, at_browser):
    page = text(at_browser(ada).get("/ada/queues/orders/configuration/"))

    assert f"https://lambda.example.test/{ada.pk}/orders" in page


def test_what_goes_through_a_queue_is_drawn_and_summed_up(ada, at_browser, django_capture_on_commit_callbacks):
    queue = services.create_queue(account=ada, name="orders", given={})
    page = at_browser(ada)
    empty = text(page.get("/ada/queues/orders/monitor/"))
    assert empty.count("<svg viewBox") >= 4 and empty.count("Nothing measured in this time") >= 4
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            services.send_message(queue=queue, draft=Draft(str(number)))
        [first, *_] = services.receive_message(queue=queue, limit=3)
        services.delete_message(queue=queue, handle=first.handle)
    meter.flush()
    sweeping.measure()
    shown = text(page.get("/ada/queues/orders/monitor/?table=1"))
    assert ">3 / 1<" in shown
    assert "Messages in the queue" in shown
    assert page.get("/ada/queues/nothing/monitor/").status_code == 404
