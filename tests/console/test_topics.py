import json

import pytest

from core import outgoing
from queues import services as queues
from tests.console.conftest import HTMX, text
from topics import services
from topics.models import Subscription, Topic

LIST, TOPIC = "/ada/topics/", "/ada/topics/orders/"


@pytest.fixture
def topic(ada):
    return services.create_topic(account=ada, name="orders")


def test_a_topic_is_made_on_the_list(ada, at_browser):
    client = at_browser(ada)
    assert "No topics yet" in text(client.get(LIST))
    assert client.post(LIST, {"name": "orders"}).url == TOPIC
    assert client.post(LIST, {"name": "orders.fifo"}).url == "/ada/topics/orders.fifo/"
    assert Topic.objects.get(name="orders.fifo").is_fifo
    wrong = client.post(LIST, {"name": "a b"}, headers=HTMX | {"HX-Target": "form#create"})
    assert wrong.status_code == 422 and 'value="a b"' in text(wrong)


def test_what_is_published_reaches_a_queue_that_was_subscribed_here(ada, topic, at_browser):
    queue = queues.create_queue(account=ada, name="inbox")
    client = at_browser(ada)
    client.post(f"{TOPIC}subscribe/", {"endpoint": queue.arn})
    answer = client.post(f"{TOPIC}publish/", {"subject": "S", "message": "<b>hello</b>"}, headers=HTMX)
    assert "Published" in text(answer) and "&lt;b&gt;hello" in text(answer)
    (message,) = queues.receive_message(queue=queue)
    assert json.loads(message.body)["Message"] == "<b>hello</b>"


def test_a_function_is_subscribed_with_its_permission_and_shows_it(ada, topic, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    arn = f"arn:aws:lambda:us-east-1:{ada.id}:function:hello"
    client.post(f"{TOPIC}subscribe/", {"endpoint": arn, "filter_policy": '{"colour": ["red"]}'})
    subscription = Subscription.objects.get()
    assert subscription.attributes["FilterPolicy"] == '{"colour": ["red"]}'
    page = text(client.get("/ada/functions/hello/"))
    assert TOPIC in page
    client.post(f"{TOPIC}unsubscribe/{subscription.pk}/")
    assert not Subscription.objects.exists()


def test_an_address_waits_to_be_confirmed(ada, topic, at_browser, monkeypatch):
    monkeypatch.setattr(outgoing, "check", lambda url, schemes=(): None)
    client = at_browser(ada)
    client.post(f"{TOPIC}subscribe/", {"url": "https://example.com/hook"})
    page = text(client.get(TOPIC))
    assert "Waits to be confirmed" in page and "SubscriptionConfirmation" in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose a function or a queue"),
        ({"url": "http://127.0.0.1/"}, "Endpoint"),
        ({"url": "nothing"}, "URL"),
    ],
)
def test_a_subscriber_that_cannot_be_is_told(ada, topic, at_browser, given, said):
    answer = at_browser(ada).post(f"{TOPIC}subscribe/", given, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer)


def test_an_empty_message_is_told_and_a_topic_is_deleted(ada, topic, at_browser):
    client = at_browser(ada)
    assert client.post(f"{TOPIC}publish/", {"message": ""}, headers=HTMX).status_code == 422
    assert client.post(f"{TOPIC}delete/").url == LIST
    assert client.get(TOPIC).status_code == 404


def test_another_account_s_topic_is_not_found(ada, topic, mallory, at_browser):
    assert at_browser(mallory).get(TOPIC).status_code == 404
    assert at_browser(mallory).get("/mallory/topics/orders/").status_code == 404
