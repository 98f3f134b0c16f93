"""Queues that tests send to and receive from."""

from collections.abc import Callable

import pytest

from accounts.models import Account
from queues import services
from queues.contents import Draft
from queues.models import Queue
from queues.services import Received, Sent

type Send = Callable[..., Sent]


@pytest.fixture
def queue(ada: Account) -> Queue:
    """A standard queue of Ada's, with every attribute at its default."""
    return services.create_queue(account=ada, name="orders")


@pytest.fixture
def fifo(ada: Account) -> Queue:
    """A FIFO queue of Ada's that tells duplicates by their content."""
    given = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return services.create_queue(account=ada, name="orders.fifo", given=given)


def send(queue: Queue, *bodies: str, **more: object) -> list[Sent]:
    """Send messages, each by itself."""
    return [services.send_message(queue=queue, draft=Draft(body, **more)) for body in bodies]  # type: ignore[arg-type]


def receive(queue: Queue, limit: int = 10, **more: object) -> list[Received]:
    """Whatever is there."""
    return services.receive_message(queue=queue, limit=limit, **more)  # type: ignore[arg-type]


def bodies(messages: list[Received]) -> list[str]:
    return [message.body for message in messages]
