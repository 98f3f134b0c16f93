"""What SQS's operations are asked: the caller's queue, and the rules that are not about one operation."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws.model import OperationModel
from aws.operation import Caller, Params
from aws.threads import pool
from aws.validation import check_by
from core import limits
from queues import names, selectors
from queues.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    MissingParameter,
    TooManyEntriesInBatchRequest,
)
from queues.models import Queue

_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


def _check(operation: OperationModel, params: Params) -> None:
    """SQS's model has no limits, and names what is missing in words of its own."""
    shape = operation.input
    for name in shape.members if shape else ():
        if name in shape.required and params.get(name) in (None, ""):  # type: ignore[union-attr]
            raise MissingParameter(name=name)


check_by("sqs", _check)


def name_of(request: Params) -> str:
    """The name of the queue that a request is about."""
    return names.of_url(request["QueueUrl"])


def queue_of(caller: Caller, request: Params) -> Queue:
    """The queue that a request is about, for a thread. Raises ``QueueDoesNotExist``, ``InvalidAddress``."""
    return selectors.known_queue(account=caller.account, name=name_of(request))


async def queue(caller: Caller, request: Params) -> Queue:
    """The same for the event loop; a thread is needed only for what is not known yet."""
    name = name_of(request)
    if known := selectors.remembered_queue(account=caller.account, name=name):
        return known
    return await pool.run(selectors.known_queue, account=caller.account, name=name)


def entries(request: Params, kind: str) -> Sequence[Mapping[str, Any]]:
    """The entries of a batch of ``kind``, between one and ten, each with an id of its own. Raises AWS's errors for other batches."""
    found: Sequence[Mapping[str, Any]] = request["Entries"]
    if not found:
        raise EmptyBatchRequest(entry=f"{kind}BatchRequestEntry")
    if len(found) > limits.MESSAGES_PER_BATCH:
        raise TooManyEntriesInBatchRequest(limit=limits.MESSAGES_PER_BATCH, count=len(found))
    seen: set[str] = set()
    for entry in found:
        own = entry.get("Id") or ""
        if not _ENTRY_ID.fullmatch(own):
            raise InvalidBatchEntryId
        if own in seen:
            raise BatchEntryIdsNotDistinct(id=own)
        seen.add(own)
    return found


def required(entry: Mapping[str, Any], *members: str) -> None:
    """Raise ``MissingParameter`` for an entry without one of its members."""
    for member in members:
        if entry.get(member) in (None, ""):
            raise MissingParameter(name=member)
