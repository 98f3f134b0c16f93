"""Events of a function that runs as many as it may: one follows another without a round of the dispatcher's."""

import threading
import uuid

import pytest

from functions.models import Function
from runner import behind, claims, leases, lookup, queued, services
from runner.behind import MOST, PATIENCE_S, Behind
from runner.claims import Claimed
from runner.dispatch import Dispatcher
from runner.models import Invocation, State


@pytest.fixture
def narrow(ada, make_function):
    """A function with a concurrency of one."""
    make_function(ada)
    Function.objects.update(reserved_concurrency=1)
    return Function.objects.get()


@pytest.fixture
def send(ada, narrow):
    def make(count):
        return [services.invoke_async(account=ada, reference="hello", payload=b"{}") for _ in range(count)]

    return make


class Now:
    """A monotonic clock that stands until it is moved."""

    moment = 100.0

    def __call__(self):
        return self.moment


class TestTheLine:
    @pytest.fixture
    def now(self):
        return Now()

    @pytest.fixture
    def line(self, now):
        return Behind(now=now)

    @pytest.fixture
    def stand(self, ada, line):
        function = uuid.uuid4()

        def put():
            claimed = Claimed(uuid.uuid4(), "t", ada.id, function, "hello", "", b"{}", "api", None, 0, 0)
            line.put(claimed, None)
            return claimed

        return put

    def test_nobody_stands_in_line_while_it_is_not_known_how_long_it_takes(self, line):
        assert line.room(uuid.uuid4(), 1) == 0

    @pytest.mark.parametrize(
        ("seconds", "running", "room"), [(0.001, 1, MOST), (0.02, 1, 11), (0.02, 3, 35), (2, 1, 0)]
    )
    def test_the_line_is_as_long_as_its_last_waits_a_moment(self, line, seconds, running, room):
        function = uuid.uuid4()
        line.took(function, seconds)
        assert line.room(function, running) == room

    def test_the_first_in_line_begins_first(self, line, stand):
        first, second = stand(), stand()
        begun = [line.begin(first.function_id).claimed for _ in range(2)]
        assert begun == [first, second]
        assert line.begin(first.function_id) is None
        assert line.running() == {first.account_id: 2}

    def test_who_has_waited_for_too_long_does_not_begin(self, line, stand, now):
        """The process may have slept, and somebody else have the event."""
        waiting = stand()
        now.moment += PATIENCE_S + 0.1
        assert line.begin(waiting.function_id) is None
        assert line.withdraw() == [waiting]


class TestTaking:
    @pytest.fixture(autouse=True)
    def redis(self, messenger):
        """There is one."""

    @pytest.fixture
    def rounds(self):
        """``rounds(room)``: what one round of a dispatcher has run, and what it has lined up behind that."""
        ran, lined_up = [], []

        class Line:
            def __init__(self, room):
                self._room = room

            def room(self, function_id, running):
                return self._room * running

            def running(self):
                return {}

        def dispatch(room):
            Dispatcher(
                run=ran.append, free=lambda: 8, account_share=8, line=Line(room), line_up=lined_up.extend
            ).dispatch()
            return ran, lined_up

        return dispatch

    def test_some_follow_what_a_function_may_run(self, send, rounds):
        sent = send(10)
        ran, lined_up = rounds(4)
        assert [one.id for one in ran] == [sent[0].pk]
        assert [one.id for one in lined_up] == [row.pk for row in sent[1:5]]
        assert Invocation.objects.filter(state=State.QUEUED).count() == 5

    def test_those_that_follow_hold_no_lease_and_do_not_count_as_running(self, ada, narrow, send, rounds):
        send(10)
        rounds(4)
        assert claims.running_by_account() == {ada.pk: 1}
        assert leases.held(lookup.allowance(narrow, 1000)) == 1

    def test_none_follow_where_all_have_room(self, narrow, send, rounds):
        Function.objects.update(reserved_concurrency=20)
        send(3)
        assert (len(rounds(4)[0]), rounds(4)[1]) == (3, [])

    def test_none_follow_a_function_that_shares_its_concurrency(self, ada, narrow, send, rounds):
        Function.objects.update(reserved_concurrency=None)
        type(ada).objects.update(concurrency_limit=1)
        send(10)
        ran, lined_up = rounds(4)
        assert (len(ran), lined_up) == (1, [])

    def test_what_is_put_back_stands_where_it_stood(self, send, rounds):
        sent = send(4)
        _ran, lined_up = rounds(4)
        claims.put_back(lined_up)
        (head,) = claims.heads()
        assert head.due_at == sent[1].due_at
        assert [one.id for one in claims.claim_behind(head, limit=10)] == [row.pk for row in sent[1:]]


