"""Claims: taken once, fairly, for a limited time, and fenced."""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from functions.models import Function
from runner import claims, finishing, leases, lookup, services
from runner.claims import Head, in_turn
from runner.models import Invocation, State
from runner.policies import Book
from runner.retries import Cause

pytestmark = pytest.mark.usefixtures("messenger")


@pytest.fixture
def send(make_function):
    def make(account, count=1, name="hello"):
        if not Function.objects.filter(account=account, name=name).exists():
            make_function(account, name)
        return [services.invoke_async(account=account, reference=name, payload=b"{}") for _ in range(count)]

    return make


def test_two_dispatchers_never_get_the_same_event(ada, send):
    send(ada, 5)
    (head,) = claims.heads()
    first, _ = claims.claim(head, limit=3)
    second, _ = claims.claim(head, limit=10)
    assert (len(first), len(second)) == (3, 2)
    assert not {one.id for one in first} & {one.id for one in second}


def test_an_event_somebody_took_between_looking_and_taking_is_left_alone(ada, send):
    (event,) = send(ada)
    (head,) = claims.heads()
    looked = claims._due_rows(head.function, limit=1)
    Invocation.objects.filter(pk=event.pk).update(state=State.RUNNING, token="theirs")
    assert claims._take(looked, head, lease_key="", give_up=None) == []


def test_an_event_is_not_due_before_its_time(ada, send, frozen_clock):
    (event,) = send(ada)
    Invocation.objects.filter(pk=event.pk).update(due_at=event.due_at + timedelta(seconds=60))
    assert claims.heads() == []
    frozen_clock.advance(seconds=60)
    assert len(claims.heads()) == 1


def test_who_lost_his_claim_cannot_end_the_event(ada, send, frozen_clock):
    (event,) = send(ada)
    ((claimed,), _) = claims.claim(claims.heads()[0], limit=1)
    frozen_clock.advance(seconds=46)
    claims.sweep()
    book = Book()
    finishing.give_up(claimed, Cause.RETRIES_EXHAUSTED, book)
    assert book.ends.write() == {str(claimed.id)}
    assert Invocation.objects.get(pk=event.pk).state == State.QUEUED


def test_a_silent_workers_events_come_back_as_a_platform_failure(ada, send, frozen_clock):
    (event,) = send(ada)
    claims.claim(claims.heads()[0], limit=1)
    frozen_clock.advance(seconds=46)
    assert claims.sweep() == 1
    row = Invocation.objects.get(pk=event.pk)
    assert (row.state, row.attempt, row.infra_attempts) == (State.QUEUED, 0, 1)
    assert row.due_at == frozen_clock.advance(seconds=1)


def test_a_heartbeat_keeps_a_long_event(ada, send, frozen_clock):
    send(ada)
    claimed, _ = claims.claim(claims.heads()[0], limit=1)
    frozen_clock.advance(seconds=40)
    assert claims.renew(claimed) == {claimed[0].key}
    frozen_clock.advance(seconds=40)
    assert claims.sweep() == 0


def test_a_stopping_worker_gives_back_what_it_has_not_finished(ada, send):
    (event,) = send(ada)
    claimed, _ = claims.claim(claims.heads()[0], limit=1)
    assert claims.requeue(claimed) == 1
    row = Invocation.objects.get(pk=event.pk)
    assert (row.state, row.infra_attempts) == (State.QUEUED, 0)
    assert len(claims.claim(claims.heads()[0], limit=1)[0]) == 1  # its lease is free as well


def test_no_more_events_are_claimed_than_the_function_may_run(ada, send):
    send(ada, 5)
    Function.objects.update(reserved_concurrency=2)
    claimed, throttled = claims.claim(claims.heads()[0], limit=10)
    assert (len(claimed), throttled) == (2, True)
    assert Invocation.objects.filter(state=State.QUEUED, attempt=0).count() == 3


def test_one_event_can_be_claimed_by_its_id_once(ada, send):
    (event,) = send(ada)
    assert claims.claim_one(str(event.pk)) is not None
    assert claims.claim_one(str(event.pk)) is None


def test_every_function_with_due_events_is_seen(ada, grace, send):
    send(ada, 3, "one")
    send(ada, 2, "two")
    send(grace, 1, "one")
    heads = claims.heads()
    assert sorted((head.account_id, head.function.name) for head in heads) == sorted(
        [(ada.pk, "one"), (ada.pk, "two"), (grace.pk, "one")]
    )


