"""Topics, and subscribers to look at."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Account
from core import outgoing
from queues import services as queue_services
from queues.models import Queue
from tests.queues.conftest import receive
from tests.runner.conftest import code_dir, counted_metrics, make_function  # noqa: F401
from topics import messages, services, signing
from topics.messages import Message, Sent
from topics.models import Subscription, Topic


@pytest.fixture(autouse=True)
def no_key_known() -> Iterator[None]:
    """The key of a database that is gone is not kept for the next one: neither what these tests leave nor what others do."""
    signing.forget()
    yield
    signing.forget()


@pytest.fixture
def topic(ada: Account) -> Topic:
    """A standard topic of Ada's."""
    return services.create_topic(account=ada, name="orders")


def policy_for(topic: Topic, queue_arn: str) -> str:
    """The queue policy of AWS's own example: this topic may send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic.arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def open_queue(ada: Account) -> Callable[..., Queue]:
    """A queue that lets a topic send to it."""

    def make(topic: Topic, name: str = "orders", **given: str) -> Queue:
        queue = queue_services.create_queue(account=ada, name=name, given=given)
        return (
            queue_services.set_queue_attributes(account=ada, name=name, given={"Policy": policy_for(topic, queue.arn)})
            or queue
        )

    return make


@pytest.fixture
def subscribe(ada: Account) -> Callable[..., Subscription]:
    def make(topic: Topic, protocol: str, endpoint: str, **given: str) -> Subscription:
        return services.subscribe(account=ada, topic=topic, protocol=protocol, endpoint=endpoint, given=given)

    return make


def publish(topic: Topic, body: str = "hello", **more: Any) -> Sent:
    return services.publish(topic=topic, message=Message(bodies={messages.DEFAULT: body}, **more))


def received(queue: Queue) -> list[Any]:
    """What is in a queue: the notifications as data."""
    return [json.loads(message.body) for message in receive(queue)]


class Outside:
    """The network beyond this server: what was posted there, and what it answers."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str], str]] = []
        self.answers: list[int | Exception] = []

    def request(self, method: str, url: str, *, body: bytes, headers: dict[str, str], **_: Any) -> outgoing.Answer:
        self.posted.append((url, headers, body.decode()))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return outgoing.Answer(answer, {}, b"")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    network = Outside()
    monkeypatch.setattr(outgoing, "request", network.request)
    monkeypatch.setattr(outgoing, "check", lambda url, schemes=(): None)
    return network