class TestAWorker:
    @pytest.fixture
    def idle(self, engine, monkeypatch):
        """It begins nothing by itself, and nobody tires however slow the machine is."""
        engine._dispatcher.stop()
        for module in (behind, queued):
            monkeypatch.setattr(module, "PATIENCE_S", 3600)
        return engine

    @pytest.fixture
    def jam(self, idle, send, world):
        """Five events in line behind one that runs until it is let go."""
        leave = threading.Event()
        world.handler = lambda event, request: leave.wait(30)
        sent = send(6)
        (head,) = claims.heads()
        ((first,), _) = claims.claim(head, limit=6)
        following = claims.claim_behind(head, limit=10)
        idle.events.line_up(following)
        idle.take_event(first)
        yield sent, following, leave
        leave.set()

    def test_each_begins_when_the_one_before_has_ended_and_has_its_lease(self, idle, narrow, jam, world, until):
        sent, _following, leave = jam
        at_once = []
        allowance = lookup.allowance(narrow, 1000)
        world.handler = lambda event, request: at_once.append(leases.held(allowance))
        leave.set()
        until(lambda: idle.events.held_count() == 0)
        assert world.executions == [str(row.pk) for row in sent]
        assert set(at_once) == {1}
        until(lambda: leases.held(allowance) == 0)
        rows = Invocation.objects.all()
        assert {(row.pk, row.state, row.attempt) for row in rows} == {(row.pk, State.SUCCEEDED, 1) for row in sent}
        assert all(row.started_at is not None for row in rows)

    def test_those_whose_turn_does_not_come_are_put_back(self, idle, jam, world, until):
        sent, following, leave = jam
        idle.events._tire({one.key for one in following})
        until(lambda: Invocation.objects.filter(state=State.QUEUED).count() == 5)
        leave.set()
        until(lambda: idle.events.held_count() == 0)
        assert world.executions == [str(sent[0].pk)]

    def test_a_worker_that_stops_puts_them_back(self, idle, jam, until):
        idle.events.put_back()
        assert Invocation.objects.filter(state=State.QUEUED, infra_attempts=0).count() == 5

    def test_one_that_somebody_else_has_by_now_does_not_begin(self, idle, jam, world, until):
        sent, _following, leave = jam
        Invocation.objects.filter(pk=sent[1].pk).update(token="theirs")
        idle.events.renew()
        leave.set()
        until(lambda: idle.events.held_count() == 0)
        assert world.executions == [str(row.pk) for row in sent if row.pk != sent[1].pk]

    def test_the_next_begins_also_while_redis_is_away_and_the_lease_is_put_right_later(
        self, idle, narrow, jam, monkeypatch, until
    ):
        def away(*given, **named):
            raise queued.redis.Unavailable

        _sent, _following, leave = jam
        allowance = lookup.allowance(narrow, 1000)
        monkeypatch.setattr(leases, "pass_on", away)
        monkeypatch.setattr(leases, "release", lambda *given: None)
        leave.set()
        until(lambda: idle.events.held_count() == 0)
        assert leases.held(allowance) == 1
        idle.events.renew()
        assert leases.held(allowance) == 0