def test_the_account_with_the_fewest_running_is_next(ada, grace, mallory, send):
    for account in (ada, grace, mallory):
        send(account)
    order = partial(in_turn, claims.heads())

    def accounts(turns):
        return [heads[0].account_id for heads in turns]

    assert accounts(order(running={ada.pk: 2, grace.pk: 1}, served={})) == [mallory.pk, grace.pk, ada.pk]
    assert accounts(order(running={}, served={ada.pk: 2, grace.pk: 1, mallory.pk: 3})) == [grace.pk, ada.pk, mallory.pk]
    assert accounts(order(running={}, served={})) == [ada.pk, grace.pk, mallory.pk]  # oldest event first
    assert all(isinstance(head, Head) for heads in order(running={}, served={}) for head in heads)


def test_a_flood_of_one_account_does_not_keep_another_waiting(ada, grace, send):
    from runner.dispatch import Dispatcher

    send(ada, 200)
    send(grace, 1)
    taken = []
    dispatcher = Dispatcher(run=taken.append, free=lambda: 10, account_share=8)
    dispatcher.dispatch()
    assert grace.pk in {one.account_id for one in taken}
    assert len(taken) <= 10


def test_a_lost_worker_does_not_hold_reserved_concurrency(ada, send, frozen_clock):
    send(ada, 2)
    Function.objects.update(reserved_concurrency=1)
    claims.claim(claims.heads()[0], limit=10)
    frozen_clock.advance(seconds=46)
    claims.sweep()
    claimed, _ = claims.claim(claims.heads()[0], limit=10)
    assert len(claimed) == 1


def test_a_lease_that_is_given_back_late_is_not_that_of_the_next_try(ada, send, frozen_clock):
    """Redis was away as the first try ended; or its worker only seemed dead."""
    send(ada, 2)
    Function.objects.update(reserved_concurrency=1)
    ((lost,), _) = claims.claim(claims.heads()[0], limit=10)
    frozen_clock.advance(seconds=46)
    claims.sweep()
    frozen_clock.advance(seconds=2)
    ((again,), _) = claims.claim(claims.heads()[0], limit=1)
    leases.owe(lost.lease_key, lost.lease)
    leases.settle()
    assert claims.claim(claims.heads()[0], limit=1) == ([], True)
    leases.release(again.lease_key, again.lease)
    assert len(claims.claim(claims.heads()[0], limit=1)[0]) == 1


def test_who_was_too_late_for_an_event_does_not_give_back_the_lease_of_whoever_has_it(ada, send):
    """Both took it under the same name: the lease of a worker that died in between is found again."""
    send(ada, 2)
    Function.objects.update(reserved_concurrency=1)
    head = claims.heads()[0]
    asked = claims._due_rows(head.function, limit=1)
    ((first,), _) = claims.claim(head, limit=1)
    allowance = lookup.allowance(head.function, head.account_limit)
    claims._give_back(allowance, asked, [])
    assert leases.held(allowance) == 1
    leases.release(first.lease_key, first.lease)
    assert leases.held(allowance) == 0


class TestFairnessAmongFunctions:
    """Of one account: none waits until another has none left."""

    @pytest.fixture
    def served(self):
        from runner.dispatch import Dispatcher

        taken = []

        def rounds(count, *, free, share=100):
            """The functions' names in the order in which the rounds of a dispatcher begin with their events."""
            dispatcher = Dispatcher(run=taken.append, free=lambda: free, account_share=share)
            for _ in range(count):
                dispatcher.dispatch()
            return [one.function_name for one in taken]

        return rounds

    def test_a_function_with_many_old_events_does_not_keep_another_one_waiting(self, ada, send, served, frozen_clock):
        send(ada, 30, "flood")
        frozen_clock.advance(seconds=1)
        send(ada, 2, "quiet")
        assert served(1, free=4) == ["flood", "flood", "quiet", "quiet"]

    def test_who_was_served_longest_ago_is_next_when_there_is_room_for_one(self, ada, send, served, frozen_clock):
        send(ada, 30, "flood")
        frozen_clock.advance(seconds=1)
        send(ada, 2, "quiet")
        frozen_clock.advance(seconds=1)
        send(ada, 2, "late")
        assert served(6, free=1) == ["flood", "quiet", "late", "flood", "quiet", "late"]

    def test_what_one_function_does_not_need_is_for_the_others(self, ada, send, served):
        send(ada, 1, "quiet")
        send(ada, 30, "flood")
        assert sorted(served(1, free=8)) == ["flood"] * 7 + ["quiet"]

    def test_a_throttled_function_leaves_its_part_to_the_others(self, ada, send, served):
        send(ada, 30, "narrow")
        send(ada, 30, "wide")
        Function.objects.filter(name="narrow").update(reserved_concurrency=1)
        names = served(2, free=6)
        assert names.count("narrow") == 1
        assert names.count("wide") >= 9

    def test_an_account_never_has_more_than_its_share(self, ada, send, served):
        for name in ("one", "two", "three"):
            send(ada, 10, name)
        assert len(served(10, free=50, share=6)) == 6


