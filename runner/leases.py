"""Concurrency: the right to run one invocation now.

A lease is a member of a sorted set in Redis whose score is the moment it expires, so a worker that dies leaks none
for longer than its invocations could have lasted. A function with reserved concurrency has a set of its own; all
other functions of an account share one, whose size is what the account has left unreserved.
"""

from dataclasses import dataclass

from core import clock, redis
from core.resp import Argument
from runner.errors import AccountConcurrencyExceeded, MessengerUnavailable, ReservedConcurrencyExceeded

# KEYS: the set of leases [, the list to push to] · ARGV: now, limit, expiry, request id [, message]
# Asked again by the same request, because its connection broke, it pushes nothing twice.
ACQUIRE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZSCORE', KEYS[1], ARGV[4]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], 3600)
if KEYS[2] then redis.call('RPUSH', KEYS[2], ARGV[5]) end
return 1
"""


_MOST_OWED = 10_000
_owed: dict[tuple[str, str], None] = {}  # leases that this process could not give back, the oldest first


@dataclass(frozen=True, slots=True)
class Allowance:
    """Which set of leases an invocation counts in, and how many that set may hold."""

    key: str
    limit: int
    reserved: bool

    @classmethod
    def of(cls, *, account_id: str, function_id: str, reserved: int | None, unreserved_limit: int) -> "Allowance":
        """``reserved`` is the function's own reservation, ``unreserved_limit`` what all others of the account share."""
        if reserved is not None:
            return cls(f"lease:{account_id}:{function_id}", reserved, True)
        return cls(f"lease:{account_id}", unreserved_limit, False)

    def refusal(self) -> ReservedConcurrencyExceeded | AccountConcurrencyExceeded:
        """The error AWS gives when the set is full."""
        return ReservedConcurrencyExceeded() if self.reserved else AccountConcurrencyExceeded()


def acquire(allowance: Allowance, *, request_id: str, seconds: float) -> bool:
    """Take a lease for at most ``seconds``; False when as many run as may."""
    return _acquire(allowance, request_id, seconds, [], [])


def acquire_and_push(allowance: Allowance, *, request_id: str, seconds: float, lane: str, message: bytes) -> None:
    """Take a lease and put ``message`` on the list ``lane``, both or neither, in one round trip.

    Raises ``ReservedConcurrencyExceeded`` or ``AccountConcurrencyExceeded`` when as many run as may.
    """
    if not _acquire(allowance, request_id, seconds, [lane], [message]):
        raise allowance.refusal()


def acquisition(allowance: Allowance, *, request_id: str, seconds: float) -> tuple[list[str], list[Argument]]:
    """The keys and arguments with which ``ACQUIRE`` takes a lease; it answers whether it did."""
    now = clock.now().timestamp()
    return [allowance.key], [now, allowance.limit, now + seconds, request_id]


def _acquire(allowance: Allowance, request_id: str, seconds: float, lane: list[str], message: list[bytes]) -> bool:
    keys, args = acquisition(allowance, request_id=request_id, seconds=seconds)
    try:
        got = redis.run_script(ACQUIRE, keys=[*keys, *lane], args=[*args, *message])
    except redis.Unavailable as error:
        raise MessengerUnavailable from error
    return bool(got)


def restore(key: str, request_id: str, *, seconds: float) -> None:
    """Hold a lease that was taken before, also where Redis has lost it. Raises ``redis.Unavailable``."""
    connection = redis.connection()
    connection.zadd(key, {request_id: clock.now().timestamp() + seconds})
    connection.expire(key, 3600)


def release_lost(*, account_id: str, function_id: str, request_id: str) -> None:
    """Give back whatever lease a lost execution held."""
    for key in (f"lease:{account_id}:{function_id}", f"lease:{account_id}"):
        release(key, request_id)


def release(key: str, request_id: str) -> None:
    """Give a lease back; one that has expired or was lost with Redis is gone already.

    While Redis is away it is kept in mind, until ``settle``; with this process it is forgotten, and expires.
    """
    try:
        redis.connection().zrem(key, request_id)
    except redis.Unavailable:
        owe(key, request_id)


def owe(key: str, request_id: str) -> None:
    """Redis did not hear that this lease was given back: ``settle`` tells it."""
    if len(_owed) < _MOST_OWED:
        _owed[key, request_id] = None


def settle() -> None:
    """Give back what Redis did not hear of. Raises ``redis.Unavailable``."""
    while _owed:
        key, request_id = next(iter(_owed))
        redis.connection().zrem(key, request_id)
        _owed.pop((key, request_id), None)


def pass_on(key: str, *, ended: str, begins: str, seconds: float) -> None:
    """The lease of a request that has ended is another one's from now on. Raises ``redis.Unavailable``."""
    restore(key, begins, seconds=seconds)
    redis.connection().zrem(key, ended)


def held(allowance: Allowance) -> int:
    """How many leases are live."""
    try:
        return int(redis.connection().zcount(allowance.key, clock.now().timestamp(), "+inf"))
    except redis.Unavailable as error:
        raise MessengerUnavailable from error


# KEYS: the set of leases · ARGV: now, limit, expiry, request ids …
_ACQUIRE_MANY = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local room = tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1])
local got = 0
for i = 4, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    got = got + 1
  elseif room > 0 then
    redis.call('ZADD', KEYS[1], ARGV[3], ARGV[i])
    got, room = got + 1, room - 1
  else
    break
  end
end
redis.call('EXPIRE', KEYS[1], 3600)
return got
"""


def acquire_many(allowance: Allowance, *, request_ids: list[str], seconds: float) -> int:
    """Take leases for as many of ``request_ids`` as fit, the first ones first; returns how many.

    One that a request holds already, from an execution that was lost, counts as taken.
    """
    now = clock.now().timestamp()
    try:
        got = redis.run_script(
            _ACQUIRE_MANY, keys=[allowance.key], args=[now, allowance.limit, now + seconds, *request_ids]
        )
    except redis.Unavailable as error:
        raise MessengerUnavailable from error
    return int(got)
