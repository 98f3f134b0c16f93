"""Concurrency leases, on a real Redis."""

import pytest

from core import redis
from runner import leases
from runner.errors import AccountConcurrencyExceeded, ReservedConcurrencyExceeded
from runner.leases import Allowance

SHARED = Allowance("lease:a", 2, reserved=False)
RESERVED = Allowance("lease:a:f", 1, reserved=True)

pytestmark = pytest.mark.usefixtures("messenger")


def test_no_more_leases_are_given_than_allowed():
    assert [leases.acquire(SHARED, request_id=str(n), seconds=60) for n in range(3)] == [True, True, False]


def test_a_lease_given_back_can_be_taken_again():
    leases.acquire(RESERVED, request_id="1", seconds=60)
    leases.release(RESERVED.key, "1")
    assert leases.acquire(RESERVED, request_id="2", seconds=60)


def test_a_dead_workers_lease_ends_by_itself(frozen_clock):
    leases.acquire(RESERVED, request_id="1", seconds=60)
    frozen_clock.advance(seconds=61)
    assert leases.held(RESERVED) == 0
    assert leases.acquire(RESERVED, request_id="2", seconds=60)


def test_a_lease_given_back_while_redis_is_away_is_free_as_soon_as_it_is_back(monkeypatch):
    def away():
        raise redis.Unavailable

    leases.acquire(RESERVED, request_id="1", seconds=900)
    with monkeypatch.context() as patch:
        patch.setattr(redis, "connection", away)
        leases.release(RESERVED.key, "1")
        with pytest.raises(redis.Unavailable):
            leases.settle()
    assert leases.held(RESERVED) == 1
    leases.settle()
    assert leases.acquire(RESERVED, request_id="2", seconds=60)


def test_asking_twice_for_one_request_takes_one_place():
    assert leases.acquire(SHARED, request_id="1", seconds=60)
    assert leases.acquire(SHARED, request_id="1", seconds=60)
    assert leases.held(SHARED) == 1


def test_a_refused_call_is_not_put_on_the_lane():
    leases.acquire(RESERVED, request_id="1", seconds=60)
    with pytest.raises(ReservedConcurrencyExceeded):
        leases.acquire_and_push(RESERVED, request_id="2", seconds=60, lane="lane", message=b"x")
    assert redis.connection().llen("lane") == 0


def test_a_call_sent_again_after_a_broken_connection_is_on_the_lane_once():
    for _ in range(2):
        leases.acquire_and_push(RESERVED, request_id="1", seconds=60, lane="lane", message=b"x")
    assert redis.connection().llen("lane") == 1


def test_what_is_reserved_for_one_is_not_taken_by_others():
    unreserved = Allowance.of(account_id="a", function_id="g", reserved=None, unreserved_limit=0)
    with pytest.raises(AccountConcurrencyExceeded) as refused:
        leases.acquire_and_push(unreserved, request_id="1", seconds=60, lane="lane", message=b"x")
    assert refused.value.members["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert leases.acquire(RESERVED, request_id="2", seconds=60)


def test_many_are_taken_up_to_the_limit_in_order():
    assert leases.acquire_many(SHARED, request_ids=["1", "2", "3"], seconds=60) == 2
    assert leases.acquire_many(SHARED, request_ids=["4"], seconds=60) == 0