def test_accounts_get_their_turns_whatever_the_number_of_their_functions(ada, grace, send, frozen_clock):
    from runner.dispatch import Dispatcher

    for number in range(5):
        send(ada, 10, f"f{number}")
    frozen_clock.advance(seconds=1)
    send(grace, 10, "one")
    taken = []
    Dispatcher(run=taken.append, free=lambda: 8, account_share=100).dispatch()
    assert [one.account_id for one in taken].count(grace.pk) == 4


@pytest.mark.parametrize(("calls", "room"), [(0, 12), (4, 8), (8, 4), (16, 4), (100, 4)])
def test_events_make_room_for_calls_and_keep_a_quarter(world, settings, calls, room):
    """Somebody waits for a call; still, no event waits for ever."""
    from runner.engine import Engine

    settings.WORKER_CONCURRENCY = 16
    engine = Engine(open_environment=world.open)
    engine._call_crew._busy = calls
    assert engine._free_for_events() == room


def test_many_short_calls_are_room_for_calls_too_until_they_have_been_over_for_a_while(world, settings, monkeypatch):
    from runner import crew
    from runner.engine import Engine

    now = SimpleNamespace(monotonic=lambda: now.second)
    monkeypatch.setattr(crew, "clock", now)
    now.second = 10
    settings.WORKER_CONCURRENCY = 16
    engine = Engine(open_environment=world.open)
    for _ in range(8):
        engine._call_crew.enter()
        engine._call_crew.leave()
    seen = []
    for now.second in (10, 11, 12):
        seen.append(engine._free_for_events())
    assert seen == [4, 4, 12]


def test_an_event_knows_how_many_come_before_it(ada, send, frozen_clock):
    from runner import selectors

    rows = []
    for _ in range(4):
        rows += send(ada)
        frozen_clock.advance(seconds=1)
    send(ada, 3, "other")
    assert [selectors.ahead_of(invocation=row) for row in rows] == [0, 1, 2, 3]
    (head,) = (head for head in claims.heads() if head.function.name == "hello")
    claims.claim(head, limit=2)
    assert [selectors.ahead_of(invocation=row) for row in rows[2:]] == [0, 1]


class TestWhenToLookAgain:
    """A round that took all there is waits for a ring; one that left something looks again by itself."""

    @pytest.fixture
    def dispatcher(self):
        from runner.dispatch import Dispatcher

        self.taken = []
        return Dispatcher(run=self.taken.append, free=lambda: 100, account_share=100)

    def test_a_flood_does_not_keep_lost_events_from_being_found(self, ada, send, monkeypatch):
        from runner import dispatch

        monkeypatch.setattr(dispatch, "TICK_S", 0)
        dispatcher = dispatch.Dispatcher(run=lambda claimed: None, free=lambda: 1, account_share=100)
        send(ada, 3)
        dispatcher._dispatch_all()
        assert Invocation.objects.filter(state=State.QUEUED).count() == 2
        assert dispatcher._wake.is_set()

    def test_it_took_all_there_is(self, ada, send, dispatcher):
        send(ada, 3)
        assert (dispatcher.dispatch(), dispatcher._has_more, dispatcher._is_full) == (3, False, False)

    def test_it_took_a_function_s_part(self, ada, send, dispatcher):
        send(ada, claims.BATCH + 1, "flood")
        send(ada, 1, "quiet")
        assert dispatcher.dispatch() < claims.BATCH
        assert dispatcher._has_more

    def test_it_gave_up_events_that_no_one_may_run(self, ada, send, dispatcher):
        send(ada, 3)
        Function.objects.update(reserved_concurrency=0)
        assert (dispatcher.dispatch(), dispatcher._has_more) == (3, True)

    def test_a_narrow_function_waits_for_an_end(self, ada, send, dispatcher):
        send(ada, 3)
        Function.objects.update(reserved_concurrency=1)
        assert (dispatcher.dispatch(), dispatcher._is_full) == (1, True)
        dispatcher._wake.clear()
        dispatcher.ended(self.taken[0].function_id)
        assert dispatcher._wake.is_set()
