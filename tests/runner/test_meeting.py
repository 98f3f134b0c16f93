"""Invocations of a server's event loop: as any other, and without a thread."""

import asyncio
import threading

import pytest

from accounts import stamps
from accounts.services import bump_stamp
from core import redis
from functions.errors import FunctionNotFound
from functions.services.concurrency import put_function_concurrency
from runner import leaving, meeting, messages, presence, rendezvous, services
from runner.answers import Answer, Report
from runner.engine import Engine
from runner.errors import EnvironmentFailure, ReservedConcurrencyExceeded
from runner.presence import Waiting


def in_a_server(*steps):
    """Do ``steps`` one after another in an event loop as a server has it; what each gave."""

    async def serve():
        await meeting.open_for_this_loop()
        try:
            return [await step() for step in steps]
        finally:
            meeting.close_of_this_loop()

    return asyncio.run(serve())


def call(account, payload=b"{}", **given):
    return lambda: services.invoke(account=account, reference="hello", payload=payload, **given)


def test_it_is_answered_with_what_the_function_returns(engine, ada, make_function):
    make_function(ada)
    answers = in_a_server(call(ada, b'"first"'), call(ada, b'"second"'))
    assert [answer.payload for answer in answers] == [b'"first"', b'"second"']


def test_what_is_known_is_asked_for_without_a_thread(engine, ada, make_function, world, monkeypatch):
    make_function(ada)
    handed_over = []
    senders = services._senders
    hand_over = senders.submit
    monkeypatch.setattr(senders, "submit", lambda *work: handed_over.append(work) or hand_over(*work))
    in_a_server(call(ada), call(ada), call(ada))
    assert len(handed_over) == 1  # the first call's


def test_many_wait_without_a_thread_each(engine, ada, make_function, world, until):
    make_function(ada)
    go, counted = threading.Event(), []
    world.handler = lambda event, request: go.wait(10)

    async def many():
        waiting = [asyncio.ensure_future(call(ada)()) for _ in range(40)]
        await asyncio.sleep(0)
        counted.append(sum(thread.name.startswith("invoke") for thread in threading.enumerate()))
        go.set()
        return await asyncio.gather(*waiting)

    in_a_server(many)
    assert counted[0] <= 4


def test_a_change_that_is_complete_is_seen_by_the_next(engine, ada, make_function):
    make_function(ada)

    async def limit():
        await asyncio.to_thread(put_function_concurrency, account=ada, name="hello", reserved=0)

    with pytest.raises(ReservedConcurrencyExceeded):
        in_a_server(call(ada), limit, call(ada))


def test_a_name_that_is_nobodys_is_refused(engine, ada):
    with pytest.raises(FunctionNotFound):
        in_a_server(call(ada))


def test_a_messenger_that_drops_its_connections_loses_no_call(engine, ada, make_function, until):
    make_function(ada)

    async def drop():
        for client in redis.connection().client_list():
            if client["cmd"] != "client|list":
                redis.connection().client_kill_filter(_id=client["id"])

    answers = in_a_server(call(ada, b"1"), drop, call(ada, b"2"), call(ada, b"3"))
    assert answers[2].payload == b"2"
    assert answers[3].payload == b"3"


def test_a_stamp_is_read_as_it_is(transactional_db, ada):
    async def read():
        before = await stamps.read(ada.id)
        await asyncio.to_thread(bump_stamp, account_id=ada.id)
        return before, await stamps.read(ada.id), await stamps.read("000000000000")

    before, after, nobodys = asyncio.run(read())
    assert (after.stamp - before.stamp, after.name, nobodys) == (1, "Ada", None)


def test_those_who_ask_a_distant_database_together_are_answered_together(transactional_db, ada, grace):
    async def read():
        reader = stamps._Reader()
        return await asyncio.gather(*(reader.read(pk) for pk in (ada.id, grace.id, ada.id, "000000000000")))

    assert [found and found.name for found in asyncio.run(read())] == ["Ada", "Grace", "Ada", None]


# -- calls that nobody will answer ------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch, transactional_db, messenger):
    """One worker lives; it takes nothing. How often somebody looked whether a call is still known of."""
    presence.announce("alive", [])
    seen = []
    look = presence.look
    monkeypatch.setattr(meeting, "FIRST_LOOK_S", 0.0)
    monkeypatch.setattr(meeting, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(presence, "look", lambda lanes: (seen.append(lanes), look(lanes))[1])
    return seen


def taken():
    """The call that is on the lane, as soon as there is one."""
    return messages.decode_call(redis.connection().blpop(rendezvous.LANE, 30)[1])


def test_the_caller_of_a_call_that_went_down_with_its_worker_is_told(looks, ada, make_function):
    make_function(ada)

    async def ask():
        lost = asyncio.ensure_future(asyncio.to_thread(taken))
        try:
            return await call(ada)()
        finally:
            await lost

    with pytest.raises(EnvironmentFailure, match="the worker that ran it is gone"):
        in_a_server(ask)


def test_a_call_that_waits_to_be_taken_is_not_given_up(looks, ada, make_function, until):
    make_function(ada)

    def answer_late():
        until(lambda: len(looks) >= 4)
        late = taken()
        answer = Answer(late.request_id, b'"late"', "", "$LATEST", "", Report(1.0, 2, 128, 30, None), "")
        raw = messages.encode_reply(messages.Reply(late.request_id, answer))
        rendezvous.answer(late.answer_to, raw, lease_key=late.lease_key, request_id=late.request_id)

    async def ask():
        answering = asyncio.ensure_future(asyncio.to_thread(answer_late))
        try:
            return await call(ada)()
        finally:
            await answering

    assert in_a_server(ask)[0].payload == b'"late"'


def test_a_call_that_a_worker_tells_of_is_known(messenger):
    presence.announce("alive", [Waiting("call-1", "answers:x", "lease:x")])
    seen = presence.look((rendezvous.LANE,))
    assert (seen.anybody, seen.knows("call-1"), seen.knows("call-2")) == (True, True, False)


def test_a_call_whose_caller_goes_away_while_it_waits_in_line_is_not_run(
    settings, transactional_db, messenger, world, ada, make_function, monkeypatch
):
    settings.PRESTARTED_ENVIRONMENTS, settings.WORKER_MEMORY_MB = 0, 128  # there is room for one
    monkeypatch.setattr(leaving, "_SOON_MS", 0)
    make_function(ada)
    began, go = threading.Event(), threading.Event()

    def handler(event, request):
        began.set()
        go.wait(60)
        return event

    world.handler = handler
    made = Engine(open_environment=world.open)
    made.start()

    async def some_leave():
        first = asyncio.ensure_future(call(ada, b'"first"')())
        await asyncio.to_thread(began.wait, 60)
        impatient, patient = (asyncio.ensure_future(call(ada, text)()) for text in (b'"impatient"', b'"patient"'))
        while len(made.calls._serving) < 3:
            await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        while not redis.connection().keys("left:*"):
            await asyncio.sleep(0.01)
        go.set()
        return [(await task).payload for task in (first, patient)]

    try:
        assert in_a_server(some_leave) == [[b'"first"', b'"patient"']]
        assert len(world.executions) == 2
    finally:
        go.set()
        made.stop(patience_s=5)
