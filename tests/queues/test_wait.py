"""Long polling: many wait, none holds a thread, each message wakes one."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from queues import services, waiting
from queues.contents import Draft
from queues.services import receive_when_available
from tests.queues.conftest import bodies, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(transactional_db, ada):
    return services.create_queue(account=ada, name="orders")


def run(scenario):
    """In an event loop, against a clock that goes."""
    return asyncio.run(asyncio.wait_for(scenario, 300))


async def until_waiting(count):
    while waiting.lobby().waiting < count:
        await asyncio.sleep(0.005)


async def in_thread(function, *args, **kwargs):
    def work():
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await sync_to_async(work, thread_sensitive=False)()


def test_who_waits_gets_a_message_when_it_is_sent(queue):
    async def scenario():
        receiver = asyncio.create_task(receive_when_available(queue=queue, wait_s=20))
        await until_waiting(1)
        await in_thread(send, queue, "here")
        return await receiver

    assert bodies(run(scenario())) == ["here"]


def test_a_thousand_wait_without_a_thread_of_their_own(queue):
    async def scenario():
        before = threading.active_count()  # those of other tests, too
        receivers = [asyncio.create_task(receive_when_available(queue=queue, wait_s=20)) for _ in range(1000)]
        await until_waiting(1000)
        threads = threading.active_count() - before
        await in_thread(services.send_message_batch, queue=queue, drafts=[Draft(f"{number}") for number in range(5)])
        done: set[asyncio.Task] = set()
        while len(done) < 5:
            done = {one for one in receivers if one.done()}
            await asyncio.sleep(0.01)
        for receiver in receivers:
            receiver.cancel()
        await asyncio.gather(*receivers, return_exceptions=True)
        return threads, sorted(body for one in done for body in bodies(one.result()))

    threads, received = run(scenario())

    assert received == ["0", "1", "2", "3", "4"]
    assert threads < 40


def test_who_waits_in_vain_gets_nothing(queue):
    assert run(receive_when_available(queue=queue, wait_s=0.05, bounded=False)) == []


def test_a_delay_that_ends_wakes_who_waits(queue):
    async def scenario():
        receiver = asyncio.create_task(receive_when_available(queue=queue, wait_s=20))
        await until_waiting(1)
        await in_thread(send, queue, "a second later", delay_s=1)
        return await receiver

    assert bodies(run(scenario())) == ["a second later"]


def test_what_nobody_announced_is_found_all_the_same(queue, monkeypatch):
    monkeypatch.setattr(waiting, "announce", lambda visible: None)
    monkeypatch.setattr(waiting, "LOOK_EVERY_S", 0.05)

    async def scenario():
        receiver = asyncio.create_task(receive_when_available(queue=queue, wait_s=20))
        await until_waiting(1)
        await in_thread(send, queue, "unheard")
        return await receiver

    assert bodies(run(scenario())) == ["unheard"]


def test_a_client_that_goes_away_takes_no_message_with_it(queue):
    async def scenario():
        leaver = asyncio.create_task(receive_when_available(queue=queue, wait_s=20))
        await until_waiting(1)
        leaver.cancel()
        await asyncio.gather(leaver, return_exceptions=True)
        await in_thread(send, queue, "for the next one")
        return await receive_when_available(queue=queue, wait_s=20), waiting.lobby().waiting

    messages, still_waiting = run(scenario())

    assert bodies(messages) == ["for the next one"]
    assert messages[0].receive_count == 1
    assert still_waiting == 0


def test_many_at_once_send_and_receive_each_message_once(queue):
    async def scenario():
        senders = [in_thread(send, queue, f"{number}") for number in range(40)]
        receivers = [receive_when_available(queue=queue, wait_s=20) for _ in range(40)]
        results = await asyncio.gather(*senders, *receivers)
        return sorted(int(body) for one in results[40:] for body in bodies(one))

    assert run(scenario()) == list(range(40))
