"""Tests that run right now in this process: started by one request, watched by another."""

import asyncio
from dataclasses import dataclass

from accounts.models import Account
from runner import services
from runner.answers import Answer

REMEMBERED_S = 60.0


@dataclass(slots=True)
class Running:
    """One test; ``task`` ends with its answer or raises a ``ServiceError``."""

    account_id: str
    name: str
    payload: bytes
    task: "asyncio.Task[Answer]"


_running: dict[str, Running] = {}


def start(*, account: Account, name: str, payload: bytes, request_id: str) -> Running:
    """Invoke in the background of this event loop; whoever is quick enough may look on."""
    task = asyncio.get_running_loop().create_task(
        services.invoke(
            account=account, reference=name, payload=payload, source="console", watch=True, request_id=request_id
        )
    )
    running = _running[request_id] = Running(account.pk, name, payload, task)
    task.add_done_callback(lambda done: _forget_later(request_id, done))
    return running


def find(request_id: str, *, account: Account) -> Running | None:
    """The test if it was started here, by this account, and not long ago."""
    running = _running.get(request_id)
    return running if running and running.account_id == account.pk else None


def _forget_later(request_id: str, done: "asyncio.Task[Answer]") -> None:
    if not done.cancelled():
        done.exception()  # seen: whoever looks on is told, and otherwise nobody is there to be told
    done.get_loop().call_later(REMEMBERED_S, _running.pop, request_id, None)
