"""StartLiveTail: log events as they arrive, in a stream that lasts as long as somebody listens."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

from aws.operation import Caller, Params, operation
from aws.services.logs import shapes
from aws.threads import pool
from core import clock, ids
from logs import errors, tailing
from logs.tailing import Tail

SESSION_S = 3 * 3600.0
EVERY_S = 1.0
SESSIONS_PER_ACCOUNT = 15

_sessions: Counter[str] = Counter()


@operation("logs", "StartLiveTail")
async def start_live_tail(caller: Caller, request: Params) -> Params:
    if _sessions[caller.account.pk] >= SESSIONS_PER_ACCOUNT:
        raise errors.TooManyLiveTails(limit=SESSIONS_PER_ACCOUNT)
    tail = await pool.run(
        tailing.open_tail,
        account=caller.account,
        groups=request["logGroupIdentifiers"],
        streams=request.get("logStreamNames", []),
        prefixes=request.get("logStreamNamePrefixes", []),
        pattern=request.get("logEventFilterPattern", ""),
    )
    return {"responseStream": _session(caller, request, tail)}


async def _session(caller: Caller, request: Params, tail: Tail) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """Between two looks nothing is held: neither a thread nor a connection to the database."""
    account = caller.account.pk
    _sessions[account] += 1
    try:
        yield "sessionStart", _start(caller, request)
        until = clock.monotonic() + SESSION_S
        while clock.monotonic() < until:
            await asyncio.sleep(EVERY_S)
            look = await pool.run(tail.look)
            yield (
                "sessionUpdate",
                {
                    "sessionMetadata": {"sampled": look.sampled},
                    "sessionResults": [shapes.tailed_event(event) for event in look.events],
                },
            )
        raise errors.LiveTailTimeout
    finally:
        _sessions[account] -= 1


def _start(caller: Caller, request: Params) -> dict[str, Any]:
    return {
        "requestId": caller.request_id,
        "sessionId": ids.request_id(),
        "logGroupIdentifiers": request["logGroupIdentifiers"],
        "logStreamNames": request.get("logStreamNames", []),
        "logStreamNamePrefixes": request.get("logStreamNamePrefixes", []),
        "logEventFilterPattern": request.get("logEventFilterPattern", ""),
    }
