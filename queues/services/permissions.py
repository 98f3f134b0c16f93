"""AddPermission and RemovePermission: a queue's policy, statement by statement.

Source: SQS API reference, AddPermission.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import Account
from accounts.policies import letting_in, listed
from accounts.services import bump_stamp
from core import arns, clock
from queues.access import SEND, may_send
from queues.errors import InvalidParameter, MissingParameter, OverLimit
from queues.models import Queue
from queues.services.managing import lock_queue

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ACTIONS_AT_MOST = 7
ACTIONS = (
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
)


@transaction.atomic
def add_permission(
    *, account: Account, name: str, label: str, principals: Sequence[str], actions: Sequence[str]
) -> None:
    """Let accounts do something with a queue. Raises ``InvalidParameter``, ``MissingParameter``, ``OverLimit``."""
    queue = lock_queue(account=account, name=name)
    _check(label, principals, actions)
    policy = _policy(queue)
    if any(statement.get("Sid") == label for statement in policy["Statement"]):
        raise InvalidParameter(name="Label", value=label, reason="Already exists.")
    policy["Statement"].append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_many([arns.iam(one, "root") for one in principals])},
            "Action": _one_or_many([f"SQS:{action}" for action in actions]),
            "Resource": queue.arn,
        }
    )
    _keep(queue, policy)


@transaction.atomic
def remove_permission(*, account: Account, name: str, label: str) -> None:
    """Take a statement out of a queue's policy. Raises ``InvalidParameter``."""
    queue = lock_queue(account=account, name=name)
    policy = _policy(queue)
    left = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
    if len(left) == len(policy["Statement"]):
        raise InvalidParameter(name="Label", value=label[:256], reason="can't find label.")
    _keep(queue, {**policy, "Statement": left})


@transaction.atomic
def let_in(*, account: Account, name: str, service: str, source_arn: str) -> None:
    """Let an AWS service (``sns.amazonaws.com``) send messages for ``source_arn``: a statement more in the policy.

    What the policy lets in already is not said again. Raises ``QueueDoesNotExist``.
    """
    queue = lock_queue(account=account, name=name)
    if may_send(queue=queue, service=service, source_arn=source_arn, source_account=account.id).allowed:
        return
    policy = _policy(queue)
    policy["Statement"].append(letting_in(service=service, action=SEND, resource=queue.arn, source_arn=source_arn))
    _keep(queue, policy)


def _check(label: str, principals: Sequence[str], actions: Sequence[str]) -> None:
    if not _LABEL.fullmatch(label):
        reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        raise InvalidParameter(name="Label", value=label[:256], reason=reason)
    if not actions:
        raise MissingParameter(name="Actions")
    if not principals:
        raise MissingParameter(name="AWSAccountIds")
    if len(actions) > _ACTIONS_AT_MOST:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {_ACTIONS_AT_MOST}.")
    for action in actions:
        if action not in ACTIONS:
            reason = "Only the queue owner is allowed to invoke this action."
            raise InvalidParameter(name="ActionName", value=f"SQS:{action[:256]}", reason=reason)
    for principal in principals:
        if not _ACCOUNT.fullmatch(principal):
            raise InvalidParameter(name="PrincipalId", value=principal[:256], reason="Unable to verify.")


def _policy(queue: Queue) -> dict[str, Any]:
    if queue.policy:
        return listed(json.loads(queue.policy))
    return {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}


def _keep(queue: Queue, policy: dict[str, Any]) -> None:
    queue.policy = json.dumps(policy, separators=(",", ":"), ensure_ascii=False) if policy["Statement"] else ""
    queue.modified_at = clock.now()
    queue.save(update_fields=["policy", "modified_at"])
    bump_stamp(account_id=queue.account_id)


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
