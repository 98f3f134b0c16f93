"""A call that no worker has taken yet: who looks on is told how many calls are before it."""

import asyncio

import pytest

from core import ids, redis
from runner import meeting, places, services, watching
from runner.answers import InLine
from runner.rendezvous import LANE
from tests.live import eventually


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(places, "EVERY_S", 0.01)


def in_line():
    return redis.connection().llen(LANE)


async def seen_by_the_second(account):
    """What is seen of the second of two calls, before and after the first one is taken."""
    names = [ids.request_id() for _ in range(2)]
    calls = []
    for count, name in enumerate(names, start=1):
        asked = services.invoke(account=account, reference="hello", payload=b"{}", watch=True, request_id=name)
        calls.append(asyncio.create_task(asked))
        await asyncio.to_thread(eventually, in_line, count.__eq__, every_s=0.01)
    looking = watching.watch(names[1])
    before = await asyncio.wait_for(anext(looking), 60)
    await asyncio.to_thread(redis.connection().lpop, LANE)
    after = await asyncio.wait_for(anext(looking), 60)
    await looking.aclose()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    return [before, after]


@pytest.mark.parametrize("server", [False, True], ids=["by threads", "in a server's event loop"])
def test_its_place_is_told_until_a_worker_takes_it(transactional_db, messenger, often, ada, make_function, server):
    async def looked_at():
        if server:
            await meeting.open_for_this_loop()
        try:
            return await seen_by_the_second(ada)
        finally:
            meeting.close_of_this_loop()

    make_function(ada)
    assert asyncio.run(looked_at()) == [InLine(1, is_taken=False), InLine(0, is_taken=False)]
