"""Clients that go away while what they asked for may wait."""

import asyncio
from typing import Any

import pytest

from aws import asgi
from aws.bodies import Disconnected


async def gone() -> Any:
    return {"type": "http.disconnect"}


async def never_asked() -> Any:
    raise AssertionError("nobody looks for the client of what is answered at once")


@pytest.mark.parametrize("after_s", [0.0, 0.001])
def test_what_waits_is_cancelled_when_its_client_goes_away(after_s: float):
    ended = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(Disconnected):
        asyncio.run(asgi._awaited(waits(), after_s, gone))
    assert ended == [True]


def test_what_is_answered_at_once_is_answered():
    async def answers() -> dict[str, int]:
        return {"answer": 42}

    assert asyncio.run(asgi._awaited(answers(), 60.0, never_asked)) == {"answer": 42}


def test_a_server_that_stops_is_no_client_that_goes_away():
    async def stopped() -> None:
        task = asyncio.ensure_future(asgi._awaited(asyncio.Event().wait(), 60.0, never_asked))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
