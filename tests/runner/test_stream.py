"""Answers that come in parts: from the handler's stream to the event stream of the API."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Account
from core.errors import ServiceError
from functions.models import Version
from runner import services
from runner.engine import Engine
from runner.environment import InvokeRequest
from tests.runner.fakes import FakeWorld, Raises

pytestmark = pytest.mark.django_db(transaction=True)


async def _stream(account: Account, payload: bytes = b"{}") -> tuple[services.Streamed, list[bytes]]:
    streamed = await services.invoke_streaming(account=account, reference="hello", payload=payload)
    return streamed, [part async for part in streamed.parts()]


def stream(account: Account) -> tuple[services.Streamed, list[bytes]]:
    return async_to_sync(_stream)(account)


def test_parts_come_in_order_and_the_end_last(
    engine: Engine, world: FakeWorld, make_function: Callable[..., Version], ada: Account
):
    def handler(event: object, request: InvokeRequest) -> None:
        assert request.on_part
        for part in (b"", b"one", b"two"):
            request.on_part(part, "text/html")

    world.handler = handler
    make_function(ada)
    streamed, parts = stream(ada)
    assert parts[:2] == [b"one", b"two"]
    assert streamed.content_type == "text/html"
    assert streamed.executed_version == "$LATEST"
    assert "REPORT RequestId" in streamed.answer.log_tail


def test_an_answer_that_is_not_streamed_is_one_part(
    engine: Engine, world: FakeWorld, make_function: Callable[..., Version], ada: Account
):
    make_function(ada)
    world.handler = lambda event, request: {"whole": True}
    streamed, parts = stream(ada)
    assert parts == [b'{"whole": true}']
    assert streamed.answer.function_error == ""


def test_a_function_that_fails_has_no_part_and_an_error(
    engine: Engine, world: FakeWorld, make_function: Callable[..., Version], ada: Account
):
    def handler(event: object, request: InvokeRequest) -> None:
        raise Raises("no")

    world.handler = handler
    make_function(ada)
    streamed, parts = stream(ada)
    assert parts == []
    assert streamed.answer.function_error == "Unhandled"
    assert b'"errorMessage": "no"' in streamed.answer.payload


def test_a_function_that_is_not_there_is_an_error_at_once(engine: Engine, ada: Account):
    with pytest.raises(ServiceError):
        stream(ada)
