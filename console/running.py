"""Tests that run right now: started by one request, watched by others, in this process or another one.

The process that starts a test holds its answer; everybody else finds in Redis, for as long as it may run, whose test
it is and whether it was refused. Its lines and its end are the runner's own (``runner.services.watch``).
"""

import asyncio
import json
import logging
from dataclasses import asdict, dataclass

from accounts.models import Account
from core import redis
from core.errors import ServiceError, ServiceFailure
from runner import services
from runner.answers import Answer

log = logging.getLogger(__name__)

REMEMBERED_S = 60.0
ROW_WITHIN_S = 5.0  # the worker writes an invocation's row a moment after its answer
_KNOWN_S = 1_200  # longer than a function may run and wait for its turn


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a test never ran, for whoever looks on from another process."""

    title: str
    text: str
    hint: str
    code: str

    @classmethod
    def by(cls, error: BaseException) -> "Refusal":
        """What ``error`` says to a person; a mistake of ours says only that it is one."""
        said = error if isinstance(error, ServiceError) else ServiceFailure()
        return cls(str(said.title), said.text, str(said.hint), said.code)


@dataclass(slots=True)
class Running:
    """One test; ``task`` ends with its answer or raises a ``ServiceError``, and is None where another process has it."""

    account_id: str
    name: str
    code_sha256: str
    payload: bytes = b""
    task: "asyncio.Task[Answer] | None" = None


_running: dict[str, Running] = {}


def announce(*, account: Account, name: str, code_sha256: str, request_id: str) -> None:
    """Tell the other processes of a test that is about to start; for a thread. Without Redis nothing could run."""
    _tell(request_id, {"account": account.pk, "name": name, "code": code_sha256})


def start(
    *, account: Account, name: str, payload: bytes, code_sha256: str, request_id: str, qualifier: str = ""
) -> Running:
    """Invoke in the background of this event loop; whoever is quick enough may look on."""
    task = asyncio.get_running_loop().create_task(
        services.invoke(
            account=account,
            reference=name,
            qualifier=qualifier,
            payload=payload,
            source="console",
            watch=True,
            request_id=request_id,
        )
    )
    running = _running[request_id] = Running(account.pk, name, code_sha256, payload, task)
    task.add_done_callback(lambda done: _over(request_id, running, done))
    return running


def how_many() -> int:
    """How many tests that this process has started are not over."""
    return sum(one.task is not None and not one.task.done() for one in _running.values())


def find(request_id: str, *, account: Account) -> Running | None:
    """A test of this account that was started not long ago; for a thread."""
    if running := _running.get(request_id):
        return running if running.account_id == account.pk else None
    told = _told(request_id)
    if told.get("account") != account.pk:
        return None
    return Running(account.pk, str(told["name"]), str(told["code"]))


def refusal(request_id: str) -> Refusal | None:
    """Why a test of another process never ran, or None; for a thread."""
    told = _told(request_id).get("refused")
    return Refusal(**told) if isinstance(told, dict) else None


def _over(request_id: str, running: Running, done: "asyncio.Task[Answer]") -> None:
    loop = done.get_loop()
    loop.call_later(REMEMBERED_S, _running.pop, request_id, None)
    if done.cancelled():
        return
    error = done.exception()  # seen: whoever looks on is told, and otherwise nobody is there to be told
    if error is not None:
        told: dict[str, object] = {
            "account": running.account_id,
            "name": running.name,
            "code": running.code_sha256,
            "refused": asdict(Refusal.by(error)),
        }
        loop.run_in_executor(None, _tell, request_id, told)


def _tell(request_id: str, told: dict[str, object]) -> None:
    try:
        redis.connection().set(f"test:{request_id}", json.dumps(told), ex=_KNOWN_S)
    except redis.Unavailable as error:
        log.warning("Only this process knows of the test %s: %s", request_id, error)


def _told(request_id: str) -> dict[str, object]:
    try:
        found = redis.connection().get(f"test:{request_id}")
    except redis.Unavailable as error:
        log.warning("No test of another process can be found: %s", error)
        return {}
    told: dict[str, object] = json.loads(found) if isinstance(found, bytes) else {}
    return told
