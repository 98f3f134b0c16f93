"""Things that accounts have, made through the product's own services."""

import json
import uuid

from accounts import iam
from accounts.models import AccessKey, Account, Role, User
from accounts.services import create_access_key, create_user
from core import clock
from logs.services import FunctionLogBatch, write_function_events

LAMBDA_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def make_user(account: Account, username: str = "") -> User:
    """A person of ``account``, named like it unless said otherwise; the same one when asked again."""
    name = username or account.slug
    return User.objects.filter(account=account, username=name).first() or create_user(account=account, username=name)


def make_key(account: Account, username: str = "") -> AccessKey:
    """A new access key of the person."""
    return create_access_key(account=account, user=make_user(account, username))


def make_role(account: Account, name: str = "worker", **more: object) -> Role:
    """A role that functions can take."""
    return iam.create_role(account=account, name=name, assume_role_policy=LAMBDA_TRUST, **more)  # type: ignore[arg-type]


def log_batch(
    account: Account,
    *messages: str,
    group: str = "/aws/lambda/hello",
    stream: str = "2026/11/23/[$LATEST]aa",
    at: int | None = None,
) -> FunctionLogBatch:
    """What one invocation printed, a line a millisecond from ``at`` (now) on."""
    start = clock.epoch_ms() if at is None else at
    events = tuple((start + n, message, "f") for n, message in enumerate(messages))
    return FunctionLogBatch(account.id, "us-east-1", group, stream, str(uuid.uuid4()), events)


def write_log(account: Account, *messages: str, **where: str) -> None:
    """Store what one invocation printed."""
    write_function_events([log_batch(account, *messages, **where)])  # type: ignore[arg-type]
